#!/usr/bin/env bash
# Guess: `calls++; send(a + b);` in a function with two unsigned char parameters sends a + b.
# Seen: SDCC 4.2.0 makes a jump of the call, and first drops the parameter b through A, which holds a + b: a byte of the return address is sent.
# Why it matters: drivers of displays end so. Eighteen places in 318 files of public projects are wrong by it.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
unsigned char calls, sent;
void send(unsigned char c) { sent = c; }
void f(unsigned char a, unsigned char b) { calls++; send(a + b); }
void g(unsigned char a, unsigned char b) { calls++; send(a + b); __asm__(""); }
void main(void) { f(4, 3); put(sent == 7); g(4, 3); put(sent == 7); done(); }
C
expect "whether f sends 7, and the same with an empty __asm__ behind the call" "$(on_stm8 main.c)" "00000000 00000001"
