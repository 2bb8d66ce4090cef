#!/usr/bin/env bash
# Guess: a byte that construct's FlagsEnum parses, and builds again without a change, is the same byte.
# Seen: construct 2.10.70 drops each bit that has no name: 0x83 with two named bits becomes 0x03, without a message. An Enum keeps a value
#   without a name, as a number. With Flag, 0x02 becomes 0x01.
# Why it matters: an option byte of a chip, read, changed in one flag and written back, loses its reserved bits.
. "$(dirname "$0")/prepare"
python_packages construct==2.10.70
expect "0x83 by FlagsEnum with bits 0 and 1, by Enum; 0x02 by Flag" "$("$python" - <<'P'
from construct import Enum, Flag, FlagsEnum, Int8ub

flags, choice = FlagsEnum(Int8ub, first=1, second=2), Enum(Int8ub, first=1)
print(flags.build(flags.parse(b"\x83")).hex(), choice.build(choice.parse(b"\x83")).hex(), Flag.build(Flag.parse(b"\x02")).hex())
P
)" "03 83 01"
