#!/usr/bin/env bash
# Guess: one float addition, or a conversion from long, is rounded to the nearest float, ties to even, as IEEE 754 says.
# Seen: SDCC 4.2.0 for STM8: 0.1 + 0.2 is 3e999999, one step below the nearest; 1 + (2^-24 and a little) stays 1. Conversions of long
#   round ties up: 16777217 becomes 16777218. Multiplication and division gave the nearest float in all of the project's trials.
# Why it matters: sums of many small steps drift down, and results differ from the same code on a PC.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
volatile float x, y;
volatile long whole = 16777217L;
void main(void) {
    x = 0.1f; y = 0.2f; put(bits(x + y));
    x = 1.0f; y = number(0x33800001UL); put(bits(x + y));
    x = 16777216.0f; y = 3.0f; put(bits(x + y));
    put(bits((float)whole));
    x = 1.1f; put(bits(x * x));
    x = 1.0f; y = 10.0f; put(bits(x / y));
    done();
}
C
expect "0.1 + 0.2, 1 + 2^-24 and a little, 16777216 + 3, (float)16777217, 1.1 * 1.1, 1 / 10" "$(on_stm8 main.c)" \
    "3e999999 3f800000 4b800001 4b800001 3f9ae148 3dcccccd"
expect "the same on a PC, by Python's struct" "$(python3 - <<'P'
import struct
def single(value): return struct.unpack(">f", struct.pack(">f", value))[0]
def bits(value): return struct.pack(">f", value).hex()
a, b, c = single(0.1), single(0.2), struct.unpack(">f", bytes.fromhex("33800001"))[0]
print(bits(a + b), bits(1 + c), bits(16777216 + 3), bits(16777217), bits(single(1.1) * single(1.1)), bits(1 / 10))
P
)" "3e99999a 3f800001 4b800002 4b800000 3f9ae148 3dcccccd"
