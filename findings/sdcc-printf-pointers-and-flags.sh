#!/usr/bin/env bash
# Guess: SDCC's sprintf leaves out only floats, as its manual says. It skips an unknown conversion together with its argument.
# Seen: SDCC 4.2.0 for STM8: %p prints the two bytes of a pointer in the wrong order: 0x1234 is 0x3412. "%*d" and
#   "%#x" come out as text ("*d", "#x"). Their argument goes to the next conversion, so the rest of the line is wrong.
#   "%.5d" ignores the precision, "%-5c" the width.
# Why it matters: if you look up an address from a log in the map, you find another variable.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stdio.h>
#include <string.h>
char line[16];
volatile int number_5 = 5;
void show(void) {
    uint8_t at;
    for (at = 0; at < 12; at += 4)
        put(((uint32_t)line[at] << 24) | ((uint32_t)line[at + 1] << 16) | ((uint32_t)line[at + 2] << 8) | line[at + 3]);
    memset(line, 0, 16);
}
void main(void) {
    sprintf(line, "%p|", (void *)0x1234); show();
    sprintf(line, "%#x|%d|", 77, number_5); show();
    sprintf(line, "%*d|", 5, number_5); show();
    sprintf(line, "%.3d|", number_5); show();
    sprintf(line, "%-3c|", 'A'); show();
    done();
}
C
text() { python3 -c 'import sys; print(b"".join(bytes.fromhex(w) for w in sys.argv[1:]).decode("ascii").replace("\0", ""))' $1; }
expect "%p of 0x1234; %#x of 77 then %d of 5; %*d of 5; %.3d of 5; %-3c of A" "$(text "$(on_stm8 main.c)")" "0x3412|#x|77|*d|5|A|"
