#!/usr/bin/env bash
# Guess: with an unsigned char of 200, `page > 2 - 1` is the same as `page > 1`: true.
# Seen: SDCC 4.2.0 works out 2 - 1, and gives the 1 the type _Bool. Then it compares both as signed chars, and 200 is -56.
#   `page > 1` and `page > 3 - 1` are right. There is no warning.
# Why it matters: `page > PAGES - 1` with two pages lets every value above 127 pass.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define PAGES 2
unsigned char page = 200;
unsigned char worked_out(void) { return page > PAGES - 1; }
unsigned char written(void) { return page > 1; }
unsigned char of_three(void) { return page > 3 - 1; }
void main(void) { put(worked_out()); put(written()); put(of_three()); done(); }
C
expect "200 > 2 - 1, 200 > 1, 200 > 3 - 1" "$(on_stm8 main.c)" "00000000 00000001 00000001"
