#!/usr/bin/env bash
# Guess: with TIM1_RCR at 3 the update flag comes in uCsim at each fourth overflow, as RM0016 has it.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) keeps the register and sets the flag at each overflow, four times too often. CR1's UDIS, which
#   should hold the updates back, does not hold back the one of EGR's UG.
# Why it matters: a blinking or a motor step that is timed with the repetition counter is four times too fast in the simulator.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define TIM1(offset) (*(volatile uint8_t *)(0x5250 + (offset)))
static void period(uint8_t repetitions) {
    uint16_t turns = 0;
    TIM1(0) = 0;
    TIM1(18) = 7;             // ARRH
    TIM1(19) = 208;           // ARRL
    TIM1(20) = repetitions;   // RCR
    TIM1(7) = 1;              // EGR: UG
    TIM1(5) = 0;              // SR1
    TIM1(0) = 1;              // CR1: CEN
    while (!(TIM1(5) & 1))
        turns++;
    put(turns > 300 && turns < 600);
}
void main(void) {
    period(0);
    period(3);
    put(TIM1(20));
    TIM1(0) = 2;              // CR1: UDIS
    TIM1(5) = 0;
    TIM1(7) = 1;
    put(TIM1(5));
    done();
}
C
expect "one period with RCR at 0, at 3; RCR; SR1 after UG with UDIS" "$(on_stm8 main.c)" "00000001 00000001 00000003 00000001"
