#!/usr/bin/env bash
# Guess: malloc uses the remaining RAM, as in newlib and avr-libc, or the linker says that there is too little.
# Seen: SDCC 4.2.0 for STM8 links a heap of 1024 bytes into every program that calls malloc. That is all the RAM of an STM8S103 or
#   STM8S003. The linker exits with 0 and prints nothing. One call for 300 bytes succeeds in uCsim, one for 1200 returns NULL.
# Why it matters: the stack overlaps the heap from the first call on. Do not use malloc on such a part.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stdlib.h>
void main(void) { put(malloc(300) != NULL); put(malloc(1200) != NULL); done(); }
C
expect "malloc(300) and malloc(1200) succeed" "$(on_stm8 main.c)" "00000001 00000000"
size() { sed -n "s/^DATA  *[0-9A-F]*  *\([0-9A-F]*\) =.*/\1/p" program.map | head -n 1; }
with=$((16#$(size)))
sed 's/put(malloc(300) != NULL); put(malloc(1200) != NULL);/put(1);/' main.c >without.c
on_stm8 without.c >/dev/null
expect "bytes of RAM that malloc costs" $((with - 16#$(size))) 1026
