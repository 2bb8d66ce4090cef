#!/usr/bin/env bash
# Guess: `for (n = 0; n < 4; n++) rounds++; active = active && DEBUG;` counts to 4, whatever DEBUG is.
# Seen: with DEBUG 0, SDCC 4.2.0 counts to 1. It takes the loop out and leaves out what follows. With DEBUG 1 it is right.
#   It warns of "conditional flow changed by optimizer" and of "unreachable code".
# Why it matters: the loop is lost in a release build only, where a part of the program is switched off.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned char rounds, active = 1;
void with(void) {
    unsigned char n;
    for (n = 0; n < 4; n++) rounds++;
    active = active && 0;
}
void without(void) {
    unsigned char n;
    for (n = 0; n < 4; n++) rounds++;
    active = active && 1;
}
void main(void) { rounds = 0; with(); put(rounds); rounds = 0; without(); put(rounds); done(); }
C
expect "the rounds before && 0, before && 1" "$(on_stm8 main.c 2>/dev/null)" "00000001 00000004"
