#!/usr/bin/env bash
# Guess: mktime takes a month of 13 for February of the next year, as C says. The fields of struct tm are ints.
# Seen: SDCC 4.2.0 for STM8: month 13 of 2000 (counted from 0) gives 989,366,400, which is 97 days too late: mktime adds the bytes
#   after its table of twelve months. Month 1 of 2001 gives 980,985,600, as it should. The fields are unsigned chars: a day of -5 is 251.
# Why it matters: "in one month" and "five days ago" by arithmetic on struct tm give another date, without an error.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <time.h>
#include <string.h>
struct tm t;
void main(void)
{
    t.tm_year = 100;
    t.tm_mon = 13;
    t.tm_mday = 1;
    put(mktime(&t));
    t.tm_year = 101;
    t.tm_mon = 1;
    put(mktime(&t));
    t.tm_mday = -5;
    put((uint32_t)t.tm_mday);
    done();
}
C
expect "2000-13, 2001-01, a day of -5" "$(on_stm8 main.c 2>/dev/null)" "3af88880 3a78a700 000000fb"
