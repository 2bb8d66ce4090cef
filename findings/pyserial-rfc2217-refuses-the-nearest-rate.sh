#!/usr/bin/env bash
# Guess: over rfc2217://, a server may set the nearest baud rate that its port has, and answer with that rate. The client opens, and
#   perhaps reports the rate in use.
# Seen: pyserial 3.5 compares the answer with its own value. A server that answers 116279 for 115200 makes the opening fail with
#   "remote rejected value for option 'baudrate'". The message does not hold the rate that the server has set.
# Why it matters: a serial server that is honest about its clock cannot be used, although 1 % is good for every UART.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
cat >rate.py <<'P'
import socket, sys, threading
import serial, serial.rfc2217


class Port:
    """A serial port for the server."""

    cts = dsr = cd = True
    ri = False

    def reset_input_buffer(self):
        pass

    reset_output_buffer = reset_input_buffer


class Connection:
    def __init__(self, peer):
        self.write = peer.sendall


class Server(serial.rfc2217.PortManager):
    def rfc2217_send_subnegotiation(self, option, value=b""):
        if option == serial.rfc2217.SERVER_SET_BAUDRATE:
            value = int(sys.argv[1]).to_bytes(4, "big")
        super().rfc2217_send_subnegotiation(option, value)


def serve():
    peer = server.accept()[0]
    port = Port()
    port.baudrate, port.bytesize, port.parity, port.stopbits, port.xonxoff, port.rtscts = 9600, 8, "N", 1, False, False
    port.dtr = port.rts = True
    manager = Server(port, Connection(peer))
    for data in iter(lambda: peer.recv(1000), b""):
        b"".join(manager.filter(data))


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, daemon=True).start()
try:
    serial.serial_for_url(f"rfc2217://127.0.0.1:{server.getsockname()[1]}", baudrate=115200, timeout=3)
    print("open")
except ValueError as error:
    print(error)
P
expect "the server answers 115200" "$("$python" rate.py 115200)" open
expect "the server answers 116279" "$("$python" rate.py 116279)" "remote rejected value for option 'baudrate'"
