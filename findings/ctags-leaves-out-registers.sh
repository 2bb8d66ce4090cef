#!/usr/bin/env bash
# Guess: Universal Ctags lists a variable of SDCC with an address, `volatile __at(0x5005) uint8_t odr;`, as it lists other variables.
# Seen: Universal Ctags 5.9 (Debian 12) leaves it out without a message, wherever `__at` stands. It lists functions with __interrupt(3), __trap and __naked.
# Why it matters: an editor that uses ctags jumps to each function, and finds no register and no variable at a fixed address.
. "$(dirname "$0")/prepare"
debian universal-ctags=5.9.20210829.0-1 libjansson4=2.14-2 libyaml-0-2=0.2.5-1 libseccomp2=2.5.4-1+deb12u1
cat >main.c <<'C'
typedef unsigned char uint8_t;
volatile __at(0x5005) uint8_t first;
__at(0x5006) volatile uint8_t second;
volatile uint8_t __at(0x5007) third;
volatile uint8_t fourth;
void tick(void) __interrupt(3) { fourth++; }
void trap(void) __trap { fourth = 0; }
void bare(void) __naked { }
C
names() { ctags-universal "$@" -x main.c | cut -d' ' -f1 | tr '\n' ' '; }
expect "names" "$(names)" "bare fourth tick trap uint8_t "
expect "names with -D '__at(x)='" "$(names -D '__at(x)=')" "bare first fourth second third tick trap uint8_t "
