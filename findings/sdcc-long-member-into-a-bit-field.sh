#!/usr/bin/env bash
# Guess: `s.m = s.l`, with an unsigned long l and `unsigned m : 13` in one struct, stores the low 13 bits of l.
# Seen: SDCC 4.2.0 swaps the two low bytes of l first: 0xcb2cf059 gives 0x19f0, not 0x1059. `s.l + 1` is as wrong. `(unsigned)s.l` and a plain global
#   long are right. There is no warning.
# Why it matters: packing measured values into bit-fields is usual on a chip with 1 KiB of RAM.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
struct { uint32_t l; unsigned m : 13; } s = {0xcb2cf059};
void main(void) {
    s.m = s.l; put(s.m);
    s.m = s.l + 1; put(s.m);
    s.m = (unsigned)s.l; put(s.m);
    done();
}
C
expect "the low 13 bits of 0xcb2cf059, of it plus 1, and through unsigned" "$(on_stm8 main.c)" "000019f0 000019f1 00001059"
