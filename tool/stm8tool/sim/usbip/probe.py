"""A simulated ST-LINK as the function of interface 0."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from stm8tool.errors import EndpointStallError, ProbeLostError, TransferSizeError, TransportTimeoutError
from stm8tool.transport.base import Transport

from .device import BusyError, StallError, UnpluggedError
from .disk import BULK_ONLY_RESET, GET_MAX_LUN

_NO_WAIT = 0.0


class ServedProbe(Transport, Protocol):
    """A simulated probe, whose board also goes on while no transfer comes."""

    def settle(self) -> None:
        """Let everything happen that is due."""


class ProbeFunction:
    """A `Function` that hands transfers on to `probe`, which is open and should run in real time."""

    def __init__(self, probe: ServedProbe) -> None:
        self._probe = probe
        self._dry = True  # it was asked in vain; nothing comes before the next OUT, and each question is a transfer

    def request(self, request: int) -> bytes:
        """A vendor's interface has no requests of a class."""
        raise StallError

    def receive(self, data: bytes) -> None:
        """Take one OUT transfer; an empty one says nothing."""
        if not data:
            return
        self._dry = False
        try:
            with _on_the_bus():
                self._probe.write(data, _NO_WAIT)
        except TransportTimeoutError:
            raise BusyError from None

    def offer(self) -> bytes:
        """Return the next reply if there is one."""
        if self._dry:
            return b""
        try:
            with _on_the_bus():
                return self._probe.read(0, _NO_WAIT)
        except TransferSizeError as exc:
            return exc.data
        except TransportTimeoutError:
            self._dry = True
            return b""

    def settle(self) -> None:
        """Let the board go on."""
        self._probe.settle()

    def clear_halt(self) -> None:
        """Clear the halt of both endpoints."""
        with _on_the_bus():
            self._probe.clear_halt()

    def bus_reset(self) -> None:
        """Start again."""
        self._dry = True
        with _on_the_bus():
            self._probe.reset()

    def configured(self) -> None:
        """A program may come: it finds the probe in the mode in which the last one left it."""
        with _on_the_bus():
            self._probe.open()


class DiskProbeFunction(ProbeFunction):
    """The same for an ST-LINK/V1, whose interface is that of a disk."""

    def request(self, request: int) -> bytes:
        """There is one unit, and the class's reset."""
        if request == GET_MAX_LUN:
            return b"\0"
        if request != BULK_ONLY_RESET:
            raise StallError
        with _on_the_bus():
            self._probe.bulk_only_reset()
        return b""


@contextmanager
def _on_the_bus() -> Iterator[None]:
    try:
        yield
    except EndpointStallError:
        raise StallError from None
    except ProbeLostError:
        raise UnpluggedError from None
