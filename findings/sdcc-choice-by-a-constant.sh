#!/usr/bin/env bash
# Guess: `(1 ? v : 1000L) << 8` with an int v of 30000 is 7680000, as the choice is a long (C11 6.5.15).
# Seen: SDCC 4.2.0 drops the choice with its type: the shift is done in 16 bits. `return 1 ? v : 1000L` with -2 gives 65534. A cast of v to long
#   is right. There is no warning.
# Why it matters: such a condition is a macro for a board, or `sizeof(v) == 2`.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
long shifted(int v) { return (1 ? v : 1000L) << 8; }
long returned(int v) { return sizeof(v) == 2 ? v : 1000L; }
long with_cast(int v) { return (1 ? (long)v : 1000L) << 8; }
void main(void) { put(shifted(30000)); put(returned(-2)); put(with_cast(30000)); done(); }
C
expect "shifted, returned, and shifted with a cast" "$(on_stm8 main.c)" "00003000 0000fffe 00753000"
