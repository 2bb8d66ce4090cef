#!/usr/bin/env bash
# Guess: `b > !z` with an unsigned char b of 200 and z of 0 is 200 > 1, which is true.
# Seen: SDCC 4.2.0 compares both as signed chars where one side is the result of `!` or `||`: 200 is -56, so the answer is 0. `b > (z == 0)`
#   and a comparison with a variable are right. There is no warning.
# Why it matters: a limit such as `level >= (armed || forced)` holds up to 127 and fails above.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned char b = 200, z, y = 1;
unsigned char more(void) { return b > !z; }
unsigned char not_less(void) { return b >= (z || y); }
unsigned char equal(void) { return b > (z == 0); }
void main(void) { put(more()); put(not_less()); put(equal()); b = 100; put(more()); done(); }
C
expect "200 > !0, 200 >= (0 || 1), 200 > (0 == 0), 100 > !0" "$(on_stm8 main.c)" "00000000 00000000 00000001 00000001"
expect "the same with --opt-code-speed" "$(on_stm8 main.c --opt-code-speed)" "00000000 00000000 00000001 00000001"
