#!/usr/bin/env bash
# Guess: `(unsigned)(v & ~3)` of an unsigned long long is v with its two lowest bits cleared, and `(unsigned)(v + -1)` is one less.
# Seen: SDCC 4.2.0 makes a double of the constant 2^64 - 4 before it cuts it, so the mask is 0 and the 1 is not taken off. `v & ~3ULL` is as wrong.
# Why it matters: a counter of 64 bits that becomes an address or a number of ticks.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned long long v = 15;
unsigned mask(void) { return (unsigned)(v & ~3); }
unsigned of_64_bits(void) { return (unsigned)(v & ~3ULL); }
unsigned less(void) { return (unsigned)(v + -1); }
unsigned first(void) { return (unsigned)v & ~3; }
void main(void) { put(mask()); put(of_64_bits()); put(less()); put(first()); done(); }
C
expect "v & ~3, v & ~3ULL, v + -1, (unsigned)v & ~3" "$(on_stm8 main.c)" "00000000 00000000 0000000f 0000000c"
