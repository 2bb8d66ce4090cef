#!/usr/bin/env bash
# Guess: the linker keeps other variables away from one that was placed with __at, or says that two share a byte.
# Seen: SDCC 4.2.0 for STM8: __at gives a name to an address, and reserves nothing there. `buffer` of 8 bytes begins at 0x0001 and
#   covers `flag` at 0x0003. There is no message, and the exit code is 0.
# Why it matters: a flag at a fixed place (shared with a boot loader, or kept over a reset) changes whenever the buffer does.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
__at(0x0003) volatile unsigned char flag;
volatile unsigned char buffer[8];
void main(void) { for (;;) buffer[2] = flag; }
C
code=0
sdcc -mstm8 main.c -o main.ihx >log 2>&1 || code=$?
expect "exit code, lines printed" "$code $(wc -l <log)" "0 0"
where() { sed -n "s/^ *0*\([0-9A-F]*\)  *$1 .*/\1/p" main.map | head -n 1; }
expect "flag, buffer, size of DATA" "$(where _flag) $(where _buffer) $(where l_DATA)" "3 1 8"
