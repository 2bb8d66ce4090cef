#!/usr/bin/env bash
# Guess: powf of a negative number and a whole exponent is the power, as C11 7.12.7.4 says: powf(-2, 3) is -8.
# Seen: SDCC 4.2.0 for STM8 returns 0 for every negative base, without an error.
# Why it matters: a polynomial for a thermistor or a sensor, written with powf, loses its odd terms below zero.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <math.h>
volatile float x = -2.0f, y;
void main(void) {
    y = 3.0f; put(bits(powf(x, y)));
    y = 2.0f; put(bits(powf(x, y)));
    put(bits(x * x * x));
    done();
}
C
expect "powf(-2, 3), powf(-2, 2), -2 * -2 * -2" "$(on_stm8 main.c)" "00000000 00000000 c1000000"
