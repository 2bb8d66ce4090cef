#!/usr/bin/env bash
# Guess: srec_cat's CRC-16, with its default or with -ccitt, is CRC-16/CCITT-FALSE: 0x29B1 for "123456789". Its manual names CCITT.
# Seen: srecord 1.64 gives 0xE5CC, with and without -ccitt: it adds 16 zero bits to the message. crcmod 1.7 calls this crc-aug-ccitt.
#   The usual 0x29B1 needs the option -broken. crcmod's crc-ccitt-false and CRC libraries for the chip give 0x29B1.
# Why it matters: the build appends the CRC to the image, and the program on the chip never gets the same value.
. "$(dirname "$0")/prepare"
debian srecord=1.64-3 libsrecord0=1.64-3
python_packages crcmod==1.7
printf 123456789 >message
crc() { srec_cat message -binary -crc16-big-endian 9 "$@" -crop 9 11 -offset -9 -o - -binary | od -An -tx1 | tr -d ' \n'; }
expect "default, -ccitt, -broken, -xmodem" "$(crc) $(crc -ccitt) $(crc -broken) $(crc -xmodem)" "e5cc e5cc 29b1 31c3"
expect "crcmod: crc-ccitt-false, crc-aug-ccitt" "$("$python" - <<'P'
from crcmod.predefined import mkPredefinedCrcFun

print(*(f"{mkPredefinedCrcFun(name)(b'123456789'):04x}" for name in ("crc-ccitt-false", "crc-aug-ccitt")))
P
)" "29b1 e5cc"
