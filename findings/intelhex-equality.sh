#!/usr/bin/env bash
# Guess: two IntelHex objects with the same bytes are equal; intelhex has hexdiff, and both sides have the same dictionary.
# Seen: intelhex 2.3.0 compares by identity: IntelHex({0: 1}) == IntelHex({0: 1}) is False. The dictionaries of both are equal. A slice
#   keeps its addresses, and tobinarray(start, end) includes `end`, although the end of a segment is one past the last byte.
# Why it matters: `assert read_back == written` fails on a chip that was written correctly.
. "$(dirname "$0")/prepare"
python_packages intelhex==2.3.0
expect "equal, dictionaries equal, segments, length of tobinarray over the segment" "$("$python" - <<'P'
from intelhex import IntelHex

written, read_back = IntelHex({0x8000: 1, 0x8001: 2}), IntelHex({0x8000: 1, 0x8001: 2})
print(written == read_back, written.todict() == read_back.todict(), written.segments(), len(written.tobinarray(*written.segments()[0])))
P
)" "False True [(32768, 32770)] 3"
