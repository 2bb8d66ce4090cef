#!/usr/bin/env bash
# Guess: `v * 320` with --opt-code-speed is `v * 320`.
# Seen: SDCC 4.2.0 shifts v and adds a word of the stack that it never pushed. So it does for each int times a constant from 257 to 640 whose
#   low byte has a single bit, such as 257, 384 and 512 + 1, also for rows of an array of that size. Without --opt-code-speed, and for
#   other constants, it is right. There is no warning. SDCC 4.4.0 and 4.5.0 do the same.
# Why it matters: a display has 320 pixels in a line, and 257 makes 16 bits of 8.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned line(unsigned v) { return v * 320; }
unsigned wide(unsigned v) { return v * 257; }
unsigned other(unsigned v) { return v * 321; }
void main(void) { put(line(2) == 640); put(wide(2) == 514); put(other(2) == 642); done(); }
C
expect "is 2 * 320, 2 * 257 and 2 * 321 right with --opt-code-speed?" "$(on_stm8 main.c --opt-code-speed)" "00000000 00000000 00000001"
expect "the same without" "$(on_stm8 main.c)" "00000001 00000001 00000001"
