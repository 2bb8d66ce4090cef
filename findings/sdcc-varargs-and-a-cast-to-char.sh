#!/usr/bin/env bash
# Guess: `(char)c` as an argument of a variadic function is promoted to int, as C11 6.5.2.2 says.
# Seen: SDCC 4.2.0 in its default dialect passes one byte for an explicit cast of a variable. So every later argument is read one byte
#   off. The same variable without the cast is right. A constant with the cast, and --std-c99 or --std-c11, are right, too.
# Why it matters: because of a harmless cast, a call of printf or of your own logging function prints wrong values.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#include <stdarg.h>
signed char c = 1;
unsigned sum(int n, ...) {
    unsigned total = 0;
    va_list list;
    va_start(list, n);
    while (n--) total += va_arg(list, int);
    va_end(list);
    return total;
}
void main(void) { put(sum(2, c, 300)); put(sum(2, (char)1, 300)); put(sum(2, (char)c, 300)); done(); }
C
expect "sum of c and 300, (char)1 and 300, (char)c and 300" "$(on_stm8 main.c)" "0000012d 0000012d 00002d01"
expect "the same with --std-c11" "$(on_stm8 main.c --std-c11)" "0000012d 0000012d 0000012d"
