"""A simulated probe at a port of QEMU's USB host controller: `sim serve` on one side, QEMU's usb-redir on the other.

The guest's kernel sees a device at a host controller, as with hardware. A device that `usbip attach` brought would be
one of the driver vhci_hcd, which the kernel does not export again.

Source: the protocol of usbredir 0.7 as QEMU 7.2 speaks it (confidence high: QEMU takes it). Integers are little-endian.
USB/IP: Documentation/usb/usbip_protocol.rst of Linux. Only what an ST-LINK needs.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HELLO, CONNECT, RESET, INTERFACES, ENDPOINTS = 0, 1, 3, 4, 5
SET_CONFIGURATION, GET_CONFIGURATION, CONFIGURATION = 6, 7, 8
SET_ALTERNATE, GET_ALTERNATE, ALTERNATE = 9, 10, 11
RECEIVE_INTERRUPTS, NO_INTERRUPTS, INTERRUPTS = 15, 16, 17
CANCEL, CONTROL, BULK = 21, 100, 101
CAPABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6  # device version, packet sizes, ids of 64 bits, lengths of 32 bits
OK, CANCELLED, STALLED, BABBLED, FAILED = 0, 1, 4, 6, 3
STATUS = {0: OK, -32: STALLED, -75: BABBLED, -104: CANCELLED}
HEAD = struct.Struct("<IIQ")
SUBMIT, UNLINK, SUBMITTED, UNLINKED = 1, 2, 3, 4
FULL_SPEED, HIGH_SPEED = 1, 2
IN = 0x80
_OWN = -1  # the kind of a transfer for which QEMU did not ask


class _Transfer(NamedTuple):
    """A transfer that is under way: the kind, id and head of QEMU's packet, and whether data come."""

    kind: int
    identity: int
    head: bytes
    incoming: bool


class Plug:
    """One device between the two protocols.

    Args:
        port: The TCP port of the USB/IP server.
        place: The socket of QEMU's character device.
    """

    def __init__(self, port: int, place: Path) -> None:
        self._server = socket.create_connection(("127.0.0.1", port))
        self._server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.sendall(struct.pack(">HHI32s", 0x0111, 0x8003, 0, b"1-1"))
        about = self._exactly(self._server, 8 + 312)
        assert about[:8] == struct.pack(">HHI", 0x0111, 0x0003, 0)
        self._fast = struct.unpack_from(">I", about, 8 + 256 + 32 + 8)[0] >= 3
        self._sequence = 0
        self._open: dict[int, _Transfer] = {}  # by number
        self._device = self._descriptor(1, 18)
        total = struct.unpack_from("<H", self._descriptor(2, 9), 2)[0]
        self._configuration = self._descriptor(2, total)
        self._qemu = socket.socket(socket.AF_UNIX)
        self._qemu.connect(str(place))
        self._end, self._ends = socket.socketpair()
        self._tell(HELLO, 0, b"stm8 simulated probe".ljust(64, b"\0") + struct.pack("<I", CAPABILITIES))

    def close(self) -> None:
        """Unplug it."""
        for one in (self._qemu, self._server, self._end, self._ends):
            one.close()

    def stop(self) -> None:
        """Let `run` end."""
        self._end.send(b"\0")

    def run(self) -> None:
        """Carry packets until one end closes, or `stop` is called."""
        while True:
            readable, _, _ = select.select([self._qemu, self._server, self._ends], [], [])
            if self._ends in readable:
                return
            try:
                if self._server in readable:
                    self._from_device()
                if self._qemu in readable:
                    self._from_qemu()
            except (EOFError, ConnectionError):  # the probe was unplugged, or QEMU has ended
                self._qemu.close()
                return

    @staticmethod
    def _exactly(end: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = end.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    # -- the device ------------------------------------------------------------------------------------------------

    def _descriptor(self, kind: int, size: int) -> bytes:
        self._ask(kind, size)
        number, _, data, _ = self._outcome()
        del self._open[number]
        return data

    def _ask(self, kind: int, size: int) -> None:
        self._submit(_OWN, 0, b"", IN, size, struct.pack("<BBHHH", IN, 6, kind << 8, 0, size))

    def _submit(self, kind: int, identity: int, head: bytes, endpoint: int, size: int, setup: bytes = bytes(8)) -> None:
        self._sequence += 1
        incoming = bool(endpoint & IN)
        self._open[self._sequence] = _Transfer(kind, identity, head, incoming)
        number = (self._sequence, 0x00010002, int(incoming), endpoint & 0x0F)
        self._server.sendall(struct.pack(">5I5I8s", SUBMIT, *number, 0, size, 0, 0xFFFFFFFF, 0, setup))

    def _outcome(self) -> tuple[int, int, bytes, int]:
        """Return the number and status of the next transfer that ended, its data, and how many bytes were moved."""
        command, number, _, _, _, status, moved = struct.unpack(">5IiI20x", self._exactly(self._server, 48))
        if command == UNLINKED:
            return number, status, b"", 0
        return number, status, self._exactly(self._server, moved) if self._open[number].incoming else b"", moved

    def _from_device(self) -> None:
        number, status, data, moved = self._outcome()
        kind, identity, head, _ = self._open.pop(number)
        told = STATUS.get(status, FAILED)
        if kind == CANCEL:
            victim = int.from_bytes(head, "little")
            if status and victim in self._open:  # otherwise it has ended, and was told
                kind, identity, head, _ = self._open.pop(victim)
                told, moved = CANCELLED, 0
            else:
                return
        if kind == CONTROL:
            self._tell(CONTROL, identity, head[:3] + bytes([told]) + head[4:8] + struct.pack("<H", moved) + data)
        elif kind == BULK:
            size = struct.pack("<HIH", moved & 0xFFFF, 0, moved >> 16)
            self._tell(BULK, identity, head[:1] + bytes([told]) + size + data)
        elif kind == SET_CONFIGURATION:
            self._tell_layout()
            self._tell(CONFIGURATION, identity, bytes([told]) + head)

    # -- QEMU ------------------------------------------------------------------------------------------------------

    def _tell(self, kind: int, identity: int, content: bytes) -> None:
        head = struct.pack("<III", kind, len(content), 0) if kind == HELLO else HEAD.pack(kind, len(content), identity)
        self._qemu.sendall(head + content)

    def _tell_layout(self) -> None:
        """Tell interfaces and endpoints, as the configuration descriptor has them."""
        interfaces: list[bytes] = []
        kinds, intervals, owners, sizes = bytearray(b"\xff" * 32), bytearray(32), bytearray(32), [0] * 32
        kinds[0] = kinds[16] = 0
        sizes[0] = sizes[16] = self._device[7]
        at = 0
        while at < len(self._configuration):
            one = self._configuration[at : at + self._configuration[at]]
            at += len(one)
            if one[1] == 4:
                interfaces.append(one[2:3] + one[5:8])
            elif one[1] == 5:
                place = (one[2] & IN) >> 3 | one[2] & 0x0F
                kinds[place], intervals[place], owners[place] = one[3] & 3, one[6], interfaces[-1][0]
                sizes[place] = int.from_bytes(one[4:6], "little")
        self._tell(ENDPOINTS, 0, bytes(kinds + intervals + owners) + struct.pack("<32H", *sizes))
        columns = (bytes(one[n] for one in interfaces).ljust(32, b"\0") for n in range(4))
        self._tell(INTERFACES, 0, struct.pack("<I", len(interfaces)) + b"".join(columns))

    def _from_qemu(self) -> None:
        kind, size = struct.unpack("<II", self._exactly(self._qemu, 8))
        identity = int.from_bytes(self._exactly(self._qemu, 4 if kind == HELLO else 8), "little")
        content = self._exactly(self._qemu, size)
        if kind == HELLO:
            self._tell_layout()
            speed = HIGH_SPEED if self._fast else FULL_SPEED
            self._tell(CONNECT, 0, bytes([speed]) + self._device[4:7] + self._device[8:14])
        elif kind == CONTROL:
            _, request, to, _, value, index, length = struct.unpack("<4B3H", content[:10])
            self._submit(
                kind, identity, content[:10], to & IN, length, struct.pack("<2B3H", to, request, value, index, length)
            )
            if not to & IN:
                self._server.sendall(content[10:])
        elif kind == BULK:
            low, _, high = struct.unpack("<HIH", content[2:10])
            self._submit(kind, identity, content[:10], content[0], low | high << 16)
            if not content[0] & IN:
                self._server.sendall(content[10:])
        elif kind == SET_CONFIGURATION:
            self._submit(kind, identity, content, 0, 0, struct.pack("<2B3H", 0, 9, content[0], 0, 0))
        elif kind == CANCEL:
            self._cancel(identity)
        elif kind == RESET:
            self._ask(1, 18)  # to the server, a reset of the bus is this and the next SET_CONFIGURATION
        else:
            self._answer_at_once(kind, identity, content)

    def _cancel(self, identity: int) -> None:
        victims = [number for number, one in self._open.items() if one.identity == identity and one.kind >= CONTROL]
        for victim in victims:
            self._sequence += 1
            self._open[self._sequence] = _Transfer(CANCEL, 0, victim.to_bytes(4, "little"), False)
            self._server.sendall(struct.pack(">6I24x", UNLINK, self._sequence, 0x00010002, 0, 0, victim))

    def _answer_at_once(self, kind: int, identity: int, content: bytes) -> None:
        if kind == GET_CONFIGURATION:
            self._tell(CONFIGURATION, identity, bytes([OK, self._configuration[5]]))
        elif kind in (SET_ALTERNATE, GET_ALTERNATE):
            self._tell(ALTERNATE, identity, bytes([OK, content[0], 0]))
        elif kind in (RECEIVE_INTERRUPTS, NO_INTERRUPTS):
            self._tell(INTERRUPTS, identity, bytes([OK, content[0]]))


@contextmanager
def plugged(port: int, place: Path) -> Iterator[None]:
    """Have the device of a USB/IP server at QEMU's host controller."""
    plug = Plug(port, place)
    thread = threading.Thread(target=plug.run)
    thread.start()
    try:
        yield
    finally:
        plug.stop()
        thread.join()
        plug.close()
