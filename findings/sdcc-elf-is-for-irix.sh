#!/usr/bin/env bash
# Guess: SDCC's ELF file names no operating system, its code is executable (X), and its variables are writable (W).
# Seen: SDCC 4.2.0 with readelf of binutils 2.40 and lief 1.0.0: the header's OS/ABI is 8, "UNIX - IRIX". No section and no segment is
#   executable or writable, variables included.
# Why it matters: a script that asks for the executable sections, or for the segments that can be written, finds none, so it flashes
#   nothing or takes the RAM for flash. `file` says that the firmware is for IRIX.
. "$(dirname "$0")/prepare"
python_packages lief==1.0.0
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
printf 'volatile int count = 5;\nvoid main(void) { for (;;) count++; }\n' >main.c
sdcc -mstm8 --out-fmt-elf main.c -o main.elf
expect "OS/ABI" "$(readelf -h main.elf | sed -n 's/^ *OS\/ABI: *//p')" "UNIX - IRIX"
expect "flags of segments" "$(readelf -lW main.elf | awk '$1 == "LOAD" {print $7}' | sort -u | tr '\n' ' ')" "R "
expect "flags of sections with memory" "$("$python" - <<'P'
import lief

program = lief.parse("main.elf")
flags = lief.ELF.Section.FLAGS
for flag in flags.ALLOC, flags.EXECINSTR, flags.WRITE:
    print(flag.name, len([section for section in program.sections if section.has(flag)]) > 0, end=" ")
P
)" "ALLOC True EXECINSTR False WRITE False "
