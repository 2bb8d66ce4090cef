#!/usr/bin/env bash
# Guess: `srec_cat program.hex -intel -o program.bin -binary` writes the bytes from the first to the last address, as objcopy does.
# Seen: srecord 1.64 begins at address 0: the file has 32,768 zeros before the flash of an STM8. GNU objcopy 2.40, intelhex 2.3.0 and
#   bincopy 20.1.1 begin at the first byte. `-offset -0x8000` is needed.
# Why it matters: a flasher that writes the file to 0x8000 writes zeros over the whole chip.
. "$(dirname "$0")/prepare"
debian srecord=1.64-3 libsrecord0=1.64-3 binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
python_packages intelhex==2.3.0 bincopy==20.1.1
printf ':048000008200800773\n:00000001FF\n' >program.hex
srec_cat program.hex -intel -o srecord.bin -binary
srec_cat program.hex -intel -offset -0x8000 -o offset.bin -binary
objcopy -I ihex -O binary program.hex objcopy.bin
expect "bytes: srecord, srecord with -offset, objcopy" "$(stat -c %s srecord.bin offset.bin objcopy.bin | tr '\n' ' ')" "32772 4 4 "
expect "bytes: intelhex, bincopy" "$("$python" - <<'P'
import bincopy
import intelhex

print(len(intelhex.IntelHex("program.hex").tobinarray()), len(bincopy.BinFile("program.hex").as_binary()))
P
)" "4 4"
