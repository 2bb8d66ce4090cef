#!/usr/bin/env bash
# Guess: one/part.c and two/part.c link if their functions have different names, with and without --debug.
# Seen: with --debug SDCC 4.2.0 makes global symbols from the file's name and a line number, without the folder. The linker
#   finds A$part$... and C$part.c$... twice and exits with 1. Without --debug it links.
# Why it matters: many libraries have a util.c or a gpio.c. A project that builds cannot be built for the debugger.
. "$(dirname "$0")/prepare"
sdcc_4_2
mkdir one two
printf 'int first(void) { return 1; }\n' >one/part.c
printf 'int second(void) { return 2; }\n' >two/part.c
printf 'int first(void), second(void);\nvolatile int v;\nvoid main(void) { for (;;) v = first() + second(); }\n' >main.c
build() {
    for folder in one two; do sdcc -mstm8 "$@" -c "$folder/part.c" -o "$folder/part.rel"; done
    sdcc -mstm8 "$@" main.c one/part.rel two/part.rel -o main.out >log 2>&1 && echo 0 || echo $?
}
expect "without --debug" "$(build)" 0
expect "--debug" "$(build --debug)" 1
expect "names that are defined twice" "$(sed -n 's/^Multiple definition of \([AC]\$part\).*/\1/p' log | sort -u | tr '\n' ' ')" 'A$part C$part '
expect "--debug --out-fmt-elf" "$(build --debug --out-fmt-elf)" 1
