#!/usr/bin/env bash
# Guess: uCsim waits at WFI until an interrupt comes, or ends with an error if it cannot.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) does not know WFI (0x8F): "Invalid instruction". It stops, and exits with 0. WFE is the same.
#   HALT stops, too, with the reason "Halted".
# Why it matters: a program that sleeps between two timer interrupts ends at its first sleep, and a script takes that for success.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf '#include "chip.h"\nvoid main(void) { put(1); __asm__("rim\\n wfi"); put(2); done(); }\n' >main.c
expect "values: the second put() is not reached" "$(on_stm8 main.c)" "00000001"
expect "message" "$(grep -o 'Invalid instruction 0x.*' simulated)" "Invalid instruction 0x008f"
code=0
printf 'run\nquit\n' | timeout 20 sstm8 -t STM8S103 program.ihx >log 2>&1 || code=$?
expect "exit code" "$code" 0
