#!/usr/bin/env bash
# Guess: strtol and strtoul return LONG_MAX or ULONG_MAX for each number that is too large, as C11 7.22.1.4 says, and set errno to ERANGE.
# Seen: SDCC 4.2.0 for STM8 compares each step with the step before, so it misses numbers that wrap to a larger one. strtol("5000000000")
#   is 705,032,704, strtoul("4294967299") is 3, and errno stays 0. strtol("99999999999") is LONG_MAX. SDCC 4.5.0 is right.
# Why it matters: a command line that checks errno takes a typing error of one digit for a valid time or address.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <errno.h>
#include <stdlib.h>
static void both(const char *text) {
    errno = 0;
    put(strtol(text, NULL, 10));
    put(errno);
    errno = 0;
    put(strtoul(text, NULL, 10));
    put(errno);
}
void main(void) {
    both("99999999999");
    both("5000000000");
    both("4294967299");
    done();
}
C
seen=$(on_stm8 main.c)
expect "99999999999: strtol, errno, strtoul, errno" "$(echo "$seen" | cut -d' ' -f 1-4)" "7fffffff 00000022 ffffffff 00000022"
expect "5000000000: strtol, errno, strtoul, errno" "$(echo "$seen" | cut -d' ' -f 5-8)" "2a05f200 00000000 2a05f200 00000000"
expect "4294967299: strtol, errno, strtoul, errno" "$(echo "$seen" | cut -d' ' -f 9-12)" "00000003 00000000 00000003 00000000"
