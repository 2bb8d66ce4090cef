#!/usr/bin/env bash
# Guess: the assembler's expressions have a sign: -10 / 3 is -3, and 10 / -3 is -3. `>>` of a negative number may fill with zeros.
# Seen: sdasstm8 of SDCC 4.2.0 divides without a sign, in 32 bits: `.dw -10/3` is 0x5552, `10/-3` is 0, `-10/4` is 0xFFFD. `>>` keeps the
#   sign: -8 >> 1 is -4. `*` and `-` are as in C.
# Why it matters: the start value of a timer that counts up, such as `#-1000/3`, is another number, without a message.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf '\t.module m\n\t.area CODE\n\t.dw -10/3, 10/-3, -10/4\n\t.dw -8>>1, -2*3, 10/3\n' >m.s
sdasstm8 -lo m.rel m.s
words() { sed -n "s/^ *$1 \(\([0-9A-F][0-9A-F] \)*\).*/\1/p" m.lst; }
expect "-10/3, 10/-3, -10/4" "$(words 000000)" "55 52 00 00 FF FD "
expect "-8>>1, -2*3, 10/3" "$(words 000006)" "FF FC FF FA 00 03 "
