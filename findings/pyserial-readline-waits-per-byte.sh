#!/usr/bin/env bash
# Guess: with `timeout=1`, `readline()` and `read_until()` both return after about one second if no line end comes.
# Seen: pyserial 3.5 measures the timeout of `readline()` anew for each byte, and the timeout of `read_until()` once for the whole line. A
#   device that sends one byte each 0.1 s for 2.5 s holds `readline()` for all 25 bytes. `read_until()` returns with part of them.
# Why it matters: the baud rate is wrong and the board sends garbage: then `readline()` does not return for as long as bytes come.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
cat >wait.py <<'P'
import os, pty, sys, threading, time
import serial

master, slave = pty.openpty()
port = serial.Serial(os.ttyname(slave), timeout=1)


def send():
    for _ in range(25):
        os.write(master, b"x")
        time.sleep(0.1)


threading.Thread(target=send, daemon=True).start()
print(len(getattr(port, sys.argv[1])()))
P
expect "bytes of readline" "$("$python" wait.py readline)" 25
expect "read_until returns before the last byte" "$(test "$("$python" wait.py read_until)" -lt 25 && echo yes)" yes
