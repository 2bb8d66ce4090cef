#!/usr/bin/env bash
# Guess: `s.m = s.f` with an `unsigned char m` and an `unsigned f : 2` sets m to the value of f.
# Seen: SDCC 4.2.0 takes m for a bit-field at the place of f: it changes two bits of m and leaves the others. It is the same for an element of an
#   array, for `*p`, and for a register by its address. A variable of its own is right, and so is f + 1. There is no warning. 4.5.0 is right.
# Why it matters: a driver copies a bit-field of its settings into a register in just this way.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
struct { unsigned char m; unsigned other : 3; unsigned f : 2; } s;
unsigned char a[2], v;
void member(void) { s.m = s.f; }
void element(void) { a[1] = s.f; }
void variable(void) { v = s.f; }
void sum(void) { s.m = s.f + 1; }
void main(void) {
    s.f = 1;
    s.m = a[1] = v = 0x56;
    member(); put(s.m);
    element(); put(a[1]);
    variable(); put(v);
    s.m = 0x56;
    sum(); put(s.m);
    done();
}
C
expect "a member, an element, a variable, and f + 1, where f is 1" "$(on_stm8 main.c)" "0000004e 0000004e 00000001 00000002"
