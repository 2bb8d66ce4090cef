#!/usr/bin/env bash
# Guess: UINT16_MAX has the type of a uint16_t after the promotions, unsigned int (C11 7.20.2), as UINT_MAX has. printf("%u", UINT16_MAX) is 65535.
# Seen: SDCC 4.2.0 for STM8 defines it as 65535 without a u, which is a long for a 16-bit int. sprintf("%u %d", UINT16_MAX, 5) gives "0 -1": the
#   argument has four bytes. UINTPTR_MAX, UINT_LEAST16_MAX and UINT_FAST16_MAX are longs, too; SIZE_MAX and UINT_MAX are not. SDCC 4.5.0 does
#   the same.
# Why it matters: a limit in a log prints as 0 and shifts all later values, and `x == UINT16_MAX` is compared in 32 bits.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <limits.h>
#include <stdio.h>
char line[16];
static void show(void) {
    put((uint32_t)line[0] << 24 | (uint32_t)line[1] << 16 | (uint32_t)line[2] << 8 | line[3]);
    put((uint32_t)line[4] << 24 | (uint32_t)line[5] << 16 | (uint32_t)line[6] << 8 | line[7]);
}
void main(void) {
    put(sizeof(UINT16_MAX));
    put(sizeof(UINTPTR_MAX));
    put(sizeof(UINT_MAX));
    put(sizeof(SIZE_MAX));
    sprintf(line, "%u %d", UINT16_MAX, 5);
    show();
    sprintf(line, "%u %d", UINT_MAX, 5);
    show();
    done();
}
C
seen=$(on_stm8 main.c)
text() { python3 -c 'import sys; print(bytes.fromhex("".join(sys.argv[1:])).decode("ascii").split("\0")[0])' "$@"; }
expect "sizes of UINT16_MAX, UINTPTR_MAX, UINT_MAX, SIZE_MAX" "$(echo "$seen" | cut -d' ' -f 1-4)" "00000004 00000004 00000002 00000002"
expect '"%u %d" of UINT16_MAX and 5' "$(text $(echo "$seen" | cut -d' ' -f 5-6))" "0 -1"
expect '"%u %d" of UINT_MAX and 5' "$(text $(echo "$seen" | cut -d' ' -f 7-8))" "65535 5"
