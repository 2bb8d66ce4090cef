#!/usr/bin/env bash
# Guess: SDCC writes the two bytes of a 16-bit register in one order, the high byte first, as the instruction LDW does.
# Seen: SDCC 4.2.0 stores a constant to a constant address as two MOV, the low byte first: `*(volatile unsigned int *)0x5262 = 0x1234`.
#   A variable to the same address goes by LDW, and so does a constant to a variable that is declared with __at.
# Why it matters: RM0016 wants the high byte of a timer's ARR first. `TIM->ARR = 1000` and `TIM->ARR = period` then program the timer
#   in different orders.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
struct timer { unsigned char control; unsigned int reload; };
#define TIMER ((volatile struct timer *)0x5261)
volatile unsigned int __at(0x5262) reload;
void constant(void) { TIMER->reload = 0x1234; }
void variable(unsigned int period) { TIMER->reload = period; }
void declared(void) { reload = 0x1234; }
void main(void) { }
C
sdcc -mstm8 -S main.c -o main.asm
body() { sed -n "/^_$1:/,/ret\$/p" main.asm | sed 's/;.*//' | grep '^	' | tr -s '\t ' ' ' | tr '\n' ';'; }
expect "a constant to a constant address" "$(body constant)" " mov 0x5262+1, #0x34; mov 0x5262+0, #0x12; ret;"
expect "a variable to the same address" "$(body variable)" " ldw 0x5262, x; ret;"
expect "a constant to a variable with __at" "$(body declared)" " ldw x, #0x1234; ldw _reload+0, x; ret;"
