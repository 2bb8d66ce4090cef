#!/usr/bin/env bash
# Guess: after a line with "error" sdcc exits with a code other than 0.
# Seen: SDCC 4.2.0, asked to link a .rel file with a library `x.a` or an object `x.o`, prints "error 119: don't know what to do with
#   file". It then links nothing, writes no file and exits with 0. With a .c file in place of the .rel file it exits with 1.
# Why it matters: make and CI go on, with the image of the last build still in the folder.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'int twice(int a) { return a + a; }\n' >twice.c
printf 'int twice(int a);\nvolatile int v;\nvoid main(void) { for (;;) v = twice(v); }\n' >main.c
sdcc -mstm8 -c twice.c
sdcc -mstm8 -c main.c
sdar -rc twice.lib twice.rel
cp twice.lib twice.a
link() { rm -f main.ihx; code=0; sdcc -mstm8 "$@" -o main.ihx >log 2>&1 || code=$?; echo "$code $(grep -c 'error 119' log) $(ls main.ihx 2>/dev/null)"; }
expect "main.rel twice.lib: exit code, errors, file" "$(link main.rel twice.lib)" "0 0 main.ihx"
expect "main.rel twice.a: exit code, errors, file" "$(link main.rel twice.a)" "0 1 "
expect "main.c twice.a: exit code, errors, file" "$(link main.c twice.a)" "1 1 "
