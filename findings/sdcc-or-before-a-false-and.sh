#!/usr/bin/env bash
# Guess: `v || (w && 0)` is v as a truth value. A log macro that is switched off makes such a 0.
# Seen: SDCC 4.2.0 returns 1 always. With a constant instead of v it leaves out the rest of the function.
# Why it matters: there is a warning of unreachable code, but none that the value is wrong. `(w && 0) || v` is right.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define DEBUG 0
int either(int v, int w) { return v || (w && DEBUG); }
int turned(int v, int w) { return (w && DEBUG) || v; }
int seen;
void rest(int w) {
  1 && (w && DEBUG);
  seen = 7;
}
void main(void) { put(either(0, 1)); put(turned(0, 1)); rest(1); put(seen); done(); }
C
expect "v || (w && 0), (w && 0) || v, the rest" "$(on_stm8 main.c)" "00000001 00000000 00000000"
