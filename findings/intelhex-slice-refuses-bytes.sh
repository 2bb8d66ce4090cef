#!/usr/bin/env bash
# Guess: `image[0x8000:0x8003] = b"abc"` stores three bytes, on Python 3 as on Python 2.
# Seen: intelhex 2.3.0 raises "Slice operation expects sequence of bytes" for bytes, bytearray and array. It takes a list or tuple of ints.
#   `image.puts(0x8000, b"abc")` takes bytes.
# Why it matters: the message asks for the very bytes that the program passed, so you look for the mistake in the data.
. "$(dirname "$0")/prepare"
python_packages intelhex==2.3.0
expect "bytes, bytearray, array, list, tuple, puts" "$("$python" - <<'P'
from array import array

from intelhex import IntelHex

image = IntelHex()
refused = 0
for data in (b"abc", bytearray(b"abc"), array("B", b"abc"), list(b"abc"), tuple(b"abc")):
    try:
        image[0x8000:0x8003] = data
        print(f"{refused} refused, {type(data).__name__} stored", end="; ")
    except ValueError as error:
        refused += str(error) == "Slice operation expects sequence of bytes"
image.puts(0x8000, b"xyz")
print(image.gets(0x8000, 3))
P
)" "3 refused, list stored; 3 refused, tuple stored; b'xyz'"
