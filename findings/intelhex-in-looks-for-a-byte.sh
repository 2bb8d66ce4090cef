#!/usr/bin/env bash
# Guess: for an IntelHex image, `0x10 in image` says whether address 0x10 has a byte. A loop over the image gives its addresses or its bytes.
# Seen: intelhex 2.3.0 has no such operation, so Python reads `image[0]`, `image[1]` and so on. `in` looks for a byte with that value, and
#   finds the filling of the gaps, too. In an image with the one byte 05 at 0x10, `0xFF in image` and `5 in image` are true. A loop begins
#   with the filling at address 0.
# Why it matters: `if 0xFF in image` and similar checks look right in a review and compare an address with a byte.
. "$(dirname "$0")/prepare"
python_packages intelhex==2.3.0
expect "0xFF and 5 in the image, the first bytes of a loop, the addresses" "$("$python" - <<'P'
from itertools import islice

from intelhex import IntelHex

image = IntelHex()
image[0x10] = 5
print(0xFF in image, 5 in image, list(islice(image, 3)), image.addresses())
P
)" "True True [255, 255, 255] [16]"
