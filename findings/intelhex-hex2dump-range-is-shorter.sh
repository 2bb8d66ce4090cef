#!/usr/bin/env bash
# Guess: `-r 8001:8003` means the same bytes for hex2bin.py and for hex2dump.py, two scripts of one package.
# Seen: in intelhex 2.3.0, hex2bin.py and hexmerge.py write three bytes, with the last address. hex2dump.py shows two bytes, without it.
# Why it matters: you look at a range with one script and cut it out with the other. The last byte is one that you have not seen.
. "$(dirname "$0")/prepare"
python_packages intelhex==2.3.0
"$python" - <<'P'
from intelhex import IntelHex

image = IntelHex()
image.puts(0x8000, b"abcdef")
image.write_hex_file("part.hex")
P
script() { name=$1; shift; "$python" "$work/venv/bin/$name" "$@"; }
expect "hex2bin.py" "$(script hex2bin.py -r 8001:8003 part.hex)" bcd
expect "hexmerge.py" "$(script hexmerge.py -r 8001:8003 part.hex | tr '\n' ' ')" ":0380010062636453 :00000001FF "
expect "hex2dump.py" "$(script hex2dump.py -r 8001:8003 part.hex)" "8000  -- 62 63 -- -- -- -- -- -- -- -- -- -- -- -- --  | bc             |"
