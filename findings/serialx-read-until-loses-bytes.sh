#!/usr/bin/env bash
# Guess: after `read_until(b"\n")` has run out of time, the bytes without a line end come with the error, or with the next read. pyserial
#   returns them.
# Seen: serialx 1.15.1 raises an IncompleteReadError that says "0 bytes read". Its `partial` is empty, and the next read gives nothing.
#   The error of `readexactly(4)` after two bytes holds the two bytes.
# Why it matters: a line that comes a little late loses its beginning, and the retry reads the rest as a line of its own.
. "$(dirname "$0")/prepare"
python_packages serialx==1.15.1
expect "each: bytes in the error, bytes of the next read" "$("$python" - <<'P'
import asyncio, os, pty
import serialx

master, slave = pty.openpty()
port = serialx.Serial(os.ttyname(slave), baudrate=9600, timeout=0.5)
if not port.is_open:
    port.open()
for read in (lambda: port.read_until(b"\n"), lambda: port.readexactly(4)):
    os.write(master, b"ab")
    try:
        print(read(), end=" ")
    except asyncio.IncompleteReadError as error:
        print(error.partial, port.read(2), end="; ")
port.close()
P
)" "b'' b''; b'ab' b''; "
