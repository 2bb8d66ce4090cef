#!/usr/bin/env bash
# Guess: GNU objcopy copies a HEX file's start address in a type 05 record, and readers find the same address in the copy.
# Seen: binutils 2.40 turns type 05 into type 03, two 16-bit numbers for an 8086's CS and IP, for each address below 1 MiB.
#   0x018000 becomes 1000:8000. bincopy 20.1.1 and hexrec 0.5.1 read that as one number, 0x10008000. intelhex 2.3.0 has {"CS", "IP"}
#   in place of {"EIP"}. srecord 1.64 says 0x18000.
# Why it matters: a tool that checks the start address against the chip's flash refuses the copy of a good file.
. "$(dirname "$0")/prepare"
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2 srecord=1.64-3 libsrecord0=1.64-3
python_packages intelhex==2.3.0 bincopy==20.1.1 hexrec==0.5.1
printf ':020000040001F9\n:048000008200800773\n:040000050001800076\n:00000001FF\n' >original.hex
objcopy -I ihex -O ihex original.hex copy.hex
expect "start record: original, copy" "$(grep -hE '^:04000(003|005)' original.hex copy.hex | tr -d '\r' | tr '\n' ' ')" \
    ":040000050001800076 :040000031000800069 "
cat >start.py <<'P'
import sys

import bincopy
import hexrec
import intelhex

name = sys.argv[1]
print(hex(bincopy.BinFile(name).execution_start_address), hex(hexrec.load(name).startaddr), intelhex.IntelHex(name).start_addr)
P
expect "original in bincopy, hexrec, intelhex" "$("$python" start.py original.hex)" "0x18000 0x18000 {'EIP': 98304}"
expect "copy" "$("$python" start.py copy.hex)" "0x10008000 0x10008000 {'CS': 4096, 'IP': 32768}"
expect "copy in srecord" "$(srec_info copy.hex -intel | sed -n 's/^Execution Start Address: //p')" 00018000
