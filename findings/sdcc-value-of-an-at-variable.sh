#!/usr/bin/env bash
# Guess: `__at(0x4000) unsigned char limit = 7;` puts the 7 into the HEX file at 0x4000, the data EEPROM. avr-gcc's EEMEM does so.
# Seen: SDCC 4.2.0 for STM8 writes code for it: at each start the program stores 7 to 0x4000. The HEX file has nothing there. Only with
#   `const` the value is in the HEX file.
# Why it matters: the data EEPROM is locked after a reset, so the store does nothing. If it is unlocked, each start resets the setting.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf '__at(0x4000) unsigned char limit = 7;\nvoid main(void) { for (;;) limit++; }\n' >main.c
printf 'const __at(0x4000) unsigned char limit = 7;\nvolatile unsigned char v;\nvoid main(void) { for (;;) v = limit; }\n' >fixed.c
sdcc -mstm8 main.c -o main.ihx
sdcc -mstm8 fixed.c -o fixed.ihx
expect "records at 0x4000 without const" "$(grep -c '^:..4000' main.ihx)" 0
expect "the start-up code stores it (MOV 0x4000, #7)" "$(grep -c 35074000 main.ihx)" 1
expect "record at 0x4000 with const" "$(grep '^:..4000' fixed.ihx | tr -d '\r')" :0140000007B8
