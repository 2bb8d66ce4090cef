#!/usr/bin/env bash
# Guess: results of SDCC's float library that can be exact are exact, as in other C libraries: sqrtf(16) is 4, powf(10, 2) is 100.
# Seen: SDCC 4.2.0 for STM8 returns the float just below: sqrtf(4) and sqrtf(16) are 1.9999999 and 3.9999998, log10f(100) is 1.9999999,
#   powf(10, 2), powf(10, 3), powf(3, 2) are a little under 100, 1000 and 9. Cast to int each is one too small. sqrtf(9) and
#   sqrtf(25) are exact.
# Why it matters: `(int)sqrtf(x)` and `(int)powf(10, digits)` are common in sensor code. Add 0.5f before the cast.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <math.h>
volatile float x, y;
void main(void) {
    x = 16.0f; put(bits(sqrtf(x))); put((int)sqrtf(x));
    x = 4.0f; put((int)sqrtf(x));
    x = 9.0f; put((int)sqrtf(x));
    x = 25.0f; put((int)sqrtf(x));
    x = 10.0f; y = 2.0f; put((int)powf(x, y)); y = 3.0f; put((int)powf(x, y));
    x = 3.0f; y = 2.0f; put((int)powf(x, y));
    x = 100.0f; put((int)log10f(x));
    done();
}
C
expect "sqrtf(16) in bits; as int: sqrtf of 16, 4, 9, 25; powf of 10 2, 10 3, 3 2; log10f(100)" "$(on_stm8 main.c)" \
    "407fffff 00000003 00000001 00000003 00000005 00000063 000003e7 00000008 00000001"
