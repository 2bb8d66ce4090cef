"""The user's choices for a serial wire: speed, reset, mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

DEFAULT_BAUD = 115200
SLOWEST_BAUD, FASTEST_BAUD = 4800, 1_000_000
WAIT_S = 20  # for a reset by hand


class Reset(Enum):
    """How the chip is reset before the loader is asked; the value is the word of the command line."""

    AUTO = "auto"  # pulse DTR and RTS; if that does not help, ask the user
    DTR = "dtr"
    RTS = "rts"
    MANUAL = "manual"
    NONE = "none"


class UartMode(Enum):
    """How bytes go over the wire; the value is the word of the command line."""

    AUTO = "auto"
    DUPLEX = "duplex"  # even parity
    ONE_WIRE = "one-wire"  # no parity; the host reads its own bytes
    REPLY = "reply"  # no parity; the host returns each byte


def _nothing(_left_s: int) -> None:
    """Tell nothing."""


@dataclass(frozen=True)
class SerialSettings:
    """The choices of one run.

    Attributes:
        baud: The speed.
        reset: How the chip is reset.
        reset_command: A command that resets the chip, in words; empty for none.
        mode: The mode of the UART.
        wait_s: How long to wait for a reset by hand.
        tell: Called with the seconds left while the tool waits for that.
    """

    baud: int = DEFAULT_BAUD
    reset: Reset = Reset.AUTO
    reset_command: tuple[str, ...] = ()
    mode: UartMode = UartMode.AUTO
    wait_s: int = WAIT_S
    tell: Callable[[int], None] = _nothing
