"""Export one device by USB/IP, to one importer at a time.

One thread. A transfer that the device has no data for, or does not take yet, stays pending, as it does on a bus, until
that changes or the importer unlinks it. It changes only by another transfer, so pending ones are looked at after each
command. Closing the connection is how an importer sees an unplug.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass
from typing import Optional

from stm8tool.errors import ToolError
from stm8tool.interrupts import interrupted
from stm8tool.sim.clock import RealClock
from stm8tool.sim.gap import SimGapError
from stm8tool.transport.base import Clock

from . import protocol
from .descriptors import IN, Descriptors
from .device import BabbleError, BusyError, Device, StallError, UnpluggedError
from .protocol import ProtocolError, Unlink

BUSID = "1-1"
_VISIT_S = 1.0  # for a list or import request, which a real client sends at once
_COMMAND_S = 5.0  # for the rest of a command that has begun
_WAKE_S = 0.2  # how late Ctrl-C may be seen

# An importer whose machine vanished without a word is missed within half a minute, where the system lets us choose.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}

Say = Callable[[str], None]


class Server:
    """Serves one device as `BUSID`.

    Args:
        descriptors: What the device says of itself.
        plugged: Puts the device on the bus for as long as its context lasts; a ToolError refuses the import.
        say: Takes a line for the user.
    """

    def __init__(self, descriptors: Descriptors, plugged: Callable[[], AbstractContextManager[Device]], say: Say):
        self._descriptors = descriptors
        self._plugged = plugged
        self._say = say

    def serve(self, listener: socket.socket) -> None:
        """Answer until an interrupt waits behind `shield`; a device that was unplugged may be imported again."""
        while _readable(listener):
            visitor = _accepted(listener)
            with visitor or nullcontext():
                if visitor and self._imports(visitor):
                    self._export(visitor, listener)

    def _imports(self, connection: socket.socket, *, busy: bool = False) -> bool:
        """Answer a list request; return True, and answer nothing, for an import that is possible."""
        try:
            if not protocol.wants_import(exactly(connection, protocol.OPERATION_SIZE, _VISIT_S)):
                connection.sendall(protocol.listing(self._descriptors, BUSID))
                return False
            busid = exactly(connection, protocol.BUSID_SIZE, _VISIT_S).rstrip(b"\0")
            if busy or busid != BUSID.encode():
                connection.sendall(protocol.refused())
                return False
        except (EOFError, OSError, ProtocolError):
            return False  # no client of this protocol
        return True

    def _export(self, connection: socket.socket, listener: socket.socket) -> None:
        with ExitStack() as stack:
            peer = "an importer"
            try:
                peer = connection.getpeername()[0]
                try:
                    device = stack.enter_context(self._plugged())
                except ToolError as exc:
                    self._say(f"refused to {peer}: {exc}")
                    connection.sendall(protocol.refused())
                    return
                self._say(f"attached to {peer}")
                connection.sendall(protocol.imported(self._descriptors, BUSID))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                for name, value in _KEEPALIVE.items():
                    if hasattr(socket, name):
                        connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
                self._carry(Importer(connection, device), connection, listener)
            except (EOFError, OSError):
                self._say("detached")
            except ProtocolError as exc:
                self._say(f"detached: {peer} does not speak USB/IP: {exc}")
            except UnpluggedError:
                self._say("unplugged")
            except SimGapError as gap:
                self._say(f"unplugged: the simulator does not know how to go on: {gap}")

    def _carry(self, importer: Importer, connection: socket.socket, listener: socket.socket) -> None:
        while readable := _readable(connection, listener):
            if connection in readable:  # first: the importer may be gone, and a visitor be the next
                importer.step()
            elif listener in readable:
                visitor = _accepted(listener)
                with visitor or nullcontext():
                    if visitor:
                        self._imports(visitor, busy=True)


@dataclass
class _Pending:
    """A transfer that is not over; its data are those to send, or those that came so far."""

    seqnum: int
    endpoint: int
    size: int
    data: bytes


class Importer:
    """One connection after the import: transfers to `device` and their outcomes."""

    def __init__(self, connection: socket.socket, device: Device) -> None:
        self._connection = connection
        self._device = device
        self._pending: list[_Pending] = []

    def step(self) -> None:
        """Take one command. EOFError: the importer is gone. UnpluggedError: the device is."""
        command = protocol.command(exactly(self._connection, protocol.COMMAND_SIZE, _COMMAND_S))
        if isinstance(command, Unlink):
            self._unlink(command)
        else:
            self._submit(command)
        progress = True
        while progress:  # a transfer that ended may let another go on
            progress = any(self._advance(endpoint) for endpoint in {pending.endpoint for pending in self._pending})

    def _unlink(self, command: Unlink) -> None:
        left = [transfer for transfer in self._pending if transfer.seqnum != command.victim]
        found = len(left) < len(self._pending)
        self._pending = left
        self._connection.sendall(protocol.unlinked(command.seqnum, found=found))

    def _submit(self, command: protocol.Submit) -> None:
        seqnum, endpoint, incoming, size, setup = command
        data = b"" if incoming else exactly(self._connection, size, _COMMAND_S)
        if endpoint:
            self._pending.append(_Pending(seqnum, endpoint | IN * incoming, size, data))
            return
        try:
            answer = self._device.control(setup)
        except StallError:
            self._connection.sendall(protocol.submitted(seqnum, error=protocol.EPIPE))
        else:
            moved = len(answer) if incoming else size
            self._connection.sendall(protocol.submitted(seqnum, data=answer if incoming else b"", moved=moved))

    def _advance(self, endpoint: int) -> bool:
        """Carry on with the oldest transfer of an endpoint; return whether it ended."""
        transfer = next(transfer for transfer in self._pending if transfer.endpoint == endpoint)
        incoming = bool(endpoint & IN)
        error = 0
        try:
            if incoming:
                data, ended = self._device.offer(endpoint, transfer.size - len(transfer.data))
                transfer.data += data
                if not ended:
                    return False
            else:
                self._device.receive(endpoint, transfer.data)
        except BusyError:
            return False
        except StallError:
            error = protocol.EPIPE
        except BabbleError:
            error = protocol.EOVERFLOW
        self._pending.remove(transfer)
        moved = len(transfer.data) if incoming or not error else 0
        data = transfer.data if incoming else b""
        self._connection.sendall(protocol.submitted(transfer.seqnum, error=error, data=data, moved=moved))
        return True


def _readable(*sockets: socket.socket) -> list[socket.socket]:
    """Wait until there is something to read; return where, nowhere if an interrupt ended the wait."""
    readable: list[socket.socket] = []
    while not readable and not interrupted():
        readable, _, _ = select.select(sockets, [], [], _WAKE_S)
    return readable


def _accepted(listener: socket.socket) -> Optional[socket.socket]:
    """Return the next connection; None if whoever wanted it has given up meanwhile."""
    listener.setblocking(False)
    with suppress(OSError):
        return listener.accept()[0]
    return None


def exactly(connection: socket.socket, size: int, limit_s: float, clock: Optional[Clock] = None) -> bytes:
    """Return `size` bytes; the limit is for all of them, and holds for what is sent next, too.

    Raises:
        TimeoutError: Not all have come in time.
        EOFError: The peer has closed the connection.
    """
    clock = clock or RealClock()
    end = clock.now() + limit_s
    data = b""
    while len(data) < size:
        left_s = end - clock.now()
        if left_s <= 0:
            raise TimeoutError(f"{len(data)} of {size} bytes came within {limit_s} s")
        connection.settimeout(left_s)
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    connection.settimeout(limit_s)
    return data
