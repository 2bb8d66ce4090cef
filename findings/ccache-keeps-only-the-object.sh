#!/usr/bin/env bash
# Guess: ccache does not know SDCC and passes each call on, or it gives back all files that SDCC writes beside the object.
# Seen: ccache 4.7.5 takes SDCC's calls, and gives back the .rel file only. The .adb, .asm, .lst and .sym files are missing. SDCC
#   4.2.0 opens the .lst file when it links. It does not find it and exits with 1, with and without --debug.
# Why it matters: the first clean build works, and the second one, of the same sources, fails.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian ccache=4.8+really4.7.5-1 libhiredis0.14=0.14.1-3
export CCACHE_DIR="$work/cache"
printf 'struct pair { int a, b; } p;\nint sum(int v) { return v + p.a; }\nvoid main(void) { for (;;) p.a = sum(2); }\n' >main.c
build() {
    find . -maxdepth 1 -name 'main.*' ! -name main.c -delete
    ccache sdcc -mstm8 "$@" -c main.c -o main.rel
    printf '%s' "$(ls main.* | tr '\n' ' ')"
    code=0
    sdcc -mstm8 "$@" main.rel -o main.ihx >log 2>&1 || code=$?
    echo "$code $(grep -c 'cannot open.*main.lst' log || true)"
}
expect "--debug: files, link's exit code, complaints" "$(build --debug)" "main.adb main.asm main.c main.lst main.rel main.sym 0 0"
expect "the same again" "$(build --debug)" "main.c main.rel 1 1"
build >/dev/null
expect "without --debug, the second time: files, exit code, complaints" "$(build)" "main.c main.rel 1 1"
