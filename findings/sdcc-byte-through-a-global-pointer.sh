#!/usr/bin/env bash
# Guess: `*p++ = 7` with a global unsigned char *p stores 7.
# Seen: in a function that still needs an int, such as its parameter, SDCC 4.2.0 writes `ld [_p+0], a` and never loads A. It stores what
#   happens to be in A. It is the same for a global variable instead of the 7, with a static pointer, and with all options. A copy of the
#   pointer in a volatile local variable is right. There is no warning. SDCC 4.4.0 and 4.5.0 do the same.
# Why it matters: a global pointer into a send buffer is usual, and so is a function that adds a constant byte to it and returns a length.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned char m[2], *p, g = 9;
int constant(int length) { *p++ = 7; return length; }
int variable(int length) { *p = g; return length; }
int copied(int length) { unsigned char *volatile q = p; *q = 7; return length; }
void main(void) {
    p = m; m[0] = 0x55; constant(1); put(m[0] == 7);
    p = m; m[0] = 0x55; variable(1); put(m[0] == 9);
    p = m; m[0] = 0x55; copied(1); put(m[0] == 7);
    done();
}
C
expect "is *p++ = 7, *p = g, and the same through a copy of p what is stored?" "$(on_stm8 main.c)" "00000000 00000000 00000001"
expect "the same with --opt-code-size" "$(on_stm8 main.c --opt-code-size)" "00000000 00000000 00000001"
