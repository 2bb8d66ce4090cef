#!/usr/bin/env bash
# Guess: sinf takes any angle; a large one loses digits.
# Seen: SDCC 4.2.0 for STM8: sinf(12000) is right. sinf(13000) and each larger angle give 0, without an error.
# Why it matters: a phase that only grows works in a short test and stops after some minutes.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <math.h>
volatile float x[4] = { 1000, 12000, 13000, 100000 };
void main(void)
{
    uint8_t i;
    for (i = 0; i < 4; i++) put(bits(sinf(x[i])));
    done();
}
C
expect "sinf of 1000, 12000, 13000, 100000" "$(on_stm8 main.c 2>/dev/null)" "3f53ae60 bf45f321 00000000 00000000"
