#!/usr/bin/env bash
# Guess: loop:// of pyserial takes any number of bytes, or raises an error when its buffer is full.
# Seen: pyserial 3.5: its buffer has 4,096 places. write() of one byte more does not return if the port has no write_timeout, which is
#   the default. A thread that reads one byte sets it free.
# Why it matters: a test that sends an image of 8 KiB through loop:// before it reads hangs, without a message.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "4,096 bytes; does a write of one more return within 1 s; does it return after a read" "$("$python" - <<'P'
import threading

import serial

port = serial.serial_for_url("loop://", timeout=1)
print(port.write(bytes(4096)), port.in_waiting, end=" ")
writer = threading.Thread(target=port.write, args=(b"x",), daemon=True)
writer.start()
writer.join(1)
print(not writer.is_alive(), end=" ")
port.read(1)
writer.join(5)
print(not writer.is_alive())
P
)" "4096 4096 False True"
