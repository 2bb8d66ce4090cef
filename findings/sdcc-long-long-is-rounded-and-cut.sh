#!/usr/bin/env bash
# Guess: after `unsigned long long all = -1;`, `(unsigned long)all` is 0xFFFFFFFF.
# Seen: SDCC 4.2.0 makes a double of the constant, which rounds it up to 1 << 64, and cuts that: the result is 0. It is so for each local long long
#   that holds one constant of more than 53 bits. A static or a volatile variable is right, and so is the constant without a variable.
# Why it matters: a mask of all ones, and a key or a hash of 64 bits that is sent in halves.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned long low(void) { unsigned long long all = -1; return all; }
unsigned int key(void) { unsigned long long k = 0x123456789ABCDEF1ULL; return k; }
unsigned int of_static(void) { static unsigned long long k = 0x123456789ABCDEF1ULL; return k; }
unsigned int of_constant(void) { return 0x123456789ABCDEF1ULL; }
void main(void) { put(low()); put(key()); put(of_static()); put(of_constant()); done(); }
C
expect "all ones, a key, a static key, a constant" "$(on_stm8 main.c 2>errors)" "00000000 0000df00 0000def1 0000def1"
