#!/usr/bin/env bash
# Guess: with `const int8_t d = 4`, the quotient `v / d` is -25 for an int8_t v of -100. `v / 4` and `v / (int8_t)4` are the same.
# Seen: SDCC 4.2.0 shifts the byte right without its sign if the divisor is a constant of one byte and 1, 2, 4, 8, 16 or 32. The result is 39,
#   from 156 / 4. `v / 4` is right. A divisor of 5 and an int as v are right, too. A cast to uint8_t is as wrong, and so is
#   an expression of constants, such as `1 << 2`: SDCC makes a byte of it. There is no warning. SDCC 4.4.0 and
#   4.5.0 do the same. Some divisions like these end in an internal error in all three.
# Why it matters: an average such as `sum / SAMPLES` is right until the first negative value.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
volatile int8_t v = -100;
void main(void) {
    const int8_t d = 4;
    put(v / 4);
    put(v / d);
    put(v / (int8_t)4);
    put(v / (uint8_t)4);
    put(v / (int8_t)sizeof(int));
    put(v / (int8_t)5);
    put((int)v / (int8_t)4);
    put(v / (1 << 2));
    put(v / (5 - 1));
    done();
}
C
seen=$(on_stm8 main.c)
expect "-100 by 4; by a const int8_t of 4; by (int8_t)4; by (uint8_t)4; by (int8_t)sizeof(int)" "$(echo "$seen" | cut -d' ' -f 1-5)" \
    "ffffffe7 00000027 00000027 00000027 0000004e"
expect "-100 by (int8_t)5; (int)v by (int8_t)4" "$(echo "$seen" | cut -d' ' -f 6-7)" "ffffffec ffffffe7"
expect "-100 by (1 << 2); by (5 - 1)" "$(echo "$seen" | cut -d' ' -f 8-)" "00000027 00000027"
