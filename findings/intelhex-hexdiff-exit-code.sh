#!/usr/bin/env bash
# Guess: `hexdiff.py`, which intelhex installs, exits with 1 if two files differ, as diff and cmp do.
# Seen: intelhex 2.3.0 prints the difference and exits with 0. Its `hex2bin.py` reads the numbers of --range as hex, and those of --size as decimal.
# Why it matters: a script that compares a read-back of a chip with `hexdiff.py && echo same` calls a wrong chip the same.
. "$(dirname "$0")/prepare"
python_packages intelhex==2.3.0
printf ':048000000102030472\n:00000001FF\n' >one.hex
printf ':048000000102030571\n:00000001FF\n' >other.hex
code=0
venv/bin/hexdiff.py one.hex other.hex >log || code=$?
expect "exit code, lines that begin with + or -" "$code $(grep -cE '^[-+]8000' log)" "0 2"
"$python" -c 'from intelhex import IntelHex; IntelHex({at: 1 for at in range(0x8000, 0x8020)}).write_hex_file("long.hex")'
venv/bin/hex2bin.py --range=8000:800F long.hex range.bin
venv/bin/hex2bin.py --size=10 long.hex size.bin
expect "bytes of --range=8000:800F, of --size=10" "$(wc -c <range.bin) $(wc -c <size.bin)" "16 10"
