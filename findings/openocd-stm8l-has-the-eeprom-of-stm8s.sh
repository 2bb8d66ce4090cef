#!/usr/bin/env bash
# Guess: OpenOCD's target/stm8l.cfg, the file for the STM8L family, has the EEPROM at 0x1000, where each STM8L with EEPROM has it.
# Seen: OpenOCD 0.12.0: the file has the EEPROM of an STM8S, 0x4000 to 0x43FF. Only target/stm8l152.cfg says 0x1000. Both have
#   flash up to 0xFFFF, for parts with 4 to 64 KiB. The variables can be set before the file is read.
# Also seen: no file of STM8 makes a flash bank, so `flash list` is empty. Flash is written as if it were memory.
# Why it matters: OpenOCD treats a write to an STM8L's EEPROM as one to RAM, without the unlocking, and the byte stays as it was.
. "$(dirname "$0")/prepare"
debian openocd=0.12.0-1 libcapstone4=4.0.2-5 libftdi1-2=1.5-6+b2 libgpiod2=1.6.3-1+b3 libhidapi-hidraw0=0.13.1-1 \
    libjaylink0=0.3.1-1 libjim0.81=0.81+dfsg0-2 libusb-1.0-0=2:1.0.26-1
memory() {
    openocd -s "$work/root/usr/share/openocd/scripts" -f interface/stlink-dap.cfg "$@" \
        -c 'puts "$_EEPROMSTART $_EEPROMEND $_FLASHSTART $_FLASHEND [llength [flash list]]"; shutdown' 2>log
}
expect "stm8l.cfg: EEPROM, flash, number of flash banks" "$(memory -f target/stm8l.cfg)" "0x4000 0x43ff 0x8000 0xffff 0"
expect "stm8s.cfg" "$(memory -f target/stm8s.cfg)" "0x4000 0x43ff 0x8000 0xffff 0"
expect "stm8l152.cfg" "$(memory -f target/stm8l152.cfg)" "0x1000 0x13ff 0x8000 0xffff 0"
expect "stm8l.cfg with own values" "$(memory -c 'set EEPROMSTART 0x1000; set EEPROMEND 0x13FF; set FLASHEND 0xBFFF' -f target/stm8l.cfg)" \
    "0x1000 0x13FF 0x8000 0xBFFF 0"
