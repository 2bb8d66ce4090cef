#!/usr/bin/env bash
# Guess: `__critical` keeps interrupts out and then brings back what was before, as ATOMIC_RESTORESTATE does for AVR.
# Seen: SDCC 4.2.0 begins it with SIM and ends it with RIM for STM8. CC is not saved, neither for a function nor for a block.
# Why it matters: in an interrupt handler, or where a caller holds interrupts off, the end of `__critical` turns them on.
. "$(dirname "$0")/prepare"
sdcc_4_2
instructions() {
    printf 'volatile unsigned char v;\n%s\n' "$1" >c.c
    sdcc -mstm8 -S c.c -o c.asm 2>/dev/null
    grep -oE '^[[:space:]]+(sim|rim|push[[:space:]]+cc|pop[[:space:]]+cc)' c.asm | xargs
}
expect "a critical function" "$(instructions 'void f(void) __critical { v++; }')" "sim rim"
expect "a critical block" "$(instructions 'void f(void) { __critical { v++; } }')" "sim rim"
