#!/usr/bin/env bash
# Guess: sprintf("%lld") prints a long long, or leaves it out.
# Seen: SDCC 4.2.0 for STM8, which has a long long of 8 bytes: "%lld" of 5 prints "0", the upper half. The lower half becomes
#   the next argument: "%lld|%d" of 5 and 7 prints "0|0", and "%lld" of 0x700000000 prints "7".
# Why it matters: a log shows a wrong counter, and each value after it is wrong too.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stdio.h>
char text[24];
int putchar(int c) { return c; }
uint32_t start(void) { return ((uint32_t)text[0] << 24) | ((uint32_t)text[1] << 16) | ((uint32_t)text[2] << 8) | text[3]; }
volatile long long five = 5, high = 0x700000000LL;
volatile int seven = 7;
void main(void)
{
    sprintf(text, "%lld", five);
    put(start());
    text[3] = 0;
    sprintf(text, "%lld|%d", five, seven);
    put(start());
    sprintf(text, "%lld", high);
    put(start() >> 16);
    done();
}
C
expect "the text, four bytes each: 0; 0|0; 7" "$(on_stm8 main.c 2>/dev/null)" "30000000 307c3000 00003700"
