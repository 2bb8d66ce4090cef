#!/usr/bin/env bash
# Guess: stm8dce, which removes unused functions from SDCC's assembler files, keeps a function whole that is used.
# Seen: stm8dce 1.1.2 takes each named label, such as `again:` in a block of inline assembler, for the begin of another function. If
#   nothing calls it by name it is removed, RET included: the program runs on into the next routine. Its exit code is 0.
# Why it matters: delay loops in inline assembler have such labels. The image links without a message.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages stm8dce==1.1.2
cat >main.c <<'C'
volatile unsigned char v;
void pause(void) __naked {
    __asm
        ldw x, #1000
    again:
        decw x
        nop
        jrne again
        ret
    __endasm;
}
void main(void) { for (;;) { pause(); v++; } }
C
sdcc -mstm8 -S main.c
mkdir less
code=0
venv/bin/stm8dce -o less main.asm >log 2>&1 || code=$?
instructions() { sed -n '/^_pause:/,/^_main:/p' "$1" | grep -cE '^[[:space:]]+(ldw|decw|nop|jrne|ret)'; }
expect "exit code, instructions before, after" "$code $(instructions main.asm) $(instructions less/main.asm)" "0 5 1"
code=0
sdasstm8 -plosgffw less/main.rel less/main.asm && sdcc -mstm8 less/main.rel -o main.ihx >log 2>&1 || code=$?
expect "link: exit code, lines printed" "$code $(wc -l <log)" "0 0"
