#!/usr/bin/env bash
# Guess: in uCsim a timer with the prescaler 2 counts half as fast as with 1, and with 4 half as fast again.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) divides by one less than the value: 2 is 1, 4 is 3, 8 is 7, 128 is 127. A prescaler of 1
#   is right. TIM4 and TIM1 were tried with 200 NOPs, which take 200 clocks.
# Why it matters: a period that is measured in the simulator is half of the chip's with a prescaler of 2, and 25 percent too short with 4.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define REGISTER(address) (*(volatile uint8_t *)(address))
#define TEN __asm__("nop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop");
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
uint8_t before, after;
static void tim4(uint8_t power) {
    REGISTER(0x5340) = 0;      // CR1: stop
    REGISTER(0x5345) = power;  // PSCR: divide by 2 to this power
    REGISTER(0x5346) = 255;    // ARR
    REGISTER(0x5343) = 1;      // EGR: take the prescaler
    REGISTER(0x5340) = 1;
    before = REGISTER(0x5344);
    HUNDRED HUNDRED
    after = REGISTER(0x5344);
    put((uint8_t)(after - before));
}
static void tim1(uint8_t less_one) {
    REGISTER(0x5250) = 0;
    REGISTER(0x5260) = 0;
    REGISTER(0x5261) = less_one;  // PSCR: divide by this and one more
    REGISTER(0x5262) = 255;
    REGISTER(0x5263) = 255;
    REGISTER(0x5257) = 1;
    REGISTER(0x5250) = 1;
    (void)REGISTER(0x525E);
    before = REGISTER(0x525F);
    HUNDRED HUNDRED
    (void)REGISTER(0x525E);
    after = REGISTER(0x525F);
    put((uint8_t)(after - before));
}
void main(void) {
    REGISTER(0x50C6) = 0;  // CLK_CKDIVR
    tim4(0);
    tim4(1);
    tim4(2);
    tim4(3);
    tim1(0);
    tim1(1);
    tim1(3);
    done();
}
C
seen=$(on_stm8 main.c)
expect "counts of TIM4 in about 200 clocks with 1, 2, 4, 8" "$(echo "$seen" | cut -d' ' -f 1-4)" "000000c9 000000c9 00000043 0000001d"
expect "counts of TIM1 in about 200 clocks with 1, 2, 4" "$(echo "$seen" | cut -d' ' -f 5-)" "000000ca 000000ca 00000044"
