#!/usr/bin/env bash
# Guess: expf(-100) is 0, or the smallest float.
# Seen: SDCC 4.2.0 for STM8: from expf(-89) on the result is 3.4e38, the largest float. expf(-87) is still right.
#   coshf(-100) is negative: -3.4e38.
# Why it matters: after a long time, a filter or a decay jumps from nearly 0 to the largest value.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <math.h>
volatile float x[4] = { -80, -87, -89, -100 };
void main(void)
{
    uint8_t i;
    for (i = 0; i < 4; i++) put(bits(expf(x[i])));
    put(bits(coshf(x[3])));
    done();
}
C
expect "expf of -80, -87, -89, -100; coshf(-100)" "$(on_stm8 main.c 2>/dev/null)" "05bfecbb 00b33687 7f7fffff 7f7fffff ff7fffff"
