#!/usr/bin/env bash
# Guess: `(unsigned)(v & ~3)` with an unsigned long long v of 15003 is 15000.
# Seen: SDCC 4.2.0 says 0. It holds the ~3 as a double, where 2 to the 64 minus 4 becomes 2 to the 64, and only then cuts it to 16 bits.
#   `v + -1` is v in the same way. A long long without the unsigned is right. There is no warning. 4.5.0 does the same.
# Why it matters: aligning the low half of a 64-bit time or address is written so.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned long long v = 15003;
long long w = 15003;
void main(void) { put((unsigned)(v & ~3)); put((unsigned)(v + -1)); put((unsigned)(w & ~3)); done(); }
C
expect "v & ~3, v + -1, and the same mask with a long long" "$(on_stm8 main.c)" "00000000 00003a9b 00003a98"
