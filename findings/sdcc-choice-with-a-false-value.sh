#!/usr/bin/env bash
# Guess: `c ? (v && 0) : 7` with c of 1 is 0.
# Seen: SDCC 4.2.0 returns 7 for every c. `c ? 0 : 7` is right. Its warnings are 110, "conditional flow changed by optimizer", and 126,
#   "unreachable code".
# Why it matters: the 0 is a macro that turns a feature off.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define FEATURE 0
int f(int c, int v) { return c ? (v && FEATURE) : 7; }
int g(int c, int v) { return c ? FEATURE : 7; }
void main(void) { put(f(1, 1)); put(f(0, 1)); put(g(1, 1)); done(); }
C
expect "f(1, 1), f(0, 1), and without the &&" "$(on_stm8 main.c 2>errors)" "00000007 00000007 00000000"
