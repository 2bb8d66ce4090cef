#!/usr/bin/env bash
# Guess: with `#define LOAD(v) __asm ld a, #v __endasm`, LOAD(5) is `ld a, #5`. If the preprocessor makes a string of v, as C says for #,
#   the assembler refuses the line.
# Seen: SDCC 4.2.0 passes `ld a, "5"` on, and its assembler takes that as an address: A is loaded from 0x3522 (the letters 5 and "), without
#   a message. LOAD(16) reads from 0x3136. Only with three digits the assembler has an error. `__asm__("ld a, #" #v)` does what was meant.
# Why it matters: the macro compiles, and reads a byte of nowhere.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf '#define LOAD(v) __asm ld a, #v __endasm\nvoid main(void) { LOAD(5); for (;;); }\n' >macro.c
code=0
sdcc -mstm8 -c macro.c >messages 2>&1 || code=$?
expect "LOAD(5): exit code, messages" "$code $(wc -l <messages)" "0 0"
expect "LOAD(5): its bytes" "$(sed -nE 's/^ +000000 (([0-9A-F]{2} )+).*ld\ta, "5".*/\1/p' macro.lst)" "C6 35 22 "
sed 's/LOAD(5)/LOAD(16)/' macro.c >digits.c
sdcc -mstm8 -c digits.c >messages 2>&1
expect "LOAD(16): its bytes" "$(sed -nE 's/^ +000000 (([0-9A-F]{2} )+).*ld\ta, "16".*/\1/p' digits.lst)" "C6 31 36 "
sed 's/LOAD(5)/LOAD(100)/' macro.c >digits.c
code=0
sdcc -mstm8 -c digits.c >messages 2>&1 || code=$?
expect "LOAD(100): exit code" "$code" 1
sed 's/__asm ld a, #v __endasm/__asm__("ld a, #" #v)/' macro.c >string.c
sdcc -mstm8 -c string.c
expect "with __asm__(...)" "$(sed -nE 's/^ +000000 (([0-9A-F]{2} )+).*ld\ta, #5.*/\1/p' string.lst)" "A6 05 "
