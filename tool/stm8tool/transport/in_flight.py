"""Several bulk transfers that libusb has at the same time.

A host that waits for the end of each transfer needs a frame of full-speed USB for each: 1 ms. Transfers that libusb has
together share a frame. pyusb does not offer this for bulk endpoints, so the library that it has loaded is used.

Source: libusb 1.0.26, its asynchronous interface (read): libusb.h, core.c, sync.c, io.c.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional, Union

from ..support.clock import Clock
from ..support.interrupts import shield

_BULK = 2  # libusb.h, enum libusb_transfer_type
_CANCELLED = 3  # enum libusb_transfer_status
_IO, _NO_DEVICE, _TIMEOUT, _OVERFLOW, _PIPE, _INTERRUPTED = -1, -4, -7, -8, -9, -10  # enum libusb_error
# What libusb's own calls that wait return for each status.
_CODES = {0: 0, 1: _IO, 2: _TIMEOUT, _CANCELLED: _IO, 4: _PIPE, 5: _NO_DEVICE, 6: _OVERFLOW}
_MOST_FAILED_WAITS = 20  # in a row: then libusb does not tell the end of a transfer any more
_FAILED_WAIT_S = 0.01  # between two of them


class Ended(NamedTuple):
    """How a transfer ended.

    Attributes:
        code: libusb's error code; 0 if it ended well, None if it had no turn because another one failed.
        data: The bytes that went, in either direction.
    """

    code: Optional[int]
    data: bytes


class StuckError(Exception):
    """libusb does not tell how some transfers end, not even after they were cancelled.

    It may still use their memory, so that is kept. The device must be closed: a later transfer might get their reply.

    Attributes:
        code: libusb's code of the last wait.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"libusb error {code}")
        self.code = code


class Queue:
    """The transfers of one open device.

    Args:
        library: libusb, with pyusb's declarations.
        context: libusb's context.
        device: libusb's handle of the device.
        clock: The clock to wait by.

    Attributes:
        stuck: libusb did not tell how some transfers end: the device must be closed.
    """

    def __init__(self, library: Any, context: Any, device: Any, clock: Clock) -> None:
        self.stuck = False
        self._library = library
        self._context = context
        self._device = device
        self._clock = clock

    def run(self, transfers: Sequence[tuple[int, Union[bytes, int]]], limit_ms: int) -> list[Ended]:
        """Have transfers in flight together. If one fails, cancel the others. None is left when this returns.

        Args:
            transfers: For each, its endpoint, and the bytes to send or how many may come.
            limit_ms: The time limit of each.

        Raises:
            StuckError: libusb does not tell how they end, not even after they were cancelled.
        """
        flight = _Flight()
        with shield():  # libusb uses our memory until the last one has ended
            try:
                for endpoint, content in transfers:
                    code = flight.submit(self._library, self._device, endpoint, content, limit_ms)
                    if code:
                        break
                self._wait(flight)
                return flight.outcomes()
            finally:
                if flight.running:
                    self.stuck = True
                    _LEFT.append(flight)
                else:
                    flight.free(self._library)

    def _wait(self, flight: _Flight) -> None:
        cancelled = False
        failed_waits = 0
        while flight.running:
            if flight.failed and not cancelled:
                cancelled = True
                for transfer in list(flight.running.values()):
                    self._library.libusb_cancel_transfer(transfer)  # it then ends, too
            flight.news.value = 0
            code = self._library.libusb_handle_events_completed(self._context, ctypes.byref(flight.news))
            if code in (0, _INTERRUPTED):
                failed_waits = 0
                continue
            flight.failed, flight.wait_code = True, code
            failed_waits += 1
            if failed_waits == _MOST_FAILED_WAITS:
                raise StuckError(code)
            self._clock.sleep(_FAILED_WAIT_S)


class _Flight:
    """Some transfers.

    Attributes:
        running: Those that have not ended, by their addresses.
        failed: One has failed.
        wait_code: The code of a wait for them that failed; 0 if none did.
        news: Not 0 once another one has ended.
    """

    def __init__(self) -> None:
        self.running: dict[int, Any] = {}
        self.failed = False
        self.wait_code = 0
        self.news = ctypes.c_int(0)
        self._all: list[Any] = []
        self._keep: list[Any] = []  # what libusb has only the addresses of
        self._codes: list[int] = []

    def submit(self, library: Any, device: Any, endpoint: int, content: Union[bytes, int], limit_ms: int) -> int:
        """Submit a transfer; return libusb's code."""
        size = content if isinstance(content, int) else len(content)
        buffer = (ctypes.c_ubyte * size)(*(b"" if isinstance(content, int) else content))
        transfer = library.libusb_alloc_transfer(0)
        fields = transfer.contents
        callback = type(fields.callback)(self._ended)
        fields.dev_handle = device
        fields.endpoint = endpoint
        fields.type = _BULK
        fields.timeout = limit_ms
        fields.length = size
        fields.buffer = ctypes.addressof(buffer)
        fields.callback = callback
        self._all.append(transfer)
        self._keep.append((buffer, callback))
        code = int(library.libusb_submit_transfer(transfer))
        self._codes.append(code)
        if code:
            self.failed = True
        else:
            self.running[ctypes.addressof(fields)] = transfer
        return code

    def _ended(self, transfer: Any) -> None:
        """Take note of the end of a transfer; libusb calls this."""
        fields = transfer.contents
        del self.running[ctypes.addressof(fields)]
        self.failed = self.failed or fields.status != 0
        self.news.value = 1

    def outcomes(self) -> list[Ended]:
        """Return how each of those that were submitted ended."""
        result = []
        for transfer, (buffer, _), code in zip(self._all, self._keep, self._codes):
            fields = transfer.contents
            found: Optional[int] = code or _CODES.get(fields.status, _IO)
            if not code and fields.status == _CANCELLED:
                found = self.wait_code or None
            result.append(Ended(found, bytes(buffer[: fields.actual_length])))
        return result

    def free(self, library: Any) -> None:
        """Give all memory back."""
        for transfer in self._all:
            library.libusb_free_transfer(transfer)
        self._all.clear()


_LEFT: list[_Flight] = []  # whose memory libusb may use until the process ends


def queue_of(handle: Any, clock: Clock) -> Optional[Queue]:
    """Return the queue of a device that pyusb has open; None if that pyusb or system does not allow one.

    pyusb has no public names for what is needed. On 32-bit Windows its type of the callback has another calling
    convention than libusb has.
    """
    if sys.platform == "win32" and struct.calcsize("P") == 4:
        return None
    try:
        context = handle._ctx
        return Queue(context.backend.lib, context.backend.ctx, context.handle.handle, clock)
    except AttributeError:
        return None
