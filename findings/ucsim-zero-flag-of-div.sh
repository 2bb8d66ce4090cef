#!/usr/bin/env bash
# Guess: after `div x, a` uCsim's zero flag is set if the quotient is 0.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) does it the other way round: it sets Z for 80 / 10, and clears it for 5 / 10 and 0 / 10.
#   The quotient is right.
# Why it matters: hand-written assembler that branches after a division takes the other branch than a chip does.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
uint8_t zero_flag_after(uint16_t number, uint8_t by) __naked {
    (void)number;
    (void)by;
    __asm
        div x, a
        jreq 00001$
        clr a
        ret
    00001$:
        ld a, #1
        ret
    __endasm;
}
void main(void) {
    put(zero_flag_after(80, 10));
    put(zero_flag_after(5, 10));
    put(zero_flag_after(0, 10));
    done();
}
C
expect "Z after 80 / 10, 5 / 10, 0 / 10" "$(on_stm8 main.c)" "00000001 00000000 00000000"
