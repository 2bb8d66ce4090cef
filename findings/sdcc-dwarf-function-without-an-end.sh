#!/usr/bin/env bash
# Guess: with --debug, DWARF gives each function a first and a last address.
# Seen: SDCC 4.2.0 for STM8 leaves out DW_AT_high_pc and the frame base of a function that removes its own arguments from the stack,
#   such as `int f(int, int)`. A function with one argument has both. GNU addr2line 2.40 finds the line, but not the name.
# Why it matters: a debugger or profiler that looks for the function around an address finds none, or the wrong one.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
python_packages pyelftools==0.33
cat >main.c <<'C'
volatile int v;
int one(int a) { return a + v; }
int two(int a, int b) { return a + b + v; }
void main(void) { for (;;) v = one(v) + two(v, v); }
C
sdcc -mstm8 --debug --out-fmt-elf main.c -o main.elf
expect "function, has an end, has a frame base" "$("$python" - <<'P'
from elftools.elf.elffile import ELFFile

with open("main.elf", "rb") as stream:
    for unit in ELFFile(stream).get_dwarf_info().iter_CUs():
        for entry in unit.iter_DIEs():
            if entry.tag == "DW_TAG_subprogram":
                found = entry.attributes
                print(found["DW_AT_name"].value.decode(), "DW_AT_high_pc" in found, "DW_AT_frame_base" in found, end="; ")
P
)" "one True True; two False False; main True True; "
where() { addr2line -f -s -e main.elf "$(nm main.elf | awk -v name="$1" '$3 == name {print $1}')" | tr '\n' ' '; }
expect "addr2line of one" "$(where _one)" "one main.c:2 "
expect "addr2line of two" "$(where _two)" "?? main.c:3 "
