#!/usr/bin/env bash
# Guess: `v ^ -1L` with a signed char v of -3 is 2.
# Seen: with SDCC 4.2.0 the top byte of the result is wrong: it is FF. It is so for every negative long constant whose top byte is FF, for bit-fields,
#   and with the cast `(long)v`. `v ^ -1`, in int, is right. There is no warning.
# Why it matters: masks such as -65536L come from macros, and the error shows for negative values only.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
signed char v = -3;
long all(void) { return v ^ -1L; }
long upper(void) { return (long)v ^ -65536L; }
long in_int(void) { return v ^ -1; }
void main(void) { put(all()); put(upper()); put(in_int()); done(); }
C
expect "-3 ^ -1L, -3 ^ -65536L, -3 ^ -1" "$(on_stm8 main.c)" "ff000002 ff00fffd 00000002"
