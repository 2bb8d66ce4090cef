#!/usr/bin/env bash
# Guess: the CPU saves all registers at an interrupt, so a handler of SDCC begins with its first statement.
# Seen: SDCC 4.2.0 for STM8: if a handler calls a function of another file, it begins with "clr a" and "div x, a", a division by zero.
#   Other handlers have no such lines. (If an interrupt cuts a division short, a flag stays set; these lines clear it.)
# Why it matters: moving one line into a function costs the handler up to 18 cycles before its first statement.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
volatile unsigned char n;
extern void step(void);
void plain(void) __interrupt(3) { n++; }
void calls(void) __interrupt(5) { step(); }
void main(void) { for (;;); }
C
sdcc -mstm8 -S main.c
first() { sed -n "/^_$1:/,/iret/p" main.asm | grep -v ';' | sed -n '2,3p' | tr -s '\t\n' ' '; }
expect "handler without a call" "$(first plain)" " inc _n+0 iret "
expect "handler with a call" "$(first calls)" " clr a div x, a "
