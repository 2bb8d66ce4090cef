"""The two comparators of the debug module: which conditions they can watch for, and with which settings.

    fetch at one or two addresses        access to one or two bytes, or one of each
    fetch or access in a range, or outside of it
    access to a byte with a value        fetch at one address, later at another one
    write by the stack at or below a limit, and one address besides

Source: UM0470, the table of DM_CR1; modes 3 and 6 are reserved. OpenOCD uses the mode BC=101 only. With two accesses
to data that mode watches for fetches, so here BC=100 serves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Optional

from ..errors import Code, TargetError

BRW, BK2F, BK1F = 0x08, 0x04, 0x02  # DM_CSR1: a read; the second and the first comparator have stopped the CPU
WDGOFF = 0x80  # DM_CR1: watchdogs do not count while the CPU is stalled, except those that an option byte has started
UNSET = 0xFFFFFF  # of both comparators after a reset: no instruction is there
_BIR, _BIW = 0x04, 0x02
_WHY = (
    "the chip compares two addresses only, and flash holds no software breakpoints, because each one would erase and "
    "program a block"
)


class NoComparatorError(TargetError):
    """The comparators are taken by other conditions."""

    code = Code.DEBUG


class AccessKind(Enum):
    """An action of the CPU; the value is its bits in DM_CR1."""

    FETCH = 0
    WRITE = _BIW
    READ = _BIR
    EITHER = _BIR | _BIW


class Mode(Enum):
    """How a condition uses its addresses."""

    AT = "at"  # this byte; two conditions of this mode fit
    VALUE = "value"  # an access to this byte, with the value `second`
    INSIDE = "inside"  # from `first` to `second`, both included
    OUTSIDE = "outside"
    SEQUENCE = "sequence"  # a fetch at `first`, later one at `second`
    STACK = "stack"  # the stack writes at `first` or below


class Condition(NamedTuple):
    """A condition that stops the CPU.

    Attributes:
        access: What the CPU does. A fetch stops it before the instruction, an access to data after the instruction.
        first: The address.
        second: The meaning depends on the mode.
        mode: See `Mode`.
    """

    access: AccessKind
    first: int
    second: int = 0
    mode: Mode = Mode.AT

    @property
    def is_breakpoint(self) -> bool:
        """True for a plain breakpoint."""
        return self.mode is Mode.AT and self.access is AccessKind.FETCH

    def __str__(self) -> str:
        what = {
            AccessKind.FETCH: "fetch",
            AccessKind.WRITE: "write",
            AccessKind.READ: "read",
            AccessKind.EITHER: "access",
        }[self.access]
        first, second = f"0x{self.first:06X}", f"0x{self.second:06X}"
        return {
            Mode.AT: f"{what} at {first}",
            Mode.VALUE: f"{what} of 0x{self.second:02X} at {first}",
            Mode.INSIDE: f"{what} from {first} to {second}",
            Mode.OUTSIDE: f"{what} outside of {first} to {second}",
            Mode.SEQUENCE: f"fetch at {first}, later at {second}",
            Mode.STACK: f"the stack at {first} or below",
        }[self.mode]


def breakpoint_at(address: int) -> Condition:
    """Return the condition of a hardware breakpoint."""
    return Condition(AccessKind.FETCH, address)


def watchpoint(access: AccessKind, address: int, size: int) -> Condition:
    """Return the condition of a watchpoint for `size` bytes; more than one byte takes both comparators."""
    if size == 1:
        return Condition(access, address)
    return Condition(access, address, address + size - 1, Mode.INSIDE)


class ComparatorSetting(NamedTuple):
    """The values for the registers.

    Attributes:
        first: DM_BK1R.
        second: DM_BK2R.
        control: DM_CR1.
        by_first: The condition of the first comparator, or of both.
        by_second: The condition of the second one.
    """

    first: int
    second: int
    control: int
    by_first: Optional[Condition] = None
    by_second: Optional[Condition] = None

    def registers(self) -> bytes:
        """Return the seven bytes from DM_BK1RE to DM_CR1."""
        return self.first.to_bytes(3, "big") + self.second.to_bytes(3, "big") + bytes([self.control])

    def met(self, flags: int) -> Optional[Condition]:
        """Return the condition that DM_CSR1 shows as met; None if only another kind of access has stopped the CPU.

        Two bytes with different kinds of access share a mode that stops at each access to them. An instruction that
        reads and writes a byte shows BRW, too. So BRW does not exclude a write, but without it there was no read.
        """
        only_written = not flags & BRW
        for flag, condition in ((BK1F, self.by_first), (BK2F, self.by_second or self.by_first)):
            plain_read = condition is not None and condition.mode is Mode.AT and condition.access is AccessKind.READ
            if flags & flag and condition is not None and not (plain_read and only_written):
                return condition
        return None


NOTHING = ComparatorSetting(UNSET, UNSET, WDGOFF)


def setting(conditions: Sequence[Condition]) -> ComparatorSetting:
    """Return the setting that watches for all of these conditions.

    Raises:
        TargetError: Two comparators cannot do that.
    """
    if not conditions:
        return NOTHING
    plain = [condition for condition in conditions if condition.mode is Mode.AT]
    special = [condition for condition in conditions if condition.mode is not Mode.AT]
    if special and special[0].mode is Mode.STACK and len(special) == 1 and len(plain) < 2:
        return _stack(special[0], plain[0] if plain else None)
    if len(conditions) > 2 or (special and len(conditions) > 1):
        raise _too_many(conditions)
    if special:
        return _alone(special[0])
    return _plain(plain)


def _control(mode: int, access: int) -> int:
    return WDGOFF | mode << 3 | access


def _plain(conditions: Sequence[Condition]) -> ComparatorSetting:
    fetches = [condition for condition in conditions if condition.access is AccessKind.FETCH]
    data = [condition for condition in conditions if condition.access is not AccessKind.FETCH]
    if len(data) == 2:
        first, second = data
        return ComparatorSetting(
            first.first, second.first, _control(4, first.access.value | second.access.value), first, second
        )
    if data:
        by_first = fetches[0] if fetches else None
        at = by_first.first if by_first else UNSET
        return ComparatorSetting(at, data[0].first, _control(5, data[0].access.value), by_first, data[0])
    by_second = fetches[1] if len(fetches) == 2 else None
    return ComparatorSetting(
        fetches[0].first, by_second.first if by_second else UNSET, _control(5, 0), fetches[0], by_second
    )


def _alone(condition: Condition) -> ComparatorSetting:
    access = condition.access.value
    if condition.mode is Mode.VALUE:
        return ComparatorSetting(condition.first, condition.second & 0xFF, _control(0, access), condition)
    mode = {Mode.INSIDE: 1, Mode.OUTSIDE: 2, Mode.SEQUENCE: 4}[condition.mode]
    return ComparatorSetting(condition.first, condition.second, _control(mode, access), condition)


def _stack(limit: Condition, other: Optional[Condition]) -> ComparatorSetting:
    access = other.access.value if other else 0
    return ComparatorSetting(limit.first, other.first if other else UNSET, _control(7, access), limit, other)


def _too_many(conditions: Sequence[Condition]) -> NoComparatorError:
    *held, wanted = conditions
    taken = " and ".join(map(str, held))
    both = "; a range, a value or a sequence takes both" if any(c.mode is not Mode.AT for c in conditions) else ""
    return NoComparatorError(
        f"no comparator is free for {wanted}: {_WHY}{both}",
        hint=f"remove one of these first: {taken}",
    )
