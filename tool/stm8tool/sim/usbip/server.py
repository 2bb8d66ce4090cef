"""Export one device by USB/IP, to one importer at a time.

One thread waits for all connections at once. Visitors ask for the list or for the device. The importer has the device.
Each has limits of time and memory. A transfer stays pending, as on a bus, while the device does not serve it, until
the importer unlinks it. Only another transfer lets the device send, so the server looks at pending transfers after each
command. Between commands the board goes on. An importer sees an unplug when the connection closes.
"""

from __future__ import annotations

import select
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Optional

from stm8tool.errors import ToolError
from stm8tool.sim.clock import PACE_S, RealClock
from stm8tool.sim.gap import SimGapError
from stm8tool.support.clock import Clock
from stm8tool.support.interrupts import interrupted

from . import protocol
from .channel import Channel
from .descriptors import IN, Descriptors
from .device import BabbleError, BusyError, StallError, UnpluggedError, UsbDevice
from .protocol import ProtocolError, Unlink

BUSID = "1-1"
VISITORS = 32  # at once; the oldest makes room for the next
PENDING = 256  # transfers of an importer; Linux has some ten
PENDING_BYTES = 1 << 22
_UNSENT = 1 << 20  # bytes; until an importer fetches them, its commands wait
_VISIT_S = 1.0  # for a list or import request, which a real client sends at once
_COMMAND_S = 5.0  # for the rest of a command that has begun
_WAKE_S = 0.2  # how late Ctrl-C may be seen

# An importer whose machine vanished silently is missed within half a minute, if the system lets us choose.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}

Say = Callable[[str], None]


class Server:
    """Serves one device as `BUSID`.

    Args:
        descriptors: The descriptors of the device.
        plugged: Puts the device on the bus for as long as its context lasts; a ToolError refuses the import.
        say: Takes a line for the user.
        clock: Measures the limits.
    """

    def __init__(
        self,
        descriptors: Descriptors,
        plugged: Callable[[], AbstractContextManager[UsbDevice]],
        say: Say,
        clock: Optional[Clock] = None,
    ) -> None:
        self._descriptors = descriptors
        self._plugged = plugged
        self._say = say
        self._clock = clock or RealClock()
        self._visitors: list[Channel] = []
        self._importer: Optional[Importer] = None
        self._peer = "an importer"
        self._device = ExitStack()

    def serve(self, listener: socket.socket) -> None:
        """Answer until an interrupt waits in `shield`; a device that was unplugged may be imported again."""
        listener.setblocking(False)
        try:
            while not interrupted():
                self.turn(listener, _WAKE_S)
        finally:
            self.close()

    def close(self) -> None:
        """Let all connections go, and the device."""
        for visitor in [*self._visitors]:
            self._dismiss(visitor)
        self._device.close()

    def turn(self, listener: socket.socket, wait_s: float) -> None:
        """Wait until there is something to do, and do a bounded piece of it for each connection."""
        if self._importer:
            with self._ending():
                if self._importer.has_command():
                    wait_s = 0.0
                else:
                    self._importer.settle()
                    wait_s = min(wait_s, PACE_S)
        importer = self._importer
        reading = [visitor.connection for visitor in self._visitors]
        writing = [importer.channel.connection] if importer and importer.channel.unsent else []
        if importer and importer.has_room():
            reading.append(importer.channel.connection)
        readable, writable, _ = select.select([listener, *reading], writing, [], wait_s)
        if importer:  # first: the importer may be gone, and a visitor be the next
            self._carry(importer, readable, writable)
        for visitor in [*self._visitors]:
            self._receive(visitor, readable)
        if listener in readable:
            self._welcome(listener)

    # -- visitors ----------------------------------------------------------------------------------------------------

    def _welcome(self, listener: socket.socket) -> None:
        connection = _accepted(listener)
        if connection is None:
            return
        if len(self._visitors) >= VISITORS:
            self._dismiss(self._visitors[0])
        self._visitors.append(Channel(connection, self._clock.now()))

    def _dismiss(self, visitor: Channel) -> None:
        self._visitors.remove(visitor)
        visitor.connection.close()

    def _receive(self, visitor: Channel, readable: list[socket.socket]) -> None:
        now = self._clock.now()
        try:
            if visitor.connection in readable:
                visitor.fill(now)
            imports = self._answer(visitor, now)
        except (EOFError, OSError, ProtocolError):
            self._dismiss(visitor)  # no client of this protocol
            return
        if imports:
            self._visitors.remove(visitor)
            self._export(visitor)
        elif visitor.is_late(now, _VISIT_S):
            self._dismiss(visitor)

    def _answer(self, visitor: Channel, now: float) -> bool:
        """Answer a request that is complete; return True, and answer nothing, for an import that is possible.

        EOFError: it was answered, and the visit is over.
        """
        if len(visitor.received) < protocol.OPERATION_SIZE:
            return False
        reply = protocol.listing(self._descriptors, BUSID)
        if protocol.wants_import(bytes(visitor.received[: protocol.OPERATION_SIZE])):
            size = protocol.OPERATION_SIZE + protocol.BUSID_SIZE
            if len(visitor.received) < size:
                return False
            busid = visitor.take(size, now)[protocol.OPERATION_SIZE :].rstrip(b"\0")
            if self._importer is None and busid == BUSID.encode():
                return True
            reply = protocol.refused()
        visitor.send(reply, now)  # a few hundred bytes, which the system takes at once
        raise EOFError

    # -- the importer ------------------------------------------------------------------------------------------------

    def _export(self, channel: Channel) -> None:
        """Hand the device over."""
        connection = channel.connection
        self._device.enter_context(connection)
        with self._ending():
            self._peer = connection.getpeername()[0]
            try:
                device = self._device.enter_context(self._plugged())
            except ToolError as exc:
                self._say(f"refused to {self._peer}: {exc}")
                channel.send(protocol.refused(), self._clock.now())
                self._device.close()
                return
            self._say(f"attached to {self._peer}")
            self._importer = Importer(channel, device, self._clock)
            channel.send(protocol.imported(self._descriptors, BUSID), self._clock.now())
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE.items():
                if hasattr(socket, name):
                    connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def _carry(self, importer: Importer, readable: list[socket.socket], writable: list[socket.socket]) -> None:
        with self._ending():
            now = self._clock.now()
            if importer.channel.connection in writable:
                importer.channel.flush(now)
            if importer.channel.connection in readable:
                importer.channel.fill(now)
            if importer.has_command():
                importer.step()
            elif importer.channel.is_late(now, _COMMAND_S):
                raise EOFError

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Unplug the device, and say why, if the block finds that the importer or the device is gone."""
        try:
            yield
            return
        except (EOFError, OSError):
            reason = "detached"
        except ProtocolError as exc:
            reason = f"detached: {self._peer} does not speak USB/IP: {exc}"
        except UnpluggedError:
            reason = "unplugged"
        except SimGapError as gap:
            reason = f"unplugged: the simulator does not know how to go on: {gap}"
        self._importer = None
        self._say(reason)
        self._device.close()


@dataclass
class _Pending:
    """A transfer that is not over; its data are those to send, or those that came so far."""

    seqnum: int
    endpoint: int
    size: int
    data: bytes


class Importer:
    """One connection after the import: transfers to `device` and their outcomes."""

    def __init__(self, channel: Channel, device: UsbDevice, clock: Clock) -> None:
        self.channel = channel
        self._device = device
        self._clock = clock
        self._pending: dict[int, deque[_Pending]] = {}  # by endpoint

    def has_room(self) -> bool:
        """Tell whether more may come."""
        return len(self.channel.received) < protocol.COMMAND_SIZE + protocol.LONGEST_TRANSFER and not self._is_stuck()

    def settle(self) -> None:
        """Let the device go on by itself."""
        self._device.settle()

    def has_command(self) -> bool:
        """Tell whether a whole command has come and its outcome would find room."""
        return not self._is_stuck() and len(self.channel.received) >= self._due()

    def _is_stuck(self) -> bool:
        return len(self.channel.unsent) > _UNSENT

    def _due(self) -> int:
        """Return how long the next command is, as far as the bytes so far tell it."""
        if len(self.channel.received) < protocol.COMMAND_SIZE:
            return protocol.COMMAND_SIZE
        command = protocol.command(bytes(self.channel.received[: protocol.COMMAND_SIZE]))
        follows = command.size if isinstance(command, protocol.Submit) and not command.incoming else 0
        return protocol.COMMAND_SIZE + follows

    def step(self) -> None:
        """Carry out the command that has come. UnpluggedError: the device is gone."""
        message = self.channel.take(self._due(), self._clock.now())
        command = protocol.command(message[: protocol.COMMAND_SIZE])
        if isinstance(command, Unlink):
            self._unlink(command)
        else:
            self._submit(command, message[protocol.COMMAND_SIZE :])
        progress = True
        while progress:  # a transfer that ended may let another go on
            progress = any(self._advance(endpoint) for endpoint in [*self._pending] if self._pending[endpoint])

    def _send(self, message: bytes) -> None:
        self.channel.send(message, self._clock.now())

    def _unlink(self, command: Unlink) -> None:
        found = False
        for transfers in self._pending.values():
            victim = next((transfer for transfer in transfers if transfer.seqnum == command.victim), None)
            if victim is not None:
                transfers.remove(victim)
                found = True
        self._send(protocol.unlinked(command.seqnum, found=found))

    def _submit(self, command: protocol.Submit, data: bytes) -> None:
        seqnum, endpoint, incoming, size, setup = command
        if endpoint:
            waiting = [transfer for transfers in self._pending.values() for transfer in transfers]
            if len(waiting) >= PENDING or sum(transfer.size for transfer in waiting) + size > PENDING_BYTES:
                raise ProtocolError(f"more than {PENDING} transfers, or {PENDING_BYTES} bytes, are pending")
            transfer = _Pending(seqnum, endpoint | IN * incoming, size, data)
            self._pending.setdefault(transfer.endpoint, deque()).append(transfer)
            return
        try:
            answer = self._device.control(setup)
        except StallError:
            self._send(protocol.submitted(seqnum, error=protocol.EPIPE))
        else:
            moved = len(answer) if incoming else size
            self._send(protocol.submitted(seqnum, data=answer if incoming else b"", moved=moved))

    def _advance(self, endpoint: int) -> bool:
        """Carry on with the oldest transfer of an endpoint; return whether it ended."""
        transfer = self._pending[endpoint][0]
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
        self._pending[endpoint].popleft()
        moved = len(transfer.data) if incoming or not error else 0
        data = transfer.data if incoming else b""
        self._send(protocol.submitted(transfer.seqnum, error=error, data=data, moved=moved))
        return True


def _accepted(listener: socket.socket) -> Optional[socket.socket]:
    """Return the next connection; None if the client has given up meanwhile."""
    with suppress(OSError):
        return listener.accept()[0]
    return None
