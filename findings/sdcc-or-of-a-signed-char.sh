#!/usr/bin/env bash
# Guess: `v | 0x80` with a signed char v of 3 is 131, an int; `w ^ -2` with an unsigned char w of 11 is -11.
# Seen: SDCC 4.2.0 works in 8 bits and then widens by the type of the char: -125 and 245. `(int)v | 0x80` and `v & 0xF0` are right.
#   There is no warning.
# Why it matters: a char with a flag in its top bit is compared with 0x83, or used as an index.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
signed char v = 3;
unsigned char w = 11;
int with_flag(void) { return v | 0x80; }
int with_mask(void) { return w ^ -2; }
int with_cast(void) { return (int)v | 0x80; }
void main(void) { put(with_flag()); put(with_mask()); put(with_cast()); done(); }
C
expect "3 | 0x80, 11 ^ -2, and (int)3 | 0x80" "$(on_stm8 main.c)" "ffffff83 000000f5 00000083"
