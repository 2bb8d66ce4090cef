#!/usr/bin/env bash
# Guess: `a < 2.5f` with an int a of 2 is true: a becomes a float (C11 6.3.1.8).
# Seen: SDCC 4.2.0 cuts the constant to 2, and 2 < 2 is false. It is the same with `>=`, `==` and `!=`, with a char, and with double. A long, a
#   float variable, and a cast of a to float are right. There is no warning.
# Why it matters: a limit such as `celsius >= 37.5`, and a macro that scales, such as `adc < LIMIT * 1.5f`.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
int a = 2;
long wide = 2;
unsigned char less(void) { return a < 2.5f; }
unsigned char not_less(void) { return a >= 2.5f; }
unsigned char different(void) { if (a != 2.5f) return 1; return 0; }
unsigned char of_a_long(void) { return wide < 2.5f; }
unsigned char with_cast(void) { return (float)a < 2.5f; }
void main(void) { put(less()); put(not_less()); put(different()); put(of_a_long()); put(with_cast()); done(); }
C
expect "2 < 2.5, 2 >= 2.5, 2 != 2.5, a long < 2.5, (float)2 < 2.5" "$(on_stm8 main.c)" "00000000 00000001 00000000 00000001 00000001"
