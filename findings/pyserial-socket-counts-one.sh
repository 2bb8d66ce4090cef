#!/usr/bin/env bash
# Guess: with every URL, `in_waiting` of a pyserial port is the number of bytes that wait, and `read_all()` returns them.
# Seen: pyserial 3.5 always answers 1 for socket://, so `read_all()` returns one byte of eleven. After the peer
#   has closed, `in_waiting` stays 1 for ever, while `read(1)` raises SerialException.
# Why it matters: code for a UART boot loader or a monitor may read `in_waiting` bytes. It works on a port, and is slow or stuck on socket://.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "in_waiting, read_all(), the rest, in_waiting and read(1) after the end" "$("$python" - <<'P'
import select, socket
import serial

server = socket.create_server(("127.0.0.1", 0))
port = serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}", timeout=2)
peer, _ = server.accept()
peer.sendall(b"hello world")
select.select([port.fileno()], [], [], 2)
print(port.in_waiting, port.read_all(), port.read(10), end=" ")
peer.close()
select.select([port.fileno()], [], [], 2)
print(port.in_waiting, end=" ")
try:
    print(port.read(1))
except serial.SerialException as exc:
    print(exc)
P
)" "1 b'h' b'ello world' 1 read failed: socket disconnected"
