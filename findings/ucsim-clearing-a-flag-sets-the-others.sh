#!/usr/bin/env bash
# Guess: in uCsim `TIM2_SR1 = ~UIF` clears the update flag and leaves the others, as a chip does (RM0016: cleared by writing 0). ST's library
#   clears it this way. The compare flag comes when the counter reaches CCR1, and with EGR's CC1G.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) stores the byte as it is: SR1 is 0xFE, so all compare flags are set. No compare ever sets one, and
#   CC1G does not, either.
# Why it matters: a handler for two events acts on compares that did not happen, and never on one that should.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define TIM2(offset) (*(volatile uint8_t *)(0x5300 + (offset)))
#define SR1 TIM2(2)
#define UIF 1
void main(void) {
    TIM2(13) = 3;    // ARRH
    TIM2(14) = 255;  // ARRL
    TIM2(15) = 1;    // CCR1H
    TIM2(16) = 0;    // CCR1L
    TIM2(8) = 1;     // CCER1: CC1E
    TIM2(4) = 1;     // EGR: UG
    SR1 = 0;
    TIM2(0) = 1;     // CR1: CEN
    while (!(SR1 & UIF))
        ;
    put(SR1);
    SR1 = (uint8_t)~UIF;
    put(SR1);
    TIM2(0) = 0;
    SR1 = 0;
    TIM2(4) = 2;     // EGR: CC1G
    put(SR1);
    done();
}
C
expect "SR1 after 1,024 counts with CCR1 at 256; after the clearing; after CC1G" "$(on_stm8 main.c)" "00000001 000000fe 00000000"
