#!/usr/bin/env bash
# Guess: `sdcc -c a.c b.c` compiles both files, as gcc and sdcc's own line for .rel files do, or fails.
# Seen: SDCC 4.2.0 compiles a.c, prints warning 120 for b.c, and exits with 0. A library that does not exist is a warning, too: with
#   `nosuch.lib` on its line the link exits with 0, unless a symbol is missing.
# Why it matters: a build script sees success. b.rel is missing, or is the one of an older build, and is linked.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'void main(void) { for (;;); }\n' >a.c
printf 'int twice(int a) { return a + a; }\n' >b.c
code=0
sdcc -mstm8 -c a.c b.c >log 2>&1 || code=$?
expect "exit code, warnings, objects" "$code $(grep -c 'warning 120' log) $(ls ./*.rel)" "0 1 ./a.rel"
code=0
sdcc -mstm8 a.rel nosuch.lib -o a.ihx >log 2>&1 || code=$?
expect "a library that does not exist: exit code, message" "$code $(grep -o "ASlink-Warning-Couldn't find library" log)" "0 ASlink-Warning-Couldn't find library"
