#!/usr/bin/env bash
# Guess: after serial.Serial(name, exclusive=True) no other program opens the port (TIOCEXCL), or at least no other pyserial does.
# Seen: pyserial 3.5 on Linux takes a lock with flock. It stops only others that ask for the lock. A second Serial(name) without
#   `exclusive`, and a plain open(), both work and take bytes away. Only the second exclusive=True raises an error.
# Why it matters: a monitor that runs during an upload over the UART takes bytes of the boot loader, and the upload fails at random.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "second Serial(name), what it reads, plain open, second exclusive refused" "$("$python" - <<'P'
import os
import pty

import serial

chip, end = pty.openpty()
name = os.ttyname(end)
with serial.Serial(name, exclusive=True) as first:
    with serial.Serial(name, timeout=1) as second:
        os.write(chip, b"reply")
        print(second.is_open, second.read(5), end=" ")
    os.close(os.open(name, os.O_RDWR | os.O_NOCTTY))
    print("opened", end=" ")
    try:
        serial.Serial(name, exclusive=True)
    except serial.SerialException as exc:
        print("exclusively lock" in str(exc))
P
)" "True b'reply' opened True"
