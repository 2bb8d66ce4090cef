"""A transport to a USB device that is a script, with a clock that only sleeping moves."""

from __future__ import annotations

from collections.abc import Callable

from stm8tool.transport import usb


class StepClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


Bus = Callable[..., usb.UsbTransport]
