#!/usr/bin/env bash
# Guess: `return g(16 - c);` gives 16 - c to g.
# Seen: SDCC 4.2.0 jumps to g instead of calling it, and takes its own variables off the stack before. With one byte of variables it does so by
#   `pop a`, and the argument was in A. It is the same for a parameter that is on the stack. With --opt-code-size it is `popw x` for two
#   bytes, and an int is lost. A statement behind the call makes it right. There is no warning. 4.5.0 does so only through a pointer.
# Why it matters: a public example for a display, with `void goto(uint8_t col, uint8_t row)`, ends with `write(0x80 + col)`.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
uint8_t got;
int seen;
void g(uint8_t v) { got = v; }
void word(int v) { seen = v; }
void last(uint8_t c) { g(16 - c); }
void two(uint8_t c, uint8_t other) { if (other) g(0x80 + c); else g(0xc0 + c); }
void behind(uint8_t c) { g(16 - c); seen = 0; }
void wide(uint8_t c) { word(16 - c); }
void main(void) {
    last(6); put(got == 10);
    two(6, 1); put(got == 0x86);
    behind(6); put(got == 10);
    wide(6); put(seen == 10);
    done();
}
C
expect "does the argument arrive: one byte of variables, a parameter on the stack, not at the end, an int?" "$(on_stm8 main.c)" \
    "00000000 00000000 00000001 00000001"
expect "the same with --opt-code-size" "$(on_stm8 main.c --opt-code-size)" "00000000 00000001 00000001 00000000"
