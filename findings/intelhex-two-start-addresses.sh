#!/usr/bin/env bash
# Guess: a HEX file may have several start-address records. Intel's specification does not forbid them, and equal ones are harmless.
# Seen: intelhex 2.3.0 raises DuplicateStartAddressRecordError at the second one, equal or not. bincopy 20.1.1, hexrec 0.5.1 and srecord
#   1.64 read the file; bincopy and hexrec keep the last address.
# Why it matters: merged files (boot loader and application) and files of some linkers have two.
. "$(dirname "$0")/prepare"
python_packages intelhex==2.3.0 bincopy==20.1.1 hexrec==0.5.1
debian srecord=1.64-3 libsrecord0=1.64-3
printf ':0480000082008080FA\n:040000050000800077\n:0490000082009080DA\n:040000050000900067\n:00000001FF\n' >two.hex
sed 's/:040000050000900067/:040000050000800077/' two.hex >equal.hex
for file in two equal; do
    expect "intelhex, $file.hex" "$("$python" -c "
import intelhex
try:
    intelhex.IntelHex('$file.hex')
except intelhex.HexReaderError as error:
    print(type(error).__name__)")" DuplicateStartAddressRecordError
done
expect "bincopy, two.hex, start address" "$("$python" -c 'import bincopy; print(hex(bincopy.BinFile("two.hex").execution_start_address))')" 0x9000
expect "hexrec, two.hex, start address" "$("$python" -c 'import hexrec; print(hex(hexrec.load("two.hex").startaddr))')" 0x9000
expect "srecord, two.hex, exit code" "$(srec_info two.hex -intel >log 2>&1; echo $?)" 0
