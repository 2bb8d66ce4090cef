#!/usr/bin/env bash
# Guess: all tools read a record that runs over the end of an extended SEGMENT (type 02) in the same way.
# Seen: intelhex 2.3.0, bincopy 20.1.1, hexrec 0.5.1 and GNU objcopy 2.40 go on into the next 64 KiB; srecord 1.64 wraps to the start
#   of the segment. Intel's specification (1988, section 3) says wrap for type 02 and go on for type 04.
# Why it matters: with one valid file, two tools program different addresses. GNU objcopy writes type 02 for STM8 flash
#   above 0xFFFF.
. "$(dirname "$0")/prepare"
python_packages intelhex==2.3.0 bincopy==20.1.1 hexrec==0.5.1
debian srecord=1.64-3 libsrecord0=1.64-3 binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2

printf ':020000021000EC\n:08FFFC000102030405060708D9\n:00000001FF\n' >segment.hex

expect "intelhex, first and last address" "$("$python" -c '
import intelhex
print([(hex(a), hex(b - 1)) for a, b in intelhex.IntelHex("segment.hex").segments()])')" "[('0x1fffc', '0x20003')]"
expect "bincopy" "$("$python" -c '
import bincopy
print([(hex(s.minimum_address), hex(s.maximum_address - 1)) for s in bincopy.BinFile("segment.hex").segments])')" "[('0x1fffc', '0x20003')]"
expect "hexrec" "$("$python" -c '
import hexrec
print([(hex(a), len(d)) for a, d in hexrec.load("segment.hex").memory.to_blocks()])')" "[('0x1fffc', 8)]"
objcopy -I ihex -O srec segment.hex objcopy.s19
expect "GNU objcopy, S-record" "$(sed -n 2p objcopy.s19 | tr -d '\r')" "S20C01FFFC0102030405060708D3"
expect "srecord" "$(srec_info segment.hex -intel 2>/dev/null | grep -o '[0-9A-F]\{6\} - [0-9A-F]\{6\}' | tr '\n' ',')" "010000 - 010003,01FFFC - 01FFFF,"
