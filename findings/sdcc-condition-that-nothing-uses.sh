#!/usr/bin/env bash
# Guess: `s.a && (s.b ? 1 : s.b);` does nothing.
# Seen: SDCC 4.2.0 leaves a load of s.a into X, and X holds the parameter that the function returns. So the function returns s.a. A variable
#   instead of the member is right. SDCC says that the conditional flow was changed. 4.4.0 and 4.5.0 are right.
# Why it matters: a macro for tests or a log that is switched off leaves such conditions behind.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
struct { unsigned char b; unsigned a; } s = {0, 2};
unsigned v = 2;
int member(int n) { s.a && (s.b ? 1 : s.b); return n; }
int variable(int n) { v && (s.b ? 1 : s.b); return n; }
void main(void) { put(member(19)); put(variable(19)); done(); }
C
expect "what comes back of 19 behind a condition with a member, and with a variable" "$(on_stm8 main.c 2>errors)" "00000002 00000013"
