#!/usr/bin/env bash
# Guess: `sdcc -lled` finds libled.lib or libled.a, and the link fails if there is none.
# Seen: SDCC 4.2.0 looks for led.lib only. If it is missing, the linker has a warning, and sdcc exits with 0, unless the program needs a
#   symbol of it. `sdcc main.c led.lib` with a missing led.lib is the same.
# Why it matters: a library that only replaces functions, such as an own putchar or a faster _divuint, is left out of a build that looks good.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'int led(void) { return 1; }\n' >led.c
sdcc -mstm8 -c led.c
for name in led.lib libled.lib libled.a; do
    mkdir "in-$name"
    sdar rcs "in-$name/$name" led.rel
done
printf 'int led(void);\nvoid main(void) { led(); for (;;); }\n' >main.c
linked() { code=0; sdcc -mstm8 "$@" -o program.ihx >log 2>&1 || code=$?; echo "$code $(grep -c "Couldn't find library" log || true)"; }
expect "exit code, warnings: led.lib" "$(linked main.c -L in-led.lib -lled)" "0 0"
expect "libled.lib" "$(linked main.c -L in-libled.lib -lled)" "1 1"
expect "libled.a" "$(linked main.c -L in-libled.a -lled)" "1 1"
printf 'void main(void) { for (;;); }\n' >main.c
expect "none, and no symbol of it is needed: -lled" "$(linked main.c -lled)" "0 1"
expect "led.lib" "$(linked main.c led.lib)" "0 1"
