#!/usr/bin/env bash
# Guess: `c ? v : -1` with an unsigned char v of 200 is 200: both values become int (C11 6.5.15).
# Seen: SDCC 4.2.0 makes the choice in 8 bits and takes the result as a signed char: -56. `c ? (int)v : -1` is right, and so is SDCC 4.5.0.
#   There is no warning.
# Why it matters: "the next byte, or -1" is how a read function is written.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned char ready = 1, byte = 200;
int next(void) { return ready ? byte : -1; }
int with_cast(void) { return ready ? (int)byte : -1; }
void main(void) { put(next()); put(with_cast()); ready = 0; put(next()); done(); }
C
expect "1 ? 200 : -1, with a cast, and 0 ? 200 : -1" "$(on_stm8 main.c)" "ffffffc8 000000c8 ffffffff"
