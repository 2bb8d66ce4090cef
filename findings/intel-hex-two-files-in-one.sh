#!/usr/bin/env bash
# Guess: two HEX files, one after the other in one file (`cat boot.hex app.hex`), are refused, or all tools read the same bytes.
# Seen: intelhex 2.3.0, hexrec 0.5.1, srecord 1.64 and GNU objcopy 2.40 end at the first end record: the application is missing, and
#   the exit code is 0. bincopy 20.1.1 reads on and returns both.
# Why it matters: one tool checks the boot loader with its application, the next one writes only the boot loader.
. "$(dirname "$0")/prepare"
debian srecord=1.64-3 libsrecord0=1.64-3 binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
python_packages intelhex==2.3.0 bincopy==20.1.1 hexrec==0.5.1
printf ':0480000011223344D2\n:00000001FF\n' >boot.hex
printf ':0490000055667788B2\n:00000001FF\n' >app.hex
cat boot.hex app.hex >both.hex
code=0
srec_cat both.hex -intel -o both.srec 2>log || code=$?
expect "srecord: exit code, last address" "$code $(srec_info both.srec 2>/dev/null | grep -o '[0-9A-F]* - [0-9A-F]*')" "0 8000 - 8003"
code=0
objcopy -I ihex -O binary both.hex both.bin 2>log || code=$?
expect "objcopy: exit code, bytes" "$code $(stat -c %s both.bin)" "0 4"
expect "number of bytes: intelhex, hexrec, bincopy" "$("$python" - <<'P'
import bincopy
import hexrec
import intelhex

segments = bincopy.BinFile("both.hex").segments
print(len(intelhex.IntelHex("both.hex")), hexrec.load("both.hex").memory.content_size, sum(len(one.data) for one in segments))
P
)" "4 4 8"
