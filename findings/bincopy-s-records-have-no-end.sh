#!/usr/bin/env bash
# Guess: bincopy's as_srec() writes the record type that fits the address, S1 for an STM8S103, and an end record (S9, S8 or S7).
# Seen: bincopy 20.1.1 writes S3 for every address, unless address_length_bits says otherwise. It writes an end record only if the image
#   has a start address; otherwise the file ends with S5, the count.
# Why it matters: a reader that waits for the end record, as over a serial line, waits for ever. srecord warns that it is missing.
. "$(dirname "$0")/prepare"
debian srecord=1.64-3 libsrecord0=1.64-3
python_packages bincopy==20.1.1
expect "record types by default, with 16 bits, with a start address" "$("$python" - <<'P'
import bincopy

image = bincopy.BinFile()
image.add_binary(b"\x82\x00\x80\x07", address=0x8000)


def types(text):
    return "".join(line[:2] for line in text.split())


open("image.s19", "w").write(image.as_srec())
print(types(image.as_srec()), types(image.as_srec(address_length_bits=16)), end=" ")
image.execution_start_address = 0x8000
print(types(image.as_srec()))
P
)" "S3S5 S1S5 S3S5S7"
expect "srecord's warning" "$(srec_info image.s19 2>&1 | grep -c 'no execution start address record')" 1
