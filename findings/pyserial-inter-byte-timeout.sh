#!/usr/bin/env bash
# Guess: with inter_byte_timeout=0.05, read(10) of a pyserial port returns 50 ms after the last byte, although `timeout` is longer.
# Seen: pyserial 3.5 on Linux never looks at it. read(10) with 2 bytes waiting takes the whole `timeout` of 1 s; without a `timeout`
#   it waits until 10 bytes are there.
# Why it matters: answers of unknown length are read with this option. Each one costs the full timeout, or hangs.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "bytes, and whether the read took the whole timeout; bytes without a timeout" "$("$python" - <<'P'
import os
import pty
import threading
import time

import serial

chip, end = pty.openpty()
for pause in (None, 0.05):
    with serial.Serial(os.ttyname(end), timeout=1, inter_byte_timeout=pause) as port:
        os.write(chip, b"ab")
        begin = time.monotonic()
        print(port.read(10), time.monotonic() - begin > 0.9, end=" ")
with serial.Serial(os.ttyname(end), timeout=None, inter_byte_timeout=0.05) as port:
    os.write(chip, b"ab")
    threading.Timer(0.5, lambda: os.write(chip, b"12345678")).start()
    print(port.read(10))
P
)" "b'ab' True b'ab' True b'ab12345678'"
