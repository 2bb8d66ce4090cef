#!/usr/bin/env bash
# Guess: spy:// of pyserial records the traffic of any port that pyserial opens: spy://socket://HOST:PORT, spy://loop://.
# Seen: pyserial 3.5 takes the rest for the name of a device and opens it as a file. Only native ports can
#   be recorded.
# Why it matters: a failing upload over the network is the one that needs a recording.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "loop://, spy://loop://, spy://socket://" "$("$python" - <<'P'
import socket

import serial

server = socket.create_server(("127.0.0.1", 0))
print(serial.serial_for_url("loop://").is_open, end=" ")
for url in ("loop://", f"socket://127.0.0.1:{server.getsockname()[1]}"):
    try:
        print(serial.serial_for_url(f"spy://{url}?file=trace").is_open)
    except serial.SerialException as exc:
        print(type(exc).__name__, exc.errno, end=" ")
P
)" "True SerialException 2 SerialException 2 "
