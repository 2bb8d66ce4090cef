#!/usr/bin/env bash
# Guess: `_Generic("text", char *: 1, default: 3)` is 1, as C11 6.5.1.1 and 6.4.5 say. `&line[0]` of a char array gives 1, too.
# Seen: SDCC 4.2.0, which takes _Generic with numbers and structs, takes the default for each text, array, function and address. There is
#   no message. SDCC 4.5.0 finds them, but not an array by its name. It has error 228 for a list with both `int *` and `const int *`,
#   as it takes them for one type.
# Why it matters: a macro print(x) with an entry for texts compiles, and prints the address as a number.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define KIND(x) _Generic((x), char *: 1, unsigned char *: 2, default: 3)
#define KIND_OF_NUMBER(x) _Generic((x), int: 1, long: 2, struct point: 4, default: 3)
struct point { int x, y; } place;
char line[8];
unsigned char byte;
void main(void) {
    put(KIND("text"));
    put(KIND(&byte));
    put(KIND(&line[0]));
    put(KIND(line));
    put(_Generic(done, void (*)(void): 1, default: 3));
    put(KIND_OF_NUMBER(5));
    put(KIND_OF_NUMBER(5L));
    put(KIND_OF_NUMBER(place));
    done();
}
C
seen=$(on_stm8 main.c 2>/dev/null)
expect "a text, address of an unsigned char, of a char, an array, a function" "$(echo "$seen" | cut -d' ' -f 1-5)" \
    "00000003 00000003 00000003 00000003 00000003"
expect "int, long, a struct" "$(echo "$seen" | cut -d' ' -f 6-)" "00000001 00000002 00000004"
