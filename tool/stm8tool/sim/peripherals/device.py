"""A peripheral as the program meets it: registers, and events in them as time passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

NEVER = float("inf")


class Device(Protocol):
    """A peripheral; times are seconds of the bench's clock."""

    @property
    def due(self) -> float:
        """When something in it changes next by itself."""

    @property
    def requests(self) -> Sequence[int]:
        """The numbers of the interrupts that it requests now."""

    @property
    def urgent(self) -> bool:
        """True if the CPU may notice what happens at `due` without an access: an interrupt, or a reset."""

    @property
    def wakes(self) -> bool:
        """True if it may still end a WFI, by an interrupt or a reset, or is still at work."""

    @property
    def volatile(self) -> bool:
        """True if the register that was read last changes at other times than `due`."""

    @property
    def reset_cause(self) -> str:
        """Why it resets the chip now, or an empty text."""

    @property
    def reaches_others(self) -> bool:
        """True if a write to it changes how other peripherals or interrupts work."""

    def holds(self, address: int) -> bool:
        """True for an address of this peripheral."""

    def read(self, address: int, now: float) -> int:
        """Return a register."""

    def write(self, address: int, value: int, now: float) -> None:
        """Write a register."""

    def settle(self, now: float) -> None:
        """Do what is due."""

    def reset(self, now: float) -> None:
        """Do what a reset of the chip does."""

    def pass_over(self, now: float) -> None:
        """Go on after a reset that SWIM masked."""


class Quiet:
    """The answers of a peripheral in which nothing happens by itself."""

    due = NEVER
    requests: Sequence[int] = ()
    urgent = False
    wakes = False
    volatile = False
    reset_cause = ""
    reaches_others = False

    def settle(self, now: float) -> None:
        """Do what is due: nothing."""

    def pass_over(self, now: float) -> None:
        """Go on after a reset that SWIM masked: nothing has happened."""
