#!/usr/bin/env bash
# Guess: `strtol("0", &end, 0)` reads one digit, so `end` is behind it, and a test `end == text` finds texts without a number.
# Seen: SDCC 4.2.0: with base 0, "0" and "08" leave `end` at the beginning, as for a text without a number. So does "0x" with
#   base 16. C says one character each. "00", "010" and "0x5" are right, and so is "0" with base 8, 10 or 16. strtoul does the same.
# Why it matters: a command line over the UART that takes decimal, octal and hexadecimal numbers refuses the number 0.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stdlib.h>
static void digits(const char *text, uint8_t base) {
    char *end;
    uint8_t value = strtol(text, &end, base);
    put((uint32_t)value << 16 | (uint8_t)(end - text));
}
void main(void) {
    digits("0", 0);
    digits("08", 0);
    digits("0x", 16);
    digits("0", 10);
    digits("00", 0);
    digits("010", 0);
    digits("0x5", 0);
    done();
}
C
expect "value and characters: 0, 08 with base 0; 0x with base 16" "$(on_stm8 main.c | cut -d' ' -f 1-3)" "00000000 00000000 00000000"
expect "0 with base 10; 00, 010, 0x5 with base 0" "$(on_stm8 main.c | cut -d' ' -f 4-)" "00000001 00000002 00080003 00050003"
