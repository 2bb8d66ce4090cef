#!/usr/bin/env bash
# Guess: sdasstm8 refuses "div x, y", or takes it for DIVW X, Y (opcode 65).
# Seen: sdasstm8 of SDCC 4.2.0 turns it into DIV X, A (opcode 62). It turns "mul x, y" and "mul x, x" into MUL X, A. There is no
#   message: it does not look at the second operand of div and mul. It refuses "div a, x".
# Why it matters: hand-written assembler divides by the value that happens to be in A.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >code.s <<'S'
	.area CODE
	div x, y
	div y, x
	mul x, y
	mul x, x
	divw x, y
	div x, a
S
sdasstm8 -lo code.rel code.s >messages 2>&1
expect "messages" "$(cat messages)" ""
expect "the code" "$(sed -n 's/^ *[0-9A-F]\{6\} \([0-9A-F ]*\) *\[.*/\1/p' code.lst | tr -d ' ' | tr '\n' ' ')" "62 9062 42 42 65 62 "
