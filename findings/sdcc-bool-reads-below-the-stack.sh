#!/usr/bin/env bash
# Guess: an interrupt handler that changes no variable changes nothing in a program.
# Seen: `flag = -v` with a _Bool flag and a long v: SDCC 4.2.0 pushes a byte, removes it, and then reads it at (0, sp), below the stack pointer.
#   An interrupt between the two overwrites it. `flag = -v != 0` does not read there. There is no warning.
# Why it matters: the fault comes once in thousands of runs, and a simulator without interrupts never shows it.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
_Bool flag;
void converted(long v) { flag = -v; }
C
sed 's/-v/-v != 0/' main.c >right.c
sdcc -mstm8 -S main.c
sdcc -mstm8 -S right.c
expect "reads at (0, sp)" "$(grep -c '(0, sp)' main.asm) $(grep -c '(0, sp)' right.asm || true)" "1 0"
