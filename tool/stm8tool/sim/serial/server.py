"""Give the serial wire of a simulated board to other programs: `stm8tool sim serve-serial`.

One client at a time has the board. It takes as long for a byte as the speed says. The file is saved when the client
goes.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from typing import Optional

from stm8tool.errors import ToolError, UsageError
from stm8tool.support.clock import Clock
from stm8tool.support.interrupts import interrupted, shield
from stm8tool.words import Hint

from .. import store
from ..chip.microcontroller import Microcontroller
from ..clock import PACE_S, PacedClock, VirtualClock
from ..gap import SimGapError
from . import devices
from .ends import ClientEnd, PseudoTerminal, SocketEnd
from .wire import MANUAL_RESET_S

HOST = "127.0.0.1"
_WAKE_S = 0.2  # how late Ctrl-C may be seen
_SHORTEST_S = 0.0002
_GLANCE_S = 0.001  # how late a byte of a program may be seen
_LOOK_S = 0.01  # how late a client of a pseudo terminal may be seen; nothing tells that one has come

Say = Callable[[str], None]


class SerialServer:
    """Serves the board of a chip file.

    Args:
        path: The chip file.
        device: What answers, a name of `devices`.
        baud: The speed for clients that do not tell theirs.
        version: The version of the loader; None: the newest.
        say: Takes a line for the user.
    """

    def __init__(
        self,
        path: store.PathLike,
        device: str,
        baud: int,
        version: Optional[int],
        say: Say,
    ) -> None:
        self._path = path
        self._device = device
        self._baud = baud
        self._version = version
        self._say = say
        self._clock: Clock = PacedClock()

    def serve(self, end: ClientEnd) -> None:
        """Serve one client, until it goes or an interrupt waits in `shield`."""
        try:
            with store.board(self._path) as (chip, virtual):
                self._serve(end, chip, virtual)
        except ToolError as exc:
            self._say(f"the client was sent away: {exc}")
        finally:
            end.close()

    def _serve(self, end: ClientEnd, chip: Microcontroller, virtual: VirtualClock) -> None:
        began = self._clock.now() - virtual.now()
        wire = devices.wire(self._device, chip, virtual.now(), self._version)
        end.attach(wire)
        if end.resets:  # what opens a port for a raw connection, as a terminal does, asserts DTR
            wire.dtr = True
            wire.set_reset(True, virtual.now())
            wire.set_reset(False, virtual.now() + MANUAL_RESET_S)
        try:
            while not interrupted():
                virtual.sleep(self._clock.now() - began - virtual.now())
                now = virtual.now()
                wire.settle(now)
                due = wire.arrived(now)
                if due:
                    end.send(due)
                at = wire.next_at()
                longest = _GLANCE_S if wire.works else PACE_S
                data = end.receive(longest if at is None else min(longest, max(at - now, _SHORTEST_S)))
                if data is None:
                    return
                now = max(now, self._clock.now() - began)
                baud, even = (end.baud or self._baud, end.even) if data else (0, None)
                for byte in data:
                    wire.feed(byte, baud, even, now)
        except SimGapError as exc:
            self._say(f"the simulator does not know what the chip does here: {exc}")
        finally:
            virtual.sleep(wire.now - virtual.now())


def serve(
    path: store.PathLike,
    kind: str,
    port: int,
    baud: int,
    version: Optional[int],
    say: Say,
    reached_by: Say,
    device: str,
) -> None:
    """Serve the board until KeyboardInterrupt.

    Args:
        path: The chip file.
        kind: "socket", "rfc2217" or "pty".
        port: TCP port, 0 for any free one; it listens on the loopback address only.
        baud: The speed for clients that do not tell theirs.
        version: The version of the loader; None: the newest.
        say: Takes lines for the user.
        reached_by: Takes the selector of the probe by which a tool reaches the board, once it can.
        device: What answers, a name of `devices`.

    Raises:
        UsageError: Not a chip file, a part without a loader, or a port on which the tool cannot listen.
    """
    with store.board(path) as (chip, _):
        part = chip.part
        about = devices.about(device, part, chip.faults, version)
    server = SerialServer(path, device, about.baud or baud, version, say)
    name = f"{os.fspath(path)}: {part.name}, {about.text}"
    if kind == "pty":
        terminal = PseudoTerminal()
        try:
            say(f"{name}, at {terminal.name}")
            reached_by(f"{about.selector}{terminal.name}")
            with shield():
                while not interrupted():
                    if terminal.wait(_LOOK_S):
                        server.serve(terminal)
        finally:
            terminal.destroy()
        return
    with _listener(port) as listener:
        say(f"{name}, at {HOST} port {listener.getsockname()[1]}")
        before = "" if device == devices.BOOTLOADER else about.selector
        reached_by(f"{before}{kind}://{HOST}:{listener.getsockname()[1]}")
        with shield():
            while not interrupted():
                if select.select([listener], [], [], _WAKE_S)[0]:
                    server.serve(SocketEnd(listener.accept()[0], telnet=kind == "rfc2217"))


def _listener(port: int) -> socket.socket:
    advice = Hint("{port} takes a number up to 65535, 0 for any free port")
    if port not in range(1 << 16):
        raise UsageError(f"cannot listen on {HOST} port {port}: there is no such port", hint=advice)
    try:
        return socket.create_server((HOST, port))
    except OSError as exc:
        reason = str(exc.strerror).partition(" (while")[0]  # Python adds the address
        raise UsageError(f"cannot listen on {HOST} port {port}: {reason}", hint=advice) from exc
