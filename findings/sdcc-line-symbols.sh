#!/usr/bin/env bash
# Guess: with --debug, a symbol such as Smain$blink$3 is the third place in blink(), and all symbols of a file hold one name.
# Seen: SDCC 4.2.0 counts through the whole file: the first symbol of the second function has a number above 0. If one command
#   compiles main.c and links program.elf, S symbols have "main" and A symbols have "program".
# Why it matters: a tool that takes the number 0 for a function's entry finds the first function only.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
cat >main.c <<'C'
volatile int v;
int one(int a) { return a; }
void main(void) { for (;;) v = one(v); }
C
sdcc -mstm8 --debug --out-fmt-elf main.c -o program.elf
nm program.elf | awk '{print $3}' >names
lowest() { sed -n "s/^Smain\$$1\$\([0-9]*\)\$/\1/p" names | sort -n | head -n 1; }
expect "lowest number in one(), in main()" "$(lowest one) $(lowest main)" "0 4"
expect "names in S and A symbols" "$(sed -n 's/^\(S[a-z]*\|A\$[a-z]*\)\$.*/\1/p' names | sort -u | tr '\n' ' ')" 'A$program Smain '
