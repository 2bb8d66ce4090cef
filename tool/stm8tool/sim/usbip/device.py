"""A USB device below its descriptors: standard requests, configuration, halted endpoints, packets.

Source: USB 2.0 §9.4 (requests), §5.8.3 (a bulk transfer ends with a short packet or when the buffer is full).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Optional, Protocol

from .descriptors import CONFIGURATION, DEVICE, IN, STRING, Descriptors

_TYPE, _CLASS = 0x60, 0x20  # of bmRequestType
_TO_ENDPOINT = 0x02
GET_STATUS, CLEAR_FEATURE, GET_DESCRIPTOR, GET_CONFIGURATION, SET_CONFIGURATION = 0, 1, 6, 8, 9
GET_INTERFACE, SET_INTERFACE = 10, 11


class StallError(Exception):
    """The endpoint answers STALL; that halts it, unless it is endpoint 0."""


class UnpluggedError(Exception):
    """The device is gone from the bus."""


class BabbleError(Exception):
    """The device had a longer packet than the host asked for."""


class BusyError(Exception):
    """The device does not take an OUT transfer now, but may later (NAK)."""


class Function(Protocol):
    """The part of a device that answers on one interface. `receive`, `offer` may raise StallError, UnpluggedError."""

    def request(self, request: int) -> bytes:
        """Answer a request of the interface's class (b"" if only OUT makes sense), or raise StallError."""

    def receive(self, data: bytes) -> None:
        """Take one OUT transfer, or raise BusyError."""

    def offer(self) -> bytes:
        """Return the next IN transfer if there is one now, else b""."""

    def settle(self) -> None:
        """Let everything happen that is due; called often."""

    def clear_halt(self) -> None:
        """An endpoint's halt was cleared."""

    def bus_reset(self) -> None:
        """The bus was reset."""

    def configured(self) -> None:
        """The configuration was set: by the system, or by a program that is about to use the device."""


class UsbDevice:
    """One device with its functions by interface number.

    Replies come from the first IN endpoint of an interface; others (an ST-LINK's trace) and interfaces without a
    function stay silent.
    """

    def __init__(self, descriptors: Descriptors, functions: Mapping[int, Function]) -> None:
        self.descriptors = descriptors
        self._functions = functions
        self._configuration = 0
        self._enumerated = False  # the device descriptor was read since the configuration was set
        self._known = False  # the first enumeration is over
        self._halted: set[int] = set()
        self._rest: dict[int, bytes] = {}  # by endpoint, the bytes of a transfer that are still to be fetched
        self._packet: dict[int, int] = {}
        self._function_at: dict[int, Function] = {}
        for interface in descriptors.interfaces:
            ins = [endpoint.address for endpoint in interface.endpoints if endpoint.address & IN]
            for endpoint in interface.endpoints:
                self._packet[endpoint.address] = endpoint.packet
                if interface.number in functions and endpoint.address not in ins[1:]:
                    self._function_at[endpoint.address] = functions[interface.number]

    def control(self, setup: bytes) -> bytes:
        """Answer a request on endpoint 0; StallError for an unknown one."""
        kind, request, value, index, length = struct.unpack("<BBHHH", setup)
        if kind & _TYPE == _CLASS and index & 0xFF in self._functions:
            return self._functions[index & 0xFF].request(request)[:length]
        if kind & _TYPE:
            raise StallError
        if kind & IN:
            return self._answer(request, value, index)[:length]
        if request == CLEAR_FEATURE and kind == _TO_ENDPOINT and not value:
            self._clear_halt(index)
        elif request == SET_CONFIGURATION:
            self._configure(value & 0xFF)
        elif request != SET_INTERFACE:
            raise StallError
        return b""

    def receive(self, endpoint: int, data: bytes) -> None:
        """Take one OUT transfer, or raise BusyError."""
        function = self._function(endpoint)
        if function is not None:
            with self._halting(endpoint):
                function.receive(data)

    def offer(self, endpoint: int, room: int) -> tuple[bytes, bool]:
        """Return bytes for an IN transfer with `room` left, and whether they end it.

        Raises:
            BabbleError: The next packet does not fit.
        """
        waiting = self._rest.pop(endpoint, b"")
        function = self._function(endpoint)
        if not waiting and function is not None:
            with self._halting(endpoint):
                waiting = function.offer()
        if not waiting:
            return b"", False
        packet = self._packet[endpoint]
        taken = len(waiting) if len(waiting) <= room else room // packet * packet
        if not taken:
            raise BabbleError
        if taken < len(waiting):
            self._rest[endpoint] = waiting[taken:]
        return waiting[:taken], taken == room or taken % packet != 0

    def settle(self) -> None:
        """Let everything happen that is due, while no transfer comes."""
        for function in self._functions.values():
            function.settle()

    def _answer(self, request: int, value: int, index: int) -> bytes:
        if request == GET_DESCRIPTOR:
            return self._descriptor(value >> 8, value & 0xFF)
        if request == GET_STATUS:
            return struct.pack("<H", index in self._halted)
        if request == GET_CONFIGURATION:
            return bytes([self._configuration])
        if request == GET_INTERFACE:
            return b"\0"
        raise StallError

    def _descriptor(self, kind: int, index: int) -> bytes:
        if kind == DEVICE:
            self._enumerated = True
            return self.descriptors.device()
        if kind == CONFIGURATION:
            return self.descriptors.configuration()
        if kind == STRING and index in self.descriptors.strings:
            return self.descriptors.strings[index]
        raise StallError

    def _configure(self, configuration: int) -> None:
        """Take SET_CONFIGURATION, which clears every halt.

        USB/IP does not carry a bus reset. A bus reset shows as this request after the device descriptor was read again.
        Only a system that enumerates reads that descriptor; a program that sets the configuration does not.
        """
        self._configuration = configuration
        self._halted.clear()
        self._rest.clear()
        for function in self._functions.values():
            if self._known and self._enumerated:
                function.bus_reset()
            function.configured()
        self._known, self._enumerated = True, False

    def _clear_halt(self, endpoint: int) -> None:
        self._halted.discard(endpoint)
        function = self._function(endpoint)
        if function is not None:
            function.clear_halt()

    def _function(self, endpoint: int) -> Optional[Function]:
        if endpoint in self._halted:
            raise StallError
        return self._function_at.get(endpoint)

    @contextmanager
    def _halting(self, endpoint: int) -> Iterator[None]:
        try:
            yield
        except StallError:
            self._halted.add(endpoint)
            raise
