#!/usr/bin/env bash
# Guess: logf(0) is minus infinity or the smallest float, and logf(-1) is a NaN. A range error and a domain error differ in errno.
# Seen: SDCC 4.2.0 for STM8 returns 0 for both, the value of logf(1). log10f(0), sqrtf(-1) and asinf(2) are 0, too. errno is EDOM (33) for all
#   of them. C11 7.12.6.7 has a pole error, ERANGE, for logf(0). SDCC 4.5.0 does the same.
# Why it matters: a level in decibels of a signal that is 0 reads as the full scale, 0 dB, and not as silence.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <errno.h>
#include <math.h>
volatile float zero = 0, minus = -1, one = 1, two = 2;
static void show(float value) {
    put(bits(value));
    put(errno);
    errno = 0;
}
void main(void) {
    errno = 0;
    show(logf(one));
    show(logf(zero));
    show(logf(minus));
    show(log10f(zero));
    show(sqrtf(minus));
    show(asinf(two));
    done();
}
C
expect "value and errno: logf of 1, 0, -1; log10f of 0; sqrtf of -1; asinf of 2" "$(on_stm8 main.c 2>/dev/null)" \
    "00000000 00000000 00000000 00000021 00000000 00000021 00000000 00000021 00000000 00000021 00000000 00000021"
