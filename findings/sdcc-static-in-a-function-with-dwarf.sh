#!/usr/bin/env bash
# Guess: a program that links with --debug, or with --out-fmt-elf, links with both.
# Seen: SDCC 4.2.0 stops with "relocation error" for a function that has an initialised static variable and is followed by
#   another function. One option alone works. As the last function of the file it works with both.
# Why it matters: `static int n = 5;` in a function is usual C. The message names a line of the assembler file only.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >first.c <<'C'
volatile int v;
int counter(void) { static int n = 5; return n++; }
void main(void) { for (;;) v = counter(); }
C
cat >last.c <<'C'
volatile int v;
int counter(void);
void main(void) { for (;;) v = counter(); }
int counter(void) { static int n = 5; return n++; }
C
code() { sdcc -mstm8 "$@" -o out >log 2>&1 && echo 0 || echo "$? $(grep -c 'relocation error' log)"; }
expect "--debug" "$(code --debug first.c)" 0
expect "--out-fmt-elf" "$(code --out-fmt-elf first.c)" 0
expect "both: exit code, relocation errors" "$(code --debug --out-fmt-elf first.c)" "1 1"
expect "both, the function is the last one" "$(code --debug --out-fmt-elf last.c)" 0
