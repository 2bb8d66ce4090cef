#!/usr/bin/env bash
# Guess: a function __sdcc_external_startup (or _sdcc_external_startup, its older name) runs before the variables are set. SDCC's
#   manual says so for its other targets.
# Seen: SDCC 4.2.0 for STM8 calls neither. The start-up code has no call at all; it compiles and links without a warning.
# Why it matters: a function that stops a watchdog or sets the clock there never runs.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
volatile uint8_t seen = 1;
__at(0x0080) volatile uint8_t before;
unsigned char _sdcc_external_startup(void) { before = 0x5A; return 0; }
unsigned char __sdcc_external_startup(void) { before = 0x5A; return 0; }
void main(void)
{
    put(before == 0x5A);
    put(seen);
    done();
}
C
expect "called; variables set" "$(on_stm8 main.c 2>messages)" "00000000 00000001"
expect "messages" "$(cat messages)" ""
expect "calls and jumps in the start-up code: to main only" "$(sed -n '/__sdcc_init_data:/,/area CODE/p' program.asm | grep -c "	\(call\|jp\)	")" "2"
