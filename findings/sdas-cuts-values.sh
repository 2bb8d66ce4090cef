#!/usr/bin/env bash
# Guess: the assembler refuses a value that does not fit: 0x1FF for a byte, 0x12345 for a 16-bit address.
# Seen: sdasstm8 of SDCC 4.2.0 cuts the value and prints nothing. `ld a, #0x1ff` loads FF, `ld a, (0x1ff, sp)` reads at FF, and
#   `addw sp, #0x100` adds 0. Only `mov` is checked.
# Why it matters: `ld 0x12345, a` in flash above 0xFFFF writes to 0x2345. LDF is needed there, and no message says so.
. "$(dirname "$0")/prepare"
sdcc_4_2
bytes() {
    printf '\t.module m\n\t.area CODE\n\t%s\n' "$1" >m.s
    sdasstm8 -lo m.rel m.s >log 2>&1 || { echo refused; return; }
    sed -n 's/^ *000000 \(\([0-9A-F][0-9A-F] \)*\).*/\1/p' m.lst | tr -d '\n'
}
expect "ld a, #0x1ff" "$(bytes 'ld a, #0x1ff')" "A6 FF "
expect "ld a, (0x1ff, sp)" "$(bytes 'ld a, (0x1ff, sp)')" "7B FF "
expect "addw sp, #0x100" "$(bytes 'addw sp, #0x100')" "5B 00 "
expect "ld 0x12345, a" "$(bytes 'ld 0x12345, a')" "C7 23 45 "
expect "mov 0x5000, #0x1ff" "$(bytes 'mov 0x5000, #0x1ff')" refused
