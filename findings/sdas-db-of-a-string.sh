#!/usr/bin/env bash
# Guess: `.db "A"` is the byte 0x41, as in most assemblers, or an error.
# Seen: sdasstm8 of SDCC 4.2.0 takes `"A"` for a constant of two characters, A and the closing quote. It keeps the low byte, 0x22,
#   without a message. `.db 'A'` and `.ascii "A"` are 0x41. A leading zero makes no octal number: `.db 010` is 10.
# Why it matters: a text or a number that was copied from C or from another assembler changes its value in silence.
. "$(dirname "$0")/prepare"
sdcc_4_2
bytes() {
    printf '\t.module m\n\t.area CODE\n\t%s\n' "$1" >m.s
    sdasstm8 -lo m.rel m.s >log 2>&1 || echo "error: $(cat log)"
    sed -n 's/^ *000000 \(\([0-9A-F][0-9A-F] \)*\).*/\1/p' m.lst | tr -d '\n'
}
expect '.db "A"' "$(bytes '.db "A"')" "22 "
expect ".db 'A'" "$(bytes ".db 'A'")" "41 "
expect '.ascii "A"' "$(bytes '.ascii "A"')" "41 "
expect ".db 010" "$(bytes '.db 010')" "0A "
