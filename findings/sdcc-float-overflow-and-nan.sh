#!/usr/bin/env bash
# Guess: SDCC's IEEE floats have IEEE's special cases: an overflow is infinity, NaN differs from itself, a - a is +0.
# Seen: SDCC 4.2.0 for STM8: the largest float times 2, or added to itself, is 7fffffff, a NaN, while 1/0 is infinity. A NaN is equal
#   to itself and greater than 1. 100 - 100 is -0. Half of the smallest normal number is 0. The smallest subnormal added to itself
#   is 2 to the power of -126, four million times too much.
# Why it matters: `x != x` does not find a wrong value, and a comparison with infinity does not, either.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
volatile float x, y;
void main(void) {
    x = number(0x7f7fffffUL); y = 2.0f; put(bits(x * y)); put(bits(x + x));
    x = 1.0f; y = 0.0f; put(bits(x / y));
    x = number(0x7fc00000UL); y = 1.0f; put(x == x); put(x != x); put(x > y);
    x = 100.0f; y = 100.0f; put(bits(x - y));
    x = number(0x00800000UL); y = 2.0f; put(bits(x / y));
    x = number(0x00000001UL); put(bits(x + x));
    done();
}
C
expect "max * 2, max + max, 1 / 0, nan == nan, nan != nan, nan > 1, 100 - 100, min / 2, subnormal + subnormal" "$(on_stm8 main.c)" \
    "7fffffff 7fffffff 7f800000 00000001 00000000 00000001 80000000 00000000 00800001"
