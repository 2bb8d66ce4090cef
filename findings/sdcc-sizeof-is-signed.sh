#!/usr/bin/env bash
# Guess: the type of sizeof is size_t (C11 6.5.3.4). `i < sizeof(table)` is false for an int i of -1, which becomes 65535. sizeof(sizeof(int)) is 2.
# Seen: SDCC 4.2.0 takes a size up to 255 for an unsigned char, and a larger one for an int. Each comparison then has a sign: -1 < sizeof(table)
#   is true. `n - sizeof(table) > 0` is false for an n of 1, where C has a large number. sizeof(sizeof(int)) is 1. With (size_t)sizeof(table), and
#   with 300u, it is as in C. SDCC 4.5.0 does the same.
# Why it matters: the same function passes its tests on the chip, and fails on a PC, or the other way round.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stddef.h>
volatile int minus = -1, n = 1;
char small[20], large[300];
void main(void) {
    put(minus < sizeof(small));
    put(minus < sizeof(large));
    put(n - sizeof(large) > 0);
    put(minus < 300u);
    put(minus < (size_t)sizeof(large));
    put(sizeof(sizeof(small)));
    put(sizeof(sizeof(large)));
    put(_Generic(sizeof(large), int: 1, size_t: 2, default: 3));
    done();
}
C
seen=$(on_stm8 main.c)
expect "-1 < a size of 20, of 300; 1 - sizeof(large) > 0" "$(echo "$seen" | cut -d' ' -f 1-3)" "00000001 00000001 00000000"
expect "-1 < 300u; -1 < a size that is cast to size_t" "$(echo "$seen" | cut -d' ' -f 4-5)" "00000000 00000000"
expect "sizeof of a size of 20, of 300; the latter's kind (1 is int)" "$(echo "$seen" | cut -d' ' -f 6-)" "00000001 00000002 00000001"
