#!/usr/bin/env bash
# Guess: TCP loses nothing, so a program reads from socket:// everything that the server sent after its accept().
# Seen: pyserial 3.5 clears the input while it opens the port. Bytes that arrived by then are dropped without a message. Here the
#   connection waits until they are there; without that wait it depends on time.
# Why it matters: a serial server that greets its client, or sends a backlog at once, seems silent now and then.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "greeting in a plain socket, the same in socket://, what was sent after the opening" "$("$python" - <<'P'
import select, socket, threading
import serial

server = socket.create_server(("127.0.0.1", 0))
connect = socket.create_connection
peers = []


def greet():
    peers.append(server.accept()[0])
    peers[-1].sendall(b"hello")


def connect_and_wait(*args, **kwargs):
    made = connect(*args, **kwargs)
    select.select([made], [], [], 5)
    return made


def meet(opens):
    thread = threading.Thread(target=greet)
    thread.start()
    opened = opens()
    thread.join()
    return opened


plain = meet(lambda: connect_and_wait(server.getsockname()))
print(plain.recv(5), end=" ")
socket.create_connection = connect_and_wait
port = meet(lambda: serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}", timeout=1))
print(port.read(5), end=" ")
peers[-1].sendall(b"later")
print(port.read(5))
P
)" "b'hello' b'' b'later'"
