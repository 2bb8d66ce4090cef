#!/usr/bin/env bash
# Guess: `a[port] += 2` reads port once: C11 6.5.16.2 evaluates the left side of a compound assignment once.
# Seen: SDCC 4.2.0 reads a volatile in the index twice: once for the element that it reads, once for the element that it writes.
#   `a[next()] += 2` calls next once, and `a[port]++` reads once.
# Why it matters: a receive register in an index, such as in a histogram, loses a byte, and two elements of the array are mixed.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
volatile unsigned char __at(0x5000) port;
unsigned char a[4], i;
void add(void) { a[port] += 2; }
void step(void) { a[port]++; }
void first(void) { i = port; a[i] += 2; }
void main(void) { }
C
sdcc -mstm8 -S main.c -o main.asm
reads() { sed -n "/^_$1:/,/ret\$/p" main.asm | grep -c "_port"; }
expect "reads of port for a[port] += 2" "$(reads add)" 2
expect "reads of port for a[port]++" "$(reads step)" 1
expect "reads of port for i = port; a[i] += 2" "$(reads first)" 1
