#!/usr/bin/env bash
# Guess: DWARF gives `volatile unsigned a` and `volatile int b` different base types, and `volatile uint64_t c` one of eight bytes.
# Seen: SDCC 4.2.0 gives all volatile variables of one kind the type of the first one in the file. Here a, b and c are a 2-byte
#   "unsigned int"; h is a signed "long" and j a "signed char". Without volatile the types are right.
# Why it matters: most variables that an interrupt shares are volatile. A debugger shows -1 as 65535, and two bytes of eight.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages pyelftools==0.33
cat >types_of.py <<'P'
import sys
from elftools.elf.elffile import ELFFile

with open(sys.argv[1], "rb") as stream:
    for unit in ELFFile(stream).get_dwarf_info().iter_CUs():
        for entry in unit.iter_DIEs():
            if entry.tag == "DW_TAG_variable":
                name = entry.attributes["DW_AT_name"].value.decode()
                while entry.tag != "DW_TAG_base_type":
                    entry = entry.get_DIE_from_attribute("DW_AT_type")
                found = entry.attributes
                print(f"{name} {found['DW_AT_name'].value.decode()} {found['DW_AT_byte_size'].value}", end="; ")
P
cat >main.c <<'C'
#include <stdint.h>
volatile unsigned a; volatile int b; volatile uint64_t c; volatile int32_t g; volatile uint32_t h; volatile int8_t i; volatile uint8_t j;
void main(void) { for (;;); }
C
types() { sdcc -mstm8 --debug --out-fmt-elf main.c -o main.elf && "$python" types_of.py main.elf; }
expect "volatile variables: name, type, size" "$(types)" \
    "a unsigned int 2; b unsigned int 2; c unsigned int 2; g long 4; h long 4; i signed char 1; j signed char 1; "
sed -i 's/^volatile unsigned a; volatile int b;/volatile int b; volatile unsigned a;/' main.c
expect "the same, with b before a" "$(types)" "b int 2; a int 2; c int 2; g long 4; h long 4; i signed char 1; j signed char 1; "
sed -i 's/volatile //g' main.c
expect "without volatile" "$(types)" \
    "b int 2; a unsigned int 2; c unsigned long long 8; g long 4; h unsigned long 4; i signed char 1; j unsigned char 1; "
