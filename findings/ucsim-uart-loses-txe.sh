#!/usr/bin/env bash
# Guess: uCsim's UART sets TXE again after a byte, so `while (!(SR & TXE)); DR = c;` prints a text.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0): if SR was read before the byte was written, TXE stays 0 after it. The bit comes back
#   only when the program writes DR once more, and that byte is lost. TC comes after each byte.
# Why it matters: the usual putchar prints one letter and waits for ever. One that waits for TC works.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define SR (*(volatile uint8_t *)0x5230)
#define DR (*(volatile uint8_t *)0x5231)
static uint8_t comes(uint8_t bit) {
    for (uint16_t polls = 20000; polls; polls--)
        if (SR & bit) return 1;
    return 0;
}
void main(void) {
    *(volatile uint8_t *)0x5233 = 3;  // BRR2, then BRR1: 9600 baud at 16 MHz
    *(volatile uint8_t *)0x5232 = 0x68;
    *(volatile uint8_t *)0x5235 = 8;  // CR2: transmitter on
    put(comes(WAIT_FOR));
    DR = 'a';
    put(comes(WAIT_FOR));
    DR = 'b';
    put(comes(WAIT_FOR));
    done();
}
C
sent() {
    done=$(sed -n 's/^ *0*\([0-9A-F]*\)  *_done .*/0x\1/p' program.map)
    printf 'break %s\nrun\nquit\n' "$done" | timeout 20 sstm8 -t STM8S208 -S uart=1,out=sent,in=/dev/null program.ihx >log 2>&1
}
expect "TXE (0x80) before, after the first, after the second byte" "$(on_stm8 main.c -DWAIT_FOR=0x80)" "00000001 00000000 00000001"
sent
expect "letters a and b that were sent" "$(tr -cd ab <sent | tail -c 1)" a
expect "TC (0x40) before, after the first, after the second byte" "$(on_stm8 main.c -DWAIT_FOR=0x40)" "00000001 00000001 00000001"
sent
expect "letters that were sent" "$(tail -c 2 sent)" ab
