#!/usr/bin/env bash
# Guess: `0x100000000LL ? 3 : 1` and `0.5f ? 3 : 1` are 3: neither number is 0.
# Seen: SDCC 4.2.0 looks at the low 32 bits of the integer, and at the integer part of the float: both are 1. `if (0x100000000LL)` is right.
# Why it matters: a limit that a macro gives, with 0 for "no limit".
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define LIMIT 0x100000000LL
#define FACTOR 0.5f
unsigned char choice(void) { return LIMIT ? 3 : 1; }
unsigned char factor(void) { return FACTOR ? 3 : 1; }
unsigned char condition(void) { if (LIMIT) return 3; return 1; }
void main(void) { put(choice()); put(factor()); put(condition()); done(); }
C
expect "LIMIT ? 3 : 1, FACTOR ? 3 : 1, if (LIMIT)" "$(on_stm8 main.c)" "00000001 00000001 00000003"
