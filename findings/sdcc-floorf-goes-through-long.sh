#!/usr/bin/env bash
# Guess: floorf and ceilf return a float that is a whole number unchanged.
# Seen: SDCC 4.2.0 for STM8 converts to a signed long on the way. floorf(3e9) and ceilf(3e9) are -1294967296; floorf(1e9) is right.
#   ceilf(-0.5) is +0; C11 annex F says -0.
# Why it matters: counters and milliseconds pass 2147483648, and then floorf changes their sign.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <math.h>
volatile float x;
void main(void) {
    x = 3e9f; put(bits(x)); put(bits(floorf(x))); put(bits(ceilf(x)));
    x = 1e9f; put(bits(x)); put(bits(floorf(x)));
    x = -0.5f; put(bits(ceilf(x)));
    done();
}
C
expect "3e9, its floorf, its ceilf, 1e9, its floorf, ceilf(-0.5)" "$(on_stm8 main.c)" \
    "4f32d05e ce9a5f44 ce9a5f44 4e6e6b28 4e6e6b28 00000000"
