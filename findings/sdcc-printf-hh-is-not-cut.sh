#!/usr/bin/env bash
# Guess: printf("%02hhx", c) of a signed char of -1 is "ff", and "%hhd" of 300 is 44. hh converts the int to a char (C11 7.21.6.1).
# Seen: SDCC 4.2.0 for STM8 takes hh and prints the whole int: "ffff" and "300". "%hhu" of -1 is 65535. There is no message. SDCC 4.5.0 does the
#   same. `c & 0xFF` with "%02x" prints "ff".
# Why it matters: a dump of int8_t values has four digits for each negative one, and its columns move.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stdio.h>
#include <string.h>
char line[8];
signed char c = -1;
int wide = 300;
static void show(void) {
    put((uint32_t)line[0] << 24 | (uint32_t)line[1] << 16 | (uint32_t)line[2] << 8 | line[3]);
    memset(line, 0, 8);
}
void main(void) {
    sprintf(line, "%02hhx", c);
    show();
    sprintf(line, "%hhd", wide);
    show();
    sprintf(line, "%02x", c & 0xFF);
    show();
    done();
}
C
text() { python3 -c 'import sys; print("|".join(bytes.fromhex(w).decode("ascii").strip("\0") for w in sys.argv[1:]))' "$@"; }
expect "%02hhx of -1, %hhd of 300, %02x of -1 & 0xFF" "$(text $(on_stm8 main.c))" "ffff|300|ff"
