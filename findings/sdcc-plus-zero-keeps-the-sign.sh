#!/usr/bin/env bash
# Guess: `v + 0u` is unsigned where v is an int: -2 + 0u is 65534, and so `v + 0u > 5` is true for -2.
# Seen: SDCC 4.2.0 leaves the sum out, and its type with it. `v - 0u` and `v * 1u` are right.
# Why it matters: macros add an offset that is 0 on one board.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define OFFSET 0u
int v = -2;
unsigned long sum(void) { return v + OFFSET; }
unsigned char above(void) { return v + OFFSET > 5; }
unsigned long difference(void) { return v - OFFSET; }
void main(void) { put(sum()); put(above()); put(difference()); done(); }
C
expect "v + 0u, v + 0u > 5, v - 0u" "$(on_stm8 main.c)" "fffffffe 00000000 0000fffe"
