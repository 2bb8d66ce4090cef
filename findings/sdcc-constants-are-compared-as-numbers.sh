#!/usr/bin/env bash
# Guess: `14u < -8` is true, as -8 becomes 65528 (C11 6.3.1.8). `0x8000 > -1` is false, as 0x8000 is unsigned with an int of 16 bits.
# Seen: SDCC 4.2.0 compares two constants as plain numbers: both come out the other way round. With a variable instead of 14u it is right.
#   `switch (65534u) { case -2: }` does not find its case either. A cast of the negative constant to unsigned is right.
# Why it matters: a macro with a limit of -1 for "none", and hexadecimal constants from 0x8000 on.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define NONE -1
unsigned n = 14;
unsigned char constants(void) { return 14u < -8; }
unsigned char top(void) { return 0x8000 > NONE; }
unsigned char variable(void) { return n < -8; }
unsigned char with_cast(void) { return 14u < (unsigned)-8; }
unsigned char found(void) { switch (65534u) { case -2: return 1; default: return 0; } }
void main(void) { put(constants()); put(top()); put(variable()); put(with_cast()); put(found()); done(); }
C
expect "14u < -8, 0x8000 > -1, a variable, a cast, a switch" "$(on_stm8 main.c 2>errors)" "00000000 00000001 00000001 00000001 00000000"
