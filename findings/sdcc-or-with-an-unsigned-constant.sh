#!/usr/bin/env bash
# Guess: `i | 32765u` is unsigned (C11 6.3.1.8), so it stays positive when it becomes a long.
# Seen: SDCC 4.2.0 gives the result the sign of `i`: with an int i of -3 the long is -3, not 65533. With `(unsigned)i` it is right. There is no warning.
# Why it matters: the `u` of a constant is the usual way to get an unsigned result.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
int i = -3;
long with_constant(void) { return i | 32765u; }
long with_cast(void) { return (unsigned)i | 32765u; }
void main(void) { put(with_constant()); put(with_cast()); done(); }
C
expect "-3 | 32765u as a long, without and with a cast" "$(on_stm8 main.c)" "fffffffd 0000fffd"
