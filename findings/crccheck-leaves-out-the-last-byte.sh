#!/usr/bin/env bash
# Guess: crccheck's Checksum16 adds the bytes into 16 bits: 0x01DD for "123456789". If it adds words, it pads the last one, or refuses.
# Seen: crccheck 1.3.1 adds big-endian words and leaves out the last byte of an odd length, without a message. "12345678" and
#   "123456789" have the same sum. Checksum32 leaves out up to three bytes. crc.Crc16 is XMODEM, not CRC-16/ARC.
# Why it matters: a change in the last byte of an image is not found.
. "$(dirname "$0")/prepare"
python_packages crccheck==1.3.1
expect "Checksum16, Checksum32, Checksum8, Crc16" "$("$python" - <<'P'
from crccheck.checksum import Checksum8, Checksum16, Checksum32
from crccheck.crc import Crc16

for message in (b"12345678", b"123456789", b"12345678x"):
    print(*(f"{kind.calc(message):x}" for kind in (Checksum16, Checksum32, Checksum8, Crc16)), end="; ")
P
)" "d0d4 66686a6c a4 9015; d0d4 66686a6c dd 31c3; d0d4 66686a6c 1c 6926; "
