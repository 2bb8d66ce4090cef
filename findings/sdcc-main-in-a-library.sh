#!/usr/bin/env bash
# Guess: a `main` in a library is linked, as every other linker does it, or the linker says that there is none.
# Seen: SDCC 4.2.0 for STM8: vectors and start-up code stand beside `main`, and nothing refers to them. With `main` in a library the link
#   exits with 0, prints nothing, and the image has no vectors. So it is with no `main` at all.
# Why it matters: the chip gets an image that it cannot start, and every step says success.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'void setup(void);\nvoid main(void) { for (;;) setup(); }\n' >core.c
printf 'void setup(void) {}\n' >sketch.c
sdcc -mstm8 -c core.c
sdcc -mstm8 -c sketch.c
sdar -rc core.lib core.rel
first() { sed -n 's/^:..800000\(..\).*/\1/p' "$1"; }  # the byte at 0x8000
code=0
sdcc -mstm8 sketch.rel core.lib -o library.ihx >log 2>&1 || code=$?
expect "main in a library: exit code" $code 0
expect "its first byte at 0x8000 is RET, not INT" "$(first library.ihx)" 81
sdcc -mstm8 sketch.rel core.rel -o object.ihx
expect "main in an object: the first byte is INT" "$(first object.ihx)" 82
