#!/usr/bin/env bash
# Guess: each variable in SDCC's .cdb file has a type: a letter for _Bool, and one for long long. char is SC, int is SI, long is SL, float is SF.
# Seen: SDCC 4.2.0 for STM8 writes nothing between the colons of a _Bool: `({1}:S)`. A long long is SI, an int, whose size is 8. The sizes in front
#   are right.
# Why it matters: a reader that splits the type at its commas fails at the first flag. One that trusts SI shows two of the eight bytes.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf '_Bool flag;\nint number;\nlong wide;\nunsigned long long wider;\nvoid main(void) {}\n' >main.c
sdcc -mstm8 --debug main.c -o main.ihx
kind() { sed -n "s/^S:G.$1.0_0.0(\(.*\)),E,0,0/\1/p" main.cdb; }
expect "int, long" "$(kind number) $(kind wide)" "{2}SI:S {4}SL:S"
expect "_Bool, unsigned long long" "$(kind flag) $(kind wider)" "{1}:S {8}SI:U"
