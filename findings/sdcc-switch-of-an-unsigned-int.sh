#!/usr/bin/env bash
# Guess: a switch of an unsigned int may have `case -1`: it is 65535, and the other cases are as they are (C11 6.8.4.2).
# Seen: with six cases in a row, SDCC 4.2.0 goes to `default` for all of them. With five it is right, and with `case 65535u`.
#   There is no warning.
# Why it matters: a state machine with an error state of -1 does not go on to its next state.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned state = 2;
unsigned char five(void) {
    switch (state) { case -1: return 1; case 0: return 2; case 1: return 3; case 2: return 4; case 3: return 5; }
    return 0;
}
unsigned char six(void) {
    switch (state) { case -1: return 1; case 0: return 2; case 1: return 3; case 2: return 4; case 3: return 5; case 4: return 6; }
    return 0;
}
void main(void) { put(five()); put(six()); done(); }
C
expect "case 2 of five cases and of six" "$(on_stm8 main.c)" "00000004 00000000"
