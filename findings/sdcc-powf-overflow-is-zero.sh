#!/usr/bin/env bash
# Guess: a power that is too large for a float is infinity or the largest float: powf(10, 39).
# Seen: SDCC 4.2.0 for STM8 returns 0 and leaves errno at 0. powf(10, 38) is right. expf(89) is 0 for the same reason; sinhf(100) is
#   3.4e38. SDCC 4.5.0 does the same.
# Why it matters: a limit such as `if (powf(base, n) > max)` is not reached by the numbers that are far above it.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <errno.h>
#include <math.h>
volatile float ten = 10, fits = 38, above = 39, e88 = 88, e89 = 89, hundred = 100;
void main(void) {
    errno = 0;
    put(bits(powf(ten, fits)));
    put(bits(powf(ten, above)));
    put(bits(expf(e88)));
    put(bits(expf(e89)));
    put(errno);
    put(bits(sinhf(hundred)));
    done();
}
C
expect "powf of 10 by 38 and 39; expf of 88 and 89; errno; sinhf of 100" "$(on_stm8 main.c 2>/dev/null)" \
    "7e96762b 00000000 7ef882b6 00000000 00000000 7f7fffff"
