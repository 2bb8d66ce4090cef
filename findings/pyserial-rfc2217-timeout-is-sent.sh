#!/usr/bin/env bash
# Guess: `port.timeout` concerns only the program's own reads. A new value sends nothing to the serial server.
# Seen: with rfc2217:// each new timeout makes pyserial 3.5 send baud rate, data bits, parity, stop bits and flow control again. It
#   waits for the answers. A local port gets no new settings.
# Why it matters: programs for a boot loader change the timeout at each step. Over RFC 2217 each step costs the answers of a server.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "settings that the server made: at the opening, for a new timeout; changes of a local port" "$("$python" - <<'P'
import os, pty, socket, termios, threading
import serial, serial.rfc2217


class Port:
    """A serial port for the server; it counts the settings."""

    cts = dsr = cd = True
    ri = False

    def __init__(self):
        self.__dict__["made"] = []

    def __setattr__(self, name, value):
        self.made.append(name)
        self.__dict__[name] = value

    def reset_input_buffer(self):
        pass

    reset_output_buffer = reset_input_buffer


class Connection:
    def __init__(self, peer):
        self.write = peer.sendall


def serve():
    peer = server.accept()[0]
    manager = serial.rfc2217.PortManager(port, Connection(peer))
    for data in iter(lambda: peer.recv(1000), b""):
        b"".join(manager.filter(data))


port = Port()
port.baudrate, port.bytesize, port.parity, port.stopbits, port.xonxoff, port.rtscts = 9600, 8, "N", 1, False, False
port.dtr = port.rts = True
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, daemon=True).start()
port.made.clear()
client = serial.serial_for_url(f"rfc2217://127.0.0.1:{server.getsockname()[1]}", timeout=1)
print(",".join(port.made), end=" ")
port.made.clear()
client.timeout = 2
print(",".join(port.made), end=" ")
client.close()

master, slave = pty.openpty()
local = serial.Serial(os.ttyname(slave), timeout=1)
calls = []
original, termios.tcsetattr = termios.tcsetattr, lambda *args: calls.append(args)
local.timeout = 2
termios.tcsetattr = original
local.close()
print(len(calls))
P
)" "baudrate,bytesize,parity,stopbits,xonxoff,rtscts,dtr,rts baudrate,bytesize,parity,stopbits,xonxoff,rtscts 0"
