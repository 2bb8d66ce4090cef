#!/usr/bin/env bash
# Guess: `read(5)` of serialx, a library with pyserial's names, waits for five bytes or for the timeout. `read()` reads one byte.
# Seen: serialx 1.15.1 returns from `read(5)` as soon as any byte is there. `read()` without a number returns all bytes that arrive until
#   the timeout. `readexactly(5)` waits for five.
#   pyserial 3.5 waits for all five, and reads one byte.
# Also seen: serialx locks the port, so a second opening fails. With pyserial it succeeds.
# Why it matters: a frame that comes in two parts is cut, and only on a machine that is quick enough.
. "$(dirname "$0")/prepare"
python_packages serialx==1.15.1 pyserial==3.5
cat >read.py <<'P'
import importlib, os, pty, sys, threading

library = importlib.import_module(sys.argv[1])
master, slave = pty.openpty()
port = library.Serial(os.ttyname(slave), baudrate=9600, timeout=2)
if not port.is_open:
    port.open()
os.write(master, b"abc")
second = threading.Timer(0.5, lambda: os.write(master, b"de"))
second.start()
print(port.read(5).decode(), end=" ")
second.join()
port.timeout = 1
os.write(master, b"xyz")
print(port.read().decode(), end=" ")
try:
    other = library.Serial(os.ttyname(slave), baudrate=9600, timeout=1)
    if not other.is_open:
        other.open()
    print("opened")
    other.close()
except OSError:
    print("refused")
port.close()
P
expect "serialx: read(5), read(), a second opening" "$("$python" read.py serialx)" "abc dexyz refused"
expect "pyserial" "$("$python" read.py serial)" "abcde x opened"
