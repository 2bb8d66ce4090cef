#!/usr/bin/env bash
# Guess: each use of assert costs some ten bytes; the program stops at it.
# Seen: SDCC 4.2.0 for STM8: the first assert links printf: 1,500 bytes and more, a fifth of an 8 KiB STM8S103. The user must
#   write a putchar for it. NDEBUG removes all of it.
# Why it matters: a check that looks cheap no longer fits beside the program.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include <assert.h>
volatile int v;
int putchar(int c) { return c; }
void main(void) { assert(v == 1); for (;;); }
C
bytes() { sdcc -mstm8 "$@" main.c -o program.ihx 2>/dev/null; awk '/^(HOME|GSINIT|GSFINAL|CONST|INITIALIZER|CODE) / { n += $5 + 0 } END { print n }' program.map; }
with=$(bytes)
without=$(bytes -DNDEBUG)
expect "more than 1500 bytes, and less than 64 without it" "$((with - without > 1500)) $((without < 64))" "1 1"
