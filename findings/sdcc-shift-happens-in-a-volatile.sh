#!/usr/bin/env bash
# Guess: `port = y << 3` with `volatile unsigned char port` computes the value and stores it once, as C11 5.1.2.3 has it for a volatile object.
# Seen: SDCC 4.2.0 stores y and then shifts the variable three times in memory: it holds y, y << 1 and y << 2 on the way. The same happens for `* 2`,
#   `>>`, `(y & 1) << 3` and a shift by a variable. It happens for plain volatile globals and for registers that are declared with __at.
# Why it matters: an interrupt handler sees the values between, and the pins of a port carry them.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
volatile unsigned char __at(0x5000) port;
volatile unsigned char shared;
void to_port(unsigned char y) { port = (y & 1) << 3; }
void to_variable(unsigned char y) { shared = y << 2; }
void by_address(unsigned char y) { *(volatile unsigned char *)0x5005 = y << 2; }
void main(void) { }
C
sdcc -mstm8 -S main.c -o main.asm
writes() { sed -n "/^_$1:/,/ret\$/p" main.asm | grep -c "^	.*$2"; }
expect "instructions that write the port for one assignment" "$(writes to_port _port)" 4
expect "instructions that write the variable for one assignment" "$(writes to_variable _shared)" 3
expect "the same through a constant address" "$(writes by_address 0x5005)" 1
