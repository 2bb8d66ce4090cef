#!/usr/bin/env bash
# Guess: mbrtowc reads a whole UTF-8 character and returns its length, 2 for C3 A9, as C11 7.29.6.3.2 says and as mbtowc does.
# Seen: SDCC 4.2.0 for STM8 returns -1, "invalid", for each character of two or more bytes that is there as a whole. Byte after byte it
#   works: -2, and then 2, where C has 1, the number of new bytes. mbrlen and mbrtoc32 do the same. mbtowc is right. SDCC 4.5.0 does
#   the same.
# Why it matters: a loop over a text, as each book has it, stops at the first degree sign or umlaut.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>
wchar_t wide;
char32_t wide32;
mbstate_t state;
void main(void) {
    put((int)mbrtowc(&wide, "A", 1, &state));
    put((int)mbrtowc(&wide, "\xc3\xa9", 2, &state));
    memset(&state, 0, sizeof state);
    put((int)mbrtoc32(&wide32, "\xe2\x82\xac", 3, &state));
    memset(&state, 0, sizeof state);
    put((int)mbrlen("\xe2\x82\xac", 3, &state));
    memset(&state, 0, sizeof state);
    put((int)mbrtowc(&wide, "\xc3", 1, &state));
    put((int)mbrtowc(&wide, "\xa9", 1, &state));
    put(wide);
    put(mbtowc(&wide, "\xc3\xa9", 2));
    put(wide);
    done();
}
C
seen=$(on_stm8 main.c)
expect "mbrtowc of A and of C3 A9; mbrtoc32 and mbrlen of E2 82 AC" "$(echo "$seen" | cut -d' ' -f 1-4)" "00000001 ffffffff ffffffff ffffffff"
expect "mbrtowc of C3 and then A9, and the character; mbtowc of C3 A9, and the character" "$(echo "$seen" | cut -d' ' -f 5-)" \
    "fffffffe 00000002 000000e9 00000002 000000e9"
