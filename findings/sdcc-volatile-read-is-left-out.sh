#!/usr/bin/env bash
# Guess: a statement that only reads a volatile, `(void)p->sr;`, reads it: C11 6.7.3 has the access as a side effect.
# Seen: SDCC 4.2.0 makes no code for it if `p` is a variable and the member is the first one; `*q;` with a global pointer q vanishes, too. The read
#   is there if the address is a constant, `((struct port *)0x5000)->sr;`, and for a member behind the first one. There is no warning.
# Why it matters: reading a status register is how many flags are cleared. A driver that takes a pointer to the peripheral does not clear them.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
struct port { volatile unsigned char sr, dr; };
void first(struct port *p) { (void)p->sr; }
void behind(struct port *p) { (void)p->dr; }
volatile unsigned char *q;
void plain(void) { *q; }
void by_address(void) { (void)((struct port *)0x5000)->sr; }
unsigned char used(struct port *p) { return p->sr; }
void main(void) { }
C
sdcc -mstm8 -S main.c -o main.asm
reads() { sed -n "/^_$1:/,/ret\$/p" main.asm | grep -cE "ld	a, (\(|0x5000)" || true; }
expect "reads of the first member through a pointer" "$(reads first)" 0
expect "reads of *q" "$(reads plain)" 0
expect "reads of the second member" "$(reads behind)" 1
expect "reads at a constant address" "$(reads by_address)" 1
expect "reads where the value is used" "$(reads used)" 1
