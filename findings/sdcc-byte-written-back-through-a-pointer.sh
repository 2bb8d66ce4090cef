#!/usr/bin/env bash
# Guess: `timer->status = timer->status`, which clears the flags of many peripherals, leaves a byte of RAM as it is.
# Seen: SDCC 4.2.0 reads the byte at the address of the pointer instead: the offset of the member is only in the store.
#   A member with an offset below 3 is right, and so is a variable instead of the pointer. There is no warning.
# Why it matters: the first register of a peripheral is written into its status.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
struct timer { volatile unsigned char control, mode, status, counter, more, flags; } first = {1, 2, 3, 4, 5, 6}, *timer = &first;
void near(void) { timer->status = timer->status; }
void far(void) { timer->flags = timer->flags; }
void main(void) { near(); put(first.status); far(); put(first.flags); done(); }
C
expect "the members at offset 2 and 5, written back" "$(on_stm8 main.c)" "00000003 00000001"
