#!/usr/bin/env bash
# Guess: linking objects without code or data makes an empty ELF, or fails.
# Seen: SDCC 4.2.0 for STM8 exits with 0, prints nothing and writes no ELF, and no HEX file either.
# Why it matters: a build script that trusts the exit code goes on with a missing file, or with yesterday's.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf '/* nothing */\n' >empty.c
sdcc -mstm8 --out-fmt-elf -c empty.c 2>/dev/null
code=0
sdcc -mstm8 --out-fmt-elf empty.rel -o out.elf >log 2>&1 || code=$?
expect "exit code, and lines printed" "$code $(grep -vc 'found more than once\|^ *Library:' log)" "0 0"
expect "is there an ELF" "$([ -e out.elf ] && echo yes || echo no)" no
sdcc -mstm8 empty.rel -o out.ihx >log 2>&1
expect "is there a HEX file" "$([ -e out.ihx ] && echo yes || echo no)" no
