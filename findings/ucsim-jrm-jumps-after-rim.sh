#!/usr/bin/env bash
# Guess: after RIM, which enables interrupts, JRNM (jump if they are not masked) jumps in uCsim, and JRM does not.
# Seen: uCsim 0.6.4 of SDCC 4.2.0 does the opposite: it checks whether one of the bits I1 and I0 is set. RIM sets only I1, which
#   is the level of the main program. In PM0044, interrupts are masked only at level 3, with both bits set, as after SIM or a reset.
# Why it matters: code that uses JRM to save whether interrupts were on takes different branches in the simulator and in the chip.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
volatile uint8_t jumped;
void look_jrm(void) { __asm__("mov _jumped, #1\n jrm 00100$\n mov _jumped, #0\n00100$:"); put(jumped); }
void look_jrnm(void) { __asm__("mov _jumped, #1\n jrnm 00100$\n mov _jumped, #0\n00100$:"); put(jumped); }
void main(void)
{
    __asm__("sim");
    look_jrm();
    look_jrnm();
    __asm__("rim");
    look_jrm();
    look_jrnm();
    done();
}
C
expect "jumps after SIM: JRM, JRNM; after RIM: JRM, JRNM" "$(on_stm8 main.c 2>/dev/null)" "00000001 00000000 00000001 00000000"
