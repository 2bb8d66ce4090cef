#!/usr/bin/env bash
# Guess: uCsim's command `set memory rom ADDRESS VALUE` changes any byte of the memory, as a debugger does. Or it says that it did not.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) changes RAM and EEPROM. A byte in flash keeps its value, and no message says so. The
#   option -w ("Writable flash"), which seems to be about the program, makes the command work.
# Why it matters: a test that patches a constant or an instruction this way runs the old program and passes.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'void main(void) { for (;;); }\n' >main.c
sdcc -mstm8 main.c -o main.ihx
patched() {
    printf 'set memory rom 0x100 0xaa\nset memory rom 0x4000 0xaa\nset memory rom 0x9000 0xaa\n' >commands
    printf 'dump rom 0x100 0x100\ndump rom 0x4000 0x4000\ndump rom 0x9000 0x9000\nquit\n' >>commands
    sstm8 -b "$@" main.ihx <commands 2>&1 | tr -d '\000' | sed -n 's/^0x0\(0100\|4000\|9000\) *\([0-9a-f][0-9a-f]\) .*/\1=\2/p' | sort -u | tr '\n' ' '
}
expect "RAM, EEPROM, flash" "$(patched)" "0100=aa 4000=aa 9000=00 "
expect "RAM, EEPROM, flash, with -w" "$(patched -w)" "0100=aa 4000=aa 9000=aa "
