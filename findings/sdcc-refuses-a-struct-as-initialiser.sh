#!/usr/bin/env bash
# Guess: SDCC 4.2.0, which assigns structs, also takes `struct point b = a;` for a local variable, as C89 6.5.7 does.
# Seen: it refuses this line, and takes `struct point b; b = a;`. It also refuses `x && y` of two floats. It refuses `*(t + f()) += 1`, and
#   takes `t[f()] += 1`.
# Why it matters: C code from elsewhere does not compile, and the messages name other mistakes.
. "$(dirname "$0")/prepare"
sdcc_4_2
told() {
    printf 'struct point { int x, y; }; struct point a; float x, y; unsigned char t[4]; int f(void); int r;\nvoid main(void) { %s }\n' "$1" >main.c
    if sdcc -mstm8 -c main.c >messages 2>&1; then echo compiles; else grep -o 'error [0-9]*: .*' messages | head -n 1; fi
}
expect "struct initialiser" "$(told 'struct point b = a; r = b.x;')" "error 69: struct/union/array '': initialization needs curly braces"
expect "struct assignment" "$(told 'struct point b; b = a; r = b.x;')" "compiles"
expect "&& of floats" "$(told 'r = x && y;')" "error 44: operands are not comparable"
expect "*(t + f()) += 1" "$(told '*(t + f()) += 1;')" "error 48: cannot assign values to arrays"
expect "t[f()] += 1" "$(told 't[f()] += 1;')" "compiles"
