#!/usr/bin/env bash
# Guess: in uCsim RST_SR, which tells the cause of the last reset, is 0 at the start. A watchdog that is not fed resets the chip, or does nothing.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0): RST_SR is 0x3A at the start of each run: the independent watchdog, SWIM and EMC. Bits that
#   are cleared by writing 1 stay clear. Neither of the two watchdogs ever resets, and WWDG_CR does not count.
# Why it matters: a program that counts its watchdog resets, or stays in a safe mode after one, does so in each run in the simulator.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define REGISTER(address) (*(volatile uint8_t *)(address))
#define RST_SR REGISTER(0x50B3)
#define IWDGF 0x02
void main(void) {
    volatile uint32_t i;
    put(RST_SR);
    RST_SR = IWDGF;
    put(RST_SR);
    REGISTER(0x50E0) = 0xCC;         // IWDG_KR: start; it ends after 16 ms
    REGISTER(0x50D1) = 0x80 | 0x7F;  // WWDG_CR: start; it ends after 50 ms at 16 MHz
    for (i = 0; i < 50000; i++)      // more than 500 ms at 2 MHz
        ;
    put(REGISTER(0x50D1));
    done();
}
C
expect "RST_SR at the start, after 1 was written to IWDGF; WWDG_CR after a long wait" "$(on_stm8 main.c)" "0000003a 00000038 000000ff"
