#!/usr/bin/env bash
# Guess: setting DTR or RTS, or sending a break, over a URL that has no such line raises an error.
# Seen: pyserial 3.5 accepts all three on socket:// and sends nothing. It always reads CTS, DSR and CD as on.
# Why it matters: programs often reset a chip by DTR or RTS. Over socket:// the reset does not happen, and no error says so.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "what is accepted, the inputs, and the bytes that went out" "$("$python" - <<'P'
import socket
import serial

server = socket.create_server(("127.0.0.1", 0))
port = serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}", timeout=2)
peer, _ = server.accept()
port.dtr = port.rts = port.break_condition = True
port.dtr = port.rts = port.break_condition = False
port.parity, port.baudrate = serial.PARITY_EVEN, 1000000
port.send_break(0.01)
print("accepted", port.cts, port.dsr, port.cd, end=" ")
port.close()
print(peer.recv(100))
P
)" "accepted True True True b''"
