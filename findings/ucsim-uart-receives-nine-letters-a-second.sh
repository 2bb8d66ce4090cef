#!/usr/bin/env bash
# Guess: in uCsim, letters from a file come in at the speed of the UART. With a clock of 16 MHz and 9,600 baud, that is one in 17,000 clocks.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0), with -S uart=1,in=FILE: one letter in about 1,750,000 clocks, nine in a second. BRR1 and
#   BRR2 have no effect. From the second letter on, SR is 0xFF: the bits of all four errors are set. The time of the first letter is not always the same.
# Why it matters: a program with a time limit for its input gets nothing. One that looks at the error bits drops all letters but the first.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include <stdint.h>
#define REGISTER(address) (*(volatile uint8_t *)(address))
uint32_t turns[3];
uint8_t letters[3], status[3], count;
void done(void) { for (;;); }
void main(void) {
    uint32_t turn = 0;
    REGISTER(0x50C6) = 0;     // CLK_CKDIVR
    REGISTER(0x5233) = 0;     // BRR2
    REGISTER(0x5232) = BRR1;
    REGISTER(0x5235) = 0x0C;  // CR2: TEN, REN
    while (count < 3) {
        uint8_t now = REGISTER(0x5230);
        turn++;
        if (now & 0x20) {
            turns[count] = turn;
            status[count] = now;
            letters[count++] = REGISTER(0x5231);
            turn = 0;
        }
    }
    done();
}
C
printf 'hello, world' >input
received() {
    sdcc -mstm8 -DBRR1="$1" main.c -o program.ihx
    address() { sed -n "s/^ *0*\([0-9A-F]*\)  *_$1 .*/0x\1/p" program.map; }
    printf 'break %s\nrun\ndump /h rom %s %s\nquit\n' "$(address done)" "$(address turns)" "$(($(address turns) + 17))" |
        sstm8 -t STM8S103 -S uart=1,in=input,out=output program.ihx >simulated 2>&1
    python3 - <<'P'
import re

held = bytes.fromhex("".join(re.findall(r"^0x000[0-9a-f]{2}\s+((?:[0-9a-f]{2} ){1,8})", open("simulated", errors="replace").read(), re.MULTILINE)))
turns = [int.from_bytes(held[4 * index : 4 * index + 4], "big") for index in range(3)]
print(held[12:15].decode("ascii"), held[16:18].hex(), [round(each, -3) for each in turns[1:]])
P
}
expect "letters, later SR, turns of 21 clocks between two letters, at 125,000 baud" "$(received 0x08)" "hel ffff [83000, 83000]"
expect "the same at 9,600 baud" "$(received 0x68)" "hel ffff [83000, 83000]"
