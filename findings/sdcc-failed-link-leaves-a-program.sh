#!/usr/bin/env bash
# Guess: if the link fails, sdcc leaves no HEX file, as GNU ld leaves no program.
# Seen: SDCC 4.2.0: after an undefined symbol, or one that two objects define, sdcc exits with 1, and the HEX file is there. The call of the
#   missing function goes to address 0. `make` takes the file for up to date at the next call, and exits with 0.
# Why it matters: the second `make flash` after an error writes a program that jumps into RAM.
. "$(dirname "$0")/prepare"
sdcc_4_2
command -v make >/dev/null || { echo "this finding needs make"; exit 1; }
printf 'void missing(void);\nvoid main(void) { missing(); for (;;); }\n' >main.c
printf 'program.ihx: main.c\n\tsdcc -mstm8 main.c -o program.ihx\n' >Makefile
code=0
make >log 2>&1 || code=$?
expect "first make: exit code, reason" "$code $(grep -o "Undefined Global '_missing'" log | head -n 1)" "2 Undefined Global '_missing'"
expect "calls of address 0 in program.ihx" "$(grep -c 'CD0000' program.ihx)" 1
code=0
make >log 2>&1 || code=$?
expect "second make: exit code, message" "$code $(cat log)" "0 make: 'program.ihx' is up to date."
printf 'int twice;\nvoid main(void) { for (;;); }\n' >one.c
printf 'int twice;\n' >two.c
sdcc -mstm8 -c two.c
code=0
sdcc -mstm8 one.c two.rel -o double.ihx >log 2>&1 || code=$?
expect "a symbol in two objects: exit code, files" "$code $(ls double.ihx)" "1 double.ihx"
