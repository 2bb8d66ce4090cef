#!/usr/bin/env bash
# Guess: pygdbmi parses all records of GDB/MI: also `+download`, which `load` prints while it writes, and a breakpoint with two places.
# Seen: pygdbmi 0.11.0.0 returns `+download,{section=...}` as "output", the type for text of the program under test. In
#   `bkpt={...},{number="1.1",...},{number="1.2",...}`, the form of MI version 2 for two places, the first one's fields stand beside `bkpt`.
#   The second place is lost.
# Why it matters: the progress of writing a chip lands in the chip's own console, and the place of a breakpoint has no number.
. "$(dirname "$0")/prepare"
python_packages pygdbmi==0.11.0.0
expect "types of +download and *stopped; payload of a breakpoint" "$("$python" - <<'P'
from pygdbmi.gdbmiparser import parse_response

print(parse_response('+download,{section=".text",section-size="6668"}')["type"], parse_response('*stopped,reason="exited"')["type"], end=" ")
print(parse_response('^done,bkpt={number="1",addr="<MULTIPLE>"},{number="1.1",addr="0x8048"},{number="1.2",addr="0x8069"}')["payload"])
P
)" "output notify {'bkpt': {'number': '1', 'addr': '<MULTIPLE>'}, 'number': '1.1', 'addr': '0x8048'}"
