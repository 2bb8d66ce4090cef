#!/usr/bin/env bash
# Guess: ldexpf(1, 200) is infinite and ldexpf(1, -200) is 0.
# Seen: SDCC 4.2.0 for STM8: the exponent wraps. ldexpf(1, 200) is 1.4e-17, ldexpf(1, -200) is 7.2e16, without an error.
# Why it matters: if a scaled reading is too big, the result is tiny; if it is too small, the result is huge.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <math.h>
volatile float one = 1;
volatile int big = 200, small = -200, fits = 10;
void main(void)
{
    put(bits(ldexpf(one, fits)));
    put(bits(ldexpf(one, big)));
    put(bits(ldexpf(one, small)));
    done();
}
C
expect "ldexpf of 1 by 10, 200, -200" "$(on_stm8 main.c 2>/dev/null)" "44800000 23800000 5b800000"
