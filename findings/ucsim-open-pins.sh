#!/usr/bin/env bash
# Guess: in uCsim an input with nothing connected reads 0, or 1 with the pull-up switched on.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) gives each port a pattern: port B reads 0x19, with and without pull-ups, in each run.
#   A pin that was an output keeps its last level after it becomes an input.
# Why it matters: three of eight buttons (low when pressed) are up and five are down, so the program does what no board does at power-on.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define PB_ODR (*(volatile uint8_t *)0x5005)
#define PB_IDR (*(volatile uint8_t *)0x5006)
#define PB_DDR (*(volatile uint8_t *)0x5007)
#define PB_CR1 (*(volatile uint8_t *)0x5008)
void main(void) {
    put(PB_IDR);
    PB_CR1 = 0xFF;
    put(PB_IDR);
    PB_DDR = 0xFF;
    PB_ODR = 0x5A;
    PB_DDR = 0;
    put(PB_IDR);
    done();
}
C
expect "port B: input, with pull-ups, after it was an output of 0x5A" "$(on_stm8 main.c)" "00000019 00000019 0000005a"
