#!/usr/bin/env bash
# Guess: 0 times a power of two is 0: ldexpf(0, -5) is 0. frexpf(0) gives 0 and the exponent 0, as C11 7.12.6.4 says.
# Seen: SDCC 4.2.0 for STM8 works on the exponent's bits without a look at the value. ldexpf(0, -5) is 2.1e37, ldexpf(0, 5) is 1.9e-37.
#   frexpf(0) gives 0.5 and -126. SDCC 4.5.0 does the same.
# Why it matters: a sensor that reads 0 and is scaled down by a power of two becomes a huge number.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <math.h>
volatile float zero = 0, eight = 8;
int exponent;
void main(void) {
    put(bits(ldexpf(zero, -5)));
    put(bits(ldexpf(zero, 5)));
    put(bits(frexpf(zero, &exponent)));
    put((uint16_t)exponent);
    put(bits(ldexpf(eight, -5)));
    put(bits(frexpf(eight, &exponent)));
    put((uint16_t)exponent);
    done();
}
C
seen=$(on_stm8 main.c 2>/dev/null)
expect "ldexpf of 0 by -5 and by 5; frexpf of 0 and its exponent" "$(echo "$seen" | cut -d' ' -f 1-4)" "7d800000 02800000 3f000000 0000ff82"
expect "the same for 8: ldexpf by -5, frexpf and its exponent" "$(echo "$seen" | cut -d' ' -f 5-)" "3e800000 3f000000 00000004"
