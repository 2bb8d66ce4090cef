#!/usr/bin/env bash
# Guess: `bincopy convert -o binary,0x7FF0,0x8020 program.hex` writes the bytes from 0x7FF0 to 0x801F, with 0xFF where there is no data.
# Seen: bincopy 20.1.1 fills up to the first data, from the minimum on. It stops at the end of the last data, so the maximum only cuts.
#   `as_binary()` in Python does the same. intelhex 2.3.0 fills at both ends.
# Why it matters: an image that should be as large as the chip's flash is shorter, and a programmer leaves old code behind its end.
. "$(dirname "$0")/prepare"
python_packages bincopy==20.1.1 intelhex==2.3.0
printf ':048000008200800773\n:048010000102030462\n:00000001FF\n' >program.hex
size() { "$work/venv/bin/bincopy" convert -o "binary,$1" program.hex out.bin >log && stat -c %s out.bin; }
expect "data at 0x8000 to 0x8013: alone, from 0x7FF0" "$(size 0x8000) $(size 0x7FF0)" "20 36"
expect "to 0x8012, to 0x8020, to 0xA000" "$(size 0x8000,0x8012) $(size 0x8000,0x8020) $(size 0x8000,0xA000)" "18 20 20"
expect "intelhex, 0x7FF0 to 0x801F" "$("$python" -c '
import intelhex
print(len(intelhex.IntelHex("program.hex").tobinarray(start=0x7FF0, end=0x801F)))')" 48
