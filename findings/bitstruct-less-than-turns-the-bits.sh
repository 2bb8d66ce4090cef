#!/usr/bin/env bash
# Guess: in bitstruct, "<u16" is a little-endian number, as "<H" is for Python's struct: 0x1234 becomes 34 12.
# Seen: bitstruct 8.24.0 takes "<" in front of a field for the order of the bits: 0x1234 becomes 2C 48, all bits of the 16 turned. The order of the bytes
#   is "<" at the end of the format: "u16<" gives 34 12, for each field by itself. Both unpack what they packed.
# Why it matters: a test that packs and unpacks passes, and the chip gets a number with its bits turned.
. "$(dirname "$0")/prepare"
python_packages bitstruct==8.24.0
expect '0x1234 with "u16", "<u16", "u16<", struct "<H", "u8u16<" with 1 before it' "$("$python" - <<'P'
import struct

import bitstruct

number = 0x1234
packed = [bitstruct.pack(form, number) for form in ("u16", "<u16", "u16<")]
packed += [struct.pack("<H", number), bitstruct.pack("u8u16<", 1, number)]
print(*(data.hex() for data in packed), bitstruct.unpack("<u16", packed[1]) == (number,))
P
)" "1234 2c48 3412 3412 013412 True"
