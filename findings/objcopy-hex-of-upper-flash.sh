#!/usr/bin/env bash
# Guess: GNU objcopy writes type 04 records for data above 0xFFFF, as every other tool does, and any loader puts them there.
# Seen: binutils 2.40 writes type 02 records for all data below 1 MiB, which is all of an STM8's flash. uCsim 0.6.4 (Debian's
#   sdcc-ucsim 4.2.0) ignores type 02 and loads the data 64 KiB too low. It says only that it read 64 words.
# Why it matters: an image for 0x017FF0 runs as if it were for 0x007FF0, without an error.
. "$(dirname "$0")/prepare"
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2 \
    sdcc-ucsim=4.2.0+dfsg-1 srecord=1.64-3 libsrecord0=1.64-3

printf '%b' "$(printf '\\x%02x' $(seq 0 63))" >data.bin
objcopy -I binary -O ihex --change-addresses 0x17FF0 data.bin objcopy.hex
srec_cat data.bin -binary -offset 0x17FF0 -o srecord.hex -intel
first() { head -n 1 "$1" | tr -d '\r'; }
held() { printf 'dump rom %s %s\nquit\n' "$2" "$2" | sstm8 -t STM8S208 "$1" 2>/dev/null | sed -n "s/^$2 *\(..\) .*/\1/p"; }

expect "first record by objcopy: segment 1000" "$(first objcopy.hex)" ":020000021000EC"
expect "first record by srecord: linear 0001" "$(first srecord.hex)" ":020000040001F9"
expect "objcopy's file in uCsim, byte at 0x07ff7" "$(held objcopy.hex 0x07ff7)" "07"
expect "objcopy's file in uCsim, byte at 0x17ff7" "$(held objcopy.hex 0x17ff7)" "00"
expect "srecord's file in uCsim, byte at 0x17ff7" "$(held srecord.hex 0x17ff7)" "07"
