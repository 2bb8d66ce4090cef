#!/usr/bin/env bash
# Guess: `if (a * b)` with unsigned chars a of 2 and b of 128 is true: the product is 256, an int (C11 6.3.1.1).
# Seen: SDCC 4.2.0 cuts the product to 8 bits, and 0 is false. It is the same in `!`, `&&`, `?:` and where a _Bool gets the product.
#   `a * b != 0` is right. There is no warning.
# Why it matters: an area or a duty of 16 x 16 or 64 x 4 counts as empty.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned char a = 2, b = 128;
_Bool flag;
unsigned char condition(void) { if (a * b) return 1; return 0; }
unsigned char not(void) { return !(a * b); }
unsigned char compared(void) { return a * b != 0; }
void main(void) { flag = a * b; put(condition()); put(not()); put(flag); put(compared()); done(); }
C
expect "if (2 * 128), !(2 * 128), a _Bool of it, 2 * 128 != 0" "$(on_stm8 main.c)" "00000000 00000001 00000000 00000001"
