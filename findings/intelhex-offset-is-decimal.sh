#!/usr/bin/env bash
# Guess: the programs of intelhex read an address in one way: `hex2bin.py -r 8000:8003` and `bin2hex.py --offset=8000` mean the same place.
# Seen: intelhex 2.3.0: -r takes hexadecimal numbers, with or without 0x. --offset takes decimal ones unless 0x stands before them, so the
#   bytes go to 0x1F40, without a message. -s of hex2bin.py is decimal only: `-s 0x10` is an error.
# Why it matters: an image that is turned into HEX with the address of the step before lies at a place that has no flash.
. "$(dirname "$0")/prepare"
python_packages intelhex==2.3.0
export PATH="$work/venv/bin:$PATH"
printf ':048000008200800773\n:00000001FF\n' >program.hex
cut_out() { hex2bin.py "$@" program.hex out.bin >log 2>&1 && stat -c %s out.bin || echo refused; }
expect "hex2bin.py: -r 8000:8001, -r 0x8000:0x8001" "$(cut_out -r 8000:8001) $(cut_out -r 0x8000:0x8001)" "2 2"
expect "hex2bin.py: -s 10, -s 0x10" "$(cut_out -s 10) $(cut_out -s 0x10)" "10 refused"
hex2bin.py program.hex program.bin
placed() { bin2hex.py --offset="$1" program.bin placed.hex && head -n 1 placed.hex | cut -c 4-7; }
expect "bin2hex.py: --offset=8000, --offset=0x8000" "$(placed 8000) $(placed 0x8000)" "1F40 8000"
