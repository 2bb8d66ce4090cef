#!/usr/bin/env bash
# Guess: at 300 baud, `loop://` either takes the time of a real line, or ignores the baud rate. After a write timeout, the part that had
#   time to go out has arrived.
# Seen: in pyserial 3.5 the baud rate counts only together with a write timeout. Without one, 100 bytes arrive at once. With a timeout of
#   10 s, they also arrive at once. With a timeout of 1 s, the write waits for the second, fails, and none of the bytes arrives.
# Why it matters: a test of a retry over `loop://` never sees the half of a block that a real line delivers.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "bytes that arrived: no timeout; 10 s; 1 s, with the error and the wait" "$("$python" - <<'P'
import time
import serial

for limit in (None, 10, 1):
    port = serial.serial_for_url("loop://", baudrate=300, timeout=1, write_timeout=limit)
    start = time.monotonic()
    try:
        port.write(bytes(100))
        error = ""
    except serial.SerialTimeoutException:
        error = " timeout"
    waited = " waited" if time.monotonic() - start > 0.9 else ""
    print(f"{port.in_waiting}{error}{waited}", end="; ")
P
)" "100; 100; 0 timeout waited; "
