#!/usr/bin/env bash
# Guess: DWARF has the names of an enum's values, and typedefs, as GCC writes them. A debugger prints GREEN for a variable that holds 5.
# Seen: SDCC 4.2.0 writes neither, with pyelftools 0.33 as the reader. `enum color` is an "unsigned char", uint16_t is "unsigned int". The same
#   variables in the .cdb file are SC:U and SI:U.
# Why it matters: the state of a state machine is a number in each debugger, and `print RUNNING` is an error.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages pyelftools==0.33
cat >main.c <<'C'
#include <stdint.h>
typedef struct { uint16_t x, y; } point_t;
enum color { RED, GREEN = 5 } color;
uint16_t number;
point_t place;
void main(void) { color = GREEN; }
C
sdcc -mstm8 --debug --out-fmt-elf main.c -o main.elf
expect "kinds of entries, and the types of color and number" "$("$python" - <<'P'
from elftools.elf.elffile import ELFFile

with open("main.elf", "rb") as file:
    entries = {die.offset: die for unit in ELFFile(file).get_dwarf_info().iter_CUs() for die in unit.iter_DIEs()}
    tags = {die.tag for die in entries.values()}
    print(sorted(tag for tag in tags if tag in ("DW_TAG_enumeration_type", "DW_TAG_enumerator", "DW_TAG_typedef")))
    for die in entries.values():
        name = die.attributes.get("DW_AT_name")
        if name and name.value in (b"color", b"number"):
            kind = entries[die.attributes["DW_AT_type"].value + die.cu.cu_offset]
            print(name.value.decode(), kind.tag, kind.attributes["DW_AT_name"].value.decode())
P
)" "[]
color DW_TAG_base_type unsigned char
number DW_TAG_base_type unsigned int"
