#!/usr/bin/env bash
# Guess: --out-fmt-elf chooses the format that the linker writes. A compilation with `-c --debug` does not need it.
# Seen: SDCC 4.2.0 writes DWARF into an object only if the compilation has --out-fmt-elf, too. Without it the link makes an ELF
#   file without debug information, and no warning. With it, a link to Intel HEX writes a .cdb file without the functions' lines.
# Why it matters: a Makefile that has the option in its link step only gives a debugger nothing.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
printf 'volatile int v;\nvoid main(void) { for (;;) v++; }\n' >main.c
debug_sections() { readelf -SW main.elf | grep -c '\.debug_' || true; }
for compiling in "--debug" "--debug --out-fmt-elf"; do
    sdcc -mstm8 $compiling -c main.c -o main.rel
    sdcc -mstm8 --debug --out-fmt-elf main.rel -o main.elf
    sdcc -mstm8 --debug main.rel -o main.ihx
    echo "$(debug_sections) debug sections, $(grep -c '^L:C\$main.c' main.cdb || true) lines in the .cdb" >>seen
done
expect "compiled with --debug" "$(sed -n 1p seen)" "0 debug sections, 2 lines in the .cdb"
expect "compiled with both" "$(sed -n 2p seen)" "6 debug sections, 0 lines in the .cdb"
