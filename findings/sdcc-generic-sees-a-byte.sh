#!/usr/bin/env bash
# Guess: for an unsigned char c, `c | 1`, `c >> 1`, `c - c` and `+c` are ints, and so is `a == b` (C11 6.3.1.1, 6.5.9). sizeof and _Generic agree.
# Seen: SDCC 4.2.0: the sizes are 2, and _Generic takes the entry for an unsigned char. For `!a` it takes the one for a _Bool. `c + c` and `c / 2`
#   are ints for both. SDCC 4.5.0 takes int for all of them.
# Why it matters: a macro print(x), which chooses by _Generic, sends `flags | 1` as a letter and `flags + 1` as a number.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define KIND(x) _Generic((x), _Bool: 0, unsigned char: 1, int: 2, default: 9)
#define SHOW(x) put((uint32_t)sizeof(x) << 16 | KIND(x))
unsigned char c;
int a, b;
void main(void) {
    SHOW(c | 1);
    SHOW(c >> 1);
    SHOW(c - c);
    SHOW(+c);
    SHOW(a == b);
    SHOW(!a);
    SHOW(c + c);
    SHOW(c / 2);
    done();
}
C
expect "size and kind (0 is _Bool, 1 unsigned char, 2 int): c | 1, c >> 1, c - c, +c, a == b, !a, c + c, c / 2" "$(on_stm8 main.c 2>/dev/null)" \
    "00020001 00020001 00020001 00020001 00020001 00020000 00020002 00020002"
