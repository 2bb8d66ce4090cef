#!/usr/bin/env bash
# Guess: atoi and strtol skip all white space before the number, as C11 7.22.1 says: "\n42" is 42.
# Seen: SDCC 4.2.0 for STM8 skips only blanks and tabs. "\n42" and "\r42" are 0, in atoi, atol and strtol. " 42" and "\t42" are 42.
#   strtol("0x", &end, 0) moves `end` by nothing; glibc reads the 0.
# Why it matters: a number that came over the UART often follows the line end of the last command.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stdlib.h>
void main(void) {
    const char *bare = "0x";
    char *end;
    put(atoi(" 42"));
    put(atoi("\t42"));
    put(atoi("\n42"));
    put(atoi("\r42"));
    put(atol("\n42"));
    put(strtol("\n42", 0, 10));
    put(strtol(bare, &end, 0));
    put(end - bare);
    done();
}
C
expect "results" "$(on_stm8 main.c)" "0000002a 0000002a 00000000 00000000 00000000 00000000 00000000 00000000"
