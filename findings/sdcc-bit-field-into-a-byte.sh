#!/usr/bin/env bash
# Guess: an `unsigned a : 12`, assigned to an unsigned char, gives the low 8 bits of the field, as C11 6.3.1.3 has it.
# Seen: SDCC 4.2.0 stores the byte that holds the field's high bits, with the bits of the next field in it. A cast, a mask with 255 and a return
#   value of that type are as wrong. Through an unsigned variable it is right. There is no warning.
# Why it matters: a bit-field of more than 8 bits is usual for ADC values and protocol words, and its low byte is what one sends.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
struct { unsigned a : 12; unsigned b : 4; } s = {0x123, 13};
unsigned char c;
unsigned t;
unsigned char low(void) { return s.a; }
void main(void) {
    c = s.a; put(c);
    c = (unsigned char)s.a; put(c);
    c = s.a & 255; put(c);
    put(low());
    t = s.a; c = t; put(c);
    done();
}
C
expect "the low byte of 0x123: plain, cast, masked, returned, through unsigned" "$(on_stm8 main.c)" "000000d1 000000d1 000000d1 000000d1 00000023"
expect "the same with --max-allocs-per-node 100" "$(on_stm8 main.c --max-allocs-per-node 100)" "000000d1 000000d1 000000d1 000000d1 00000023"
