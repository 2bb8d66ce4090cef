#!/usr/bin/env bash
# Guess: `__at(0x9000) int entry(void) { ... }` places the function, as `const __at(0x9000)` places a table. Or it is an error.
# Seen: SDCC 4.2.0 takes it without a message and puts the function where it would be without it. The table is placed. SDCC 4.5.0 does the same.
# Why it matters: a boot loader calls its application, or the other way round, at an address where there is no function.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'const __at(0x9100) unsigned char table[2] = {1, 2};\n' >main.c
printf '__at(0x9000) int entry(void) { return table[1]; }\nvoid main(void) { entry(); }\n' >>main.c
sdcc -mstm8 main.c -o main.ihx >log 2>&1
expect "exit code and messages" "$? $(cat log)" "0 "
place() { sed -n "s/^ *0*\([0-9A-F]*\)  *_$1 .*/\1/p" main.map; }
expect "addresses of the table and of the function" "$(place table) $(place entry)" "9100 8024"
