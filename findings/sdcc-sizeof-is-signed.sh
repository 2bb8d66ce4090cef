#!/usr/bin/env bash
# Guess: `if (i >= sizeof buffer) return;` with an int i of -1 returns: sizeof is unsigned, so -1 becomes 65535 (C11 6.5.3.4 and 6.3.1.8).
# Seen: SDCC 4.2.0 takes sizeof for a signed constant: -1 >= 9 is false, and the program goes on with -1. `sizeof buffer - 10 > 0` is false, too.
#   An int against 5UL is compared as signed in the same way; against 5u it is right. A cast of i to unsigned is right. There is no warning.
# Why it matters: one comparison with sizeof is a usual check of an index.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
char buffer[9];
int i = -1;
unsigned char refused(void) { if (i >= sizeof buffer) return 1; return 0; }
unsigned char refused_with_cast(void) { if ((unsigned)i >= sizeof buffer) return 1; return 0; }
unsigned char difference(void) { return sizeof buffer - 10 > 0; }
unsigned char below_long(void) { return i < 5UL; }
unsigned char below(void) { return i < 5u; }
void main(void) { put(refused()); put(refused_with_cast()); put(difference()); put(below_long()); put(below()); done(); }
C
expect "-1 >= sizeof, with a cast, sizeof - 10 > 0, -1 < 5UL, -1 < 5u" "$(on_stm8 main.c)" "00000000 00000001 00000000 00000001 00000000"
