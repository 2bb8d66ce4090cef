#!/usr/bin/env bash
# Guess: with crcmod, CRC-32 is mkCrcFun(0x104C11DB7, initCrc=0xFFFFFFFF, xorOut=0xFFFFFFFF), as each table of CRCs lists it.
# Seen: crcmod 1.7 gives 0xD202D277 for this. initCrc is the CRC of an empty message, so the register begins with initCrc ^ xorOut.
#   CRC-32 needs initCrc=0. Bits are reflected by default: 0x11021 with 0xFFFF needs rev=False to be CRC-16/CCITT-FALSE.
# Why it matters: the parameters of a boot loader's CRC are copied from a table, and the chip refuses every frame.
. "$(dirname "$0")/prepare"
python_packages crcmod==1.7
expect "CRC-32 by the table, with initCrc=0, by zlib; 0x11021 with 0xFFFF, and with rev=False" "$("$python" - <<'P'
import zlib

from crcmod import mkCrcFun

message = b"123456789"
table = mkCrcFun(0x104C11DB7, initCrc=0xFFFFFFFF, xorOut=0xFFFFFFFF)
right = mkCrcFun(0x104C11DB7, initCrc=0, xorOut=0xFFFFFFFF)
short = mkCrcFun(0x11021, initCrc=0xFFFF)
plain = mkCrcFun(0x11021, initCrc=0xFFFF, rev=False)
print(*(f"{value:x}" for value in (table(message), right(message), zlib.crc32(message), short(message), plain(message))))
P
)" "d202d277 cbf43926 cbf43926 6f91 29b1"
