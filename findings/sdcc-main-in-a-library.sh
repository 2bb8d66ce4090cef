#!/usr/bin/env bash
# Guess: the linker links a `main` in a library, as every other linker does, or says that there is none.
# Seen: SDCC 4.2.0 for STM8: vectors and start-up code are in the module with `main`, and nothing refers to them. With `main` in a
#   library the link exits with 0, prints nothing, and the image has no vectors. The same happens without any `main`.
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
