#!/usr/bin/env bash
# Guess: sdcc ignores GCC's -Wall with a warning, as it does with -Wextra.
# Seen: SDCC 4.2.0 takes -Wall for -Wa (words for the assembler) and `ll`. The assembler prints its usage and exits. The compilation
#   fails, and no message names -Wall. -Wpedantic becomes -Wp and `edantic`: the preprocessor looks for a file of that name. -Wextra is
#   ignored.
# Why it matters: -Wall is the first flag in the build_flags of many projects.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'void main(void) { for (;;); }\n' >main.c
compile() { code=0; sdcc -mstm8 -c "$1" main.c >log 2>&1 || code=$?; }
compile -Wextra
expect "-Wextra: exit code, and what is printed" "$code $(grep -c 'unknown compiler option' log)" "0 1"
compile -Wall
expect "-Wall: exit code, the assembler's usage, does it name -Wall" "$code $(grep -c '^Usage: \[-Options\]' log) $(grep -c -- -Wall log)" "1 2 0"
compile -Wpedantic
expect "-Wpedantic: exit code, and the file that is looked for" "$code $(grep -o 'edantic' log | head -n 1)" "1 edantic"
