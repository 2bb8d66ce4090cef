#!/usr/bin/env bash
# Guess: in uCsim a write to the EEPROM does nothing until DUKR has had its two keys, as FLASH_IAPSR's bit DUL tells.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0): DUL follows the keys, and the EEPROM takes each write, with DUL at 0, too. So do option
#   bytes. Flash takes no write, with PUL at 1.
# Why it matters: a program that forgets the keys keeps its settings in the simulator and not in a chip. A boot loader is the contrary.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#include "chip.h"
#define PUKR (*(volatile uint8_t *)0x5062)
#define DUKR (*(volatile uint8_t *)0x5064)
#define LOCKS (*(volatile uint8_t *)0x505F & 0x0A)  // FLASH_IAPSR: DUL is 0x08, PUL is 0x02
#define AT(address) (*(volatile uint8_t *)(address))
void main(void) {
    put(LOCKS);
    AT(0x4000) = 0x11;
    put(AT(0x4000));
    AT(0x4801) = 0x22;
    put(AT(0x4801));
    DUKR = 0xAE;
    DUKR = 0x56;
    PUKR = 0x56;
    PUKR = 0xAE;
    put(LOCKS);
    AT(0x9000) = 0x33;
    put(AT(0x9000));
    done();
}
C
expect "locks, EEPROM, option byte; locks after the keys, flash" "$(on_stm8 main.c)" "00000000 00000011 00000022 0000000a 00000000"
