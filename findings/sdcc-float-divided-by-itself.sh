#!/usr/bin/env bash
# Guess: `x / x` of a float x of 3 is 1.0, the bits 3f800000.
# Seen: SDCC 4.2.0 takes it for the constant 1, and stores the integer's bits: 1.4e-45. With a volatile divisor it is right. There is no warning.
# Why it matters: the two may be one value by way of another variable, such as a reading divided by a reference that was just set to it.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
float by_itself(float x) { return x / x; }
float scaled(float x) { float reference = x; return x / reference; }
volatile float divisor = 3;
float by_volatile(float x) { return x / divisor; }
float result;
void show(float x) { result = x; put(*(unsigned long *)&result); }
void main(void) { show(by_itself(3)); show(scaled(3)); show(by_volatile(3)); done(); }
C
expect "x / x, x / reference, x / divisor" "$(on_stm8 main.c)" "00000001 00000001 3f800000"
