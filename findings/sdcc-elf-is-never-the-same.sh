#!/usr/bin/env bash
# Guess: the same objects linked twice make the same ELF; there is no date in an ELF.
# Seen: SDCC 4.2.0 for STM8 leaves two bytes of e_flags unset: they differ from run to run. The HEX files are equal.
# Why it matters: a hash of firmware.elf in a log or in a build cache is useless.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'void main(void) { for (;;); }\n' >main.c
sdcc -mstm8 --out-fmt-elf -c main.c
for run in 1 2 3 4 5 6 7 8; do
    sdcc -mstm8 --out-fmt-elf main.rel -o $run.elf
    sdcc -mstm8 main.rel -o $run.ihx
done
differing() { for run in 2 3 4 5 6 7 8; do cmp -l 1.elf $run.elf || true; done | awk '{print $1}' | sort -un | tr '\n' ' '; }
expect "offsets that differ, from 1" "$(differing)" "39 40 "
expect "different HEX files" "$(sha256sum ./*.ihx | cut -c1-64 | sort -u | wc -l)" 1
