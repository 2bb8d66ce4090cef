"""Export one device by USB/IP, to one importer at a time.

One thread. An IN transfer without data stays pending, as it does on a bus, until there are data or the importer
unlinks it. Data come only in answer to an OUT, so pending transfers are looked at after each command. Closing the
connection is how an importer sees an unplug.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from stm8tool.errors import ToolError
from stm8tool.sim.gap import SimGapError

from . import protocol
from .descriptors import IN, Descriptors
from .device import BabbleError, Device, StallError, UnpluggedError
from .protocol import ProtocolError, Unlink

BUSID = "1-1"
_VISIT_S = 1.0  # for a list or import request, which a real client sends at once
_WAKE_S = 0.5  # Windows delivers Ctrl-C only between waits

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
        """Answer for ever; a device that was unplugged may be imported again."""
        while True:
            _readable(listener)
            connection, peer = listener.accept()
            with connection:
                if self._imports(connection):
                    self._export(connection, listener, peer[0])

    def _imports(self, connection: socket.socket, *, busy: bool = False) -> bool:
        """Answer a list request; return True, and answer nothing, for an import that is possible."""
        connection.settimeout(_VISIT_S)
        try:
            if not protocol.wants_import(_exactly(connection, protocol.OPERATION_SIZE)):
                connection.sendall(protocol.listing(self._descriptors, BUSID))
                return False
            busid = _exactly(connection, protocol.BUSID_SIZE).rstrip(b"\0")
            if busy or busid != BUSID.encode():
                connection.sendall(protocol.refused())
                return False
        except (EOFError, OSError, ProtocolError):
            return False  # no client of this protocol
        return True

    def _export(self, connection: socket.socket, listener: socket.socket, peer: str) -> None:
        with ExitStack() as stack:
            try:
                try:
                    device = stack.enter_context(self._plugged())
                except ToolError as exc:
                    self._say(f"refused to {peer}: {exc}")
                    connection.sendall(protocol.refused())
                    return
                self._say(f"attached to {peer}")
                connection.sendall(protocol.imported(self._descriptors, BUSID))
                connection.settimeout(None)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
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
        while True:
            readable = _readable(connection, listener)
            if connection in readable:  # first: the importer may be gone, and a visitor be the next
                importer.step()
            elif listener in readable:
                visitor, _ = listener.accept()
                with visitor:
                    self._imports(visitor, busy=True)


@dataclass
class _Pending:
    """An IN transfer that waits for data."""

    seqnum: int
    endpoint: int
    size: int
    data: bytes = b""


class Importer:
    """One connection after the import: transfers to `device` and their outcomes."""

    def __init__(self, connection: socket.socket, device: Device) -> None:
        self._connection = connection
        self._device = device
        self._pending: list[_Pending] = []

    def step(self) -> None:
        """Take one command. EOFError: the importer is gone. UnpluggedError: the device is."""
        command = protocol.command(_exactly(self._connection, protocol.COMMAND_SIZE))
        if isinstance(command, Unlink):
            self._unlink(command)
        else:
            self._submit(command)
        for endpoint in {transfer.endpoint for transfer in self._pending}:
            self._advance(endpoint)

    def _unlink(self, command: Unlink) -> None:
        left = [transfer for transfer in self._pending if transfer.seqnum != command.victim]
        found = len(left) < len(self._pending)
        self._pending = left
        self._connection.sendall(protocol.unlinked(command.seqnum, found=found))

    def _submit(self, command: protocol.Submit) -> None:
        seqnum, endpoint, incoming, size, setup = command
        data = b"" if incoming else _exactly(self._connection, size)
        if incoming and endpoint:
            self._pending.append(_Pending(seqnum, endpoint | IN, size))
            return
        try:
            if endpoint:
                self._device.receive(endpoint, data)
                answer = b""
            else:
                answer = self._device.control(setup)
        except StallError:
            self._connection.sendall(protocol.submitted(seqnum, error=protocol.EPIPE))
        else:
            moved = len(answer) if incoming else size
            self._connection.sendall(protocol.submitted(seqnum, data=answer if incoming else b"", moved=moved))

    def _advance(self, endpoint: int) -> None:
        """Carry out pending transfers of one endpoint, in their order, as far as there are data."""
        for transfer in [transfer for transfer in self._pending if transfer.endpoint == endpoint]:
            error, ended = 0, True
            try:
                data, ended = self._device.offer(endpoint, transfer.size - len(transfer.data))
                transfer.data += data
            except StallError:
                error = protocol.EPIPE
            except BabbleError:
                error = protocol.EOVERFLOW
            if not ended:
                return
            self._pending.remove(transfer)
            outcome = protocol.submitted(transfer.seqnum, error=error, data=transfer.data, moved=len(transfer.data))
            self._connection.sendall(outcome)


def _readable(*sockets: socket.socket) -> list[socket.socket]:
    """Wait until there is something to read; return where."""
    while True:
        readable, _, _ = select.select(sockets, [], [], _WAKE_S)
        if readable:
            return readable


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data
