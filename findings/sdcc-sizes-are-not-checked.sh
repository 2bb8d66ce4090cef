#!/usr/bin/env bash
# Guess: `--code-size 16` and `--iram-size 1` let the link fail if the program is larger. `sdcc --help` lists both among the linker options.
# Seen: SDCC 4.2.0 for STM8 takes both options and checks nothing. An array of 70,000 bytes compiles, too; its size is taken modulo
#   65,536, without a warning. All three exit with 0 and print nothing.
# Why it matters: a Makefile with these options has no size check, although it seems to have one.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'volatile unsigned char buffer[40];\nvoid main(void) { for (;;) buffer[3]++; }\n' >main.c
build() { code=0; sdcc -mstm8 "$@" >log 2>&1 || code=$?; echo "$code $(wc -l <log)"; }
expect "--code-size 16: exit code, lines printed" "$(build main.c --code-size 16 -o code.ihx)" "0 0"
expect "--iram-size 1: exit code, lines printed" "$(build main.c --iram-size 1 -o data.ihx)" "0 0"
printf 'unsigned char buffer[70000];\nvoid main(void) { for (;;) buffer[3]++; }\n' >large.c
expect "70,000 bytes of RAM: exit code, lines printed" "$(build large.c -o large.ihx)" "0 0"
expect "size of DATA" "$(sed -n 's/^ *\([0-9A-F]*\)  *l_DATA .*/\1/p' large.map)" 00001170
