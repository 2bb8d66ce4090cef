#!/usr/bin/env bash
# Guess: `return c = -v;` with a signed char c and v = 1 returns -1.
# Seen: SDCC 4.2.0 returns 255: it takes the value as unsigned, as v is. `c = -v; return c;` is right.
# Why it matters: `if ((c = -v) < 0)` never holds.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned v = 1;
signed char c;
int at_once(void) { return c = -v; }
int later(void) { c = -v; return c; }
unsigned char negative(void) { return (c = -v) < 0; }
void main(void) { put((unsigned)at_once()); put((unsigned)later()); put(negative()); done(); }
C
expect "return c = -v, c = -v; return c, (c = -v) < 0" "$(on_stm8 main.c)" "000000ff 0000ffff 00000000"
