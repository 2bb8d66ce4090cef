#!/usr/bin/env bash
# Guess: SDCC keeps no value in a register across inline assembler, so `__asm__("ldw x, #5 ...")` between two statements is safe.
# Seen: SDCC 4.2.0 for STM8 keeps local variables in A, X and Y across it. Here the sum of a and b is in X, and becomes 0x1234.
#   With `pushw x` and `popw x` around it, the result is right. SDCC does not warn.
# Why it matters: three lines of assembler that work today change a variable after an edit elsewhere in the function.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned plain(unsigned a, unsigned b) {
    unsigned c = a + b;
    __asm__("ldw x, #0x1234");
    return c;
}
unsigned saved(unsigned a, unsigned b) {
    unsigned c = a + b;
    __asm__("pushw x\n\tldw x, #0x1234\n\tpopw x");
    return c;
}
void main(void) { put(plain(1, 2)); put(saved(1, 2)); done(); }
C
expect "1 + 2, and the same where the assembler saves X" "$(on_stm8 main.c)" "00001234 00000003"
