"""The two comparators of the debug module: which instruction or access stops the CPU.

Source: the table of DM_CR1 in UM0470, BC2..0 against BIR and BIW. A reserved mode is a gap. In the pair "BK1 then BK2",
BK1 has to be fetched before BK2, with anything between them: this is our reading of the words.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ..gap import SimGapError

BIR, BIW = 0x04, 0x02
BRW, BK2F, BK1F = 0x08, 0x04, 0x02
UNSET = 0xFFFFFF  # of both registers after a reset: no instruction is there

_DATA, _INSIDE, _OUTSIDE, _EITHER, _MIXED, _STACK = 0, 1, 2, 4, 5, 7


class Access(NamedTuple):
    """One byte that an instruction has read or written; `on_stack` if the stack pointer led there."""

    address: int
    value: int
    is_write: bool
    on_stack: bool = False


class Pair(Protocol):
    """Remembers the first of two breakpoints that have to come one after the other."""

    pair_step: bool


class Breakpoints:
    """The conditions that the registers from DM_BK1RE to DM_CR1 set.

    Attributes:
        fetches: The addresses at which a fetch stops the CPU, if the condition is as simple as that.
        looks_closely: True if each instruction has to be looked at.
    """

    def __init__(self, dm: bytearray) -> None:
        self._first = int.from_bytes(dm[0:3], "big")
        self._second = int.from_bytes(dm[3:6], "big")
        self._data = dm[5]
        self._mode = dm[6] >> 3 & 7
        self._reads, self._writes = bool(dm[6] & BIR), bool(dm[6] & BIW)
        self._fetch_only = not (self._reads or self._writes)
        self.fetches: frozenset[int] = frozenset()
        self.looks_closely = False
        if self._mode == _DATA and self._fetch_only:
            return
        if self._mode in (3, 6):
            self.looks_closely = True
        elif self._mode == _MIXED and self._fetch_only:
            self.fetches = frozenset({self._first, self._second} - {UNSET})
        elif self._mode == _MIXED:
            self.looks_closely = self._first != UNSET or self._second != UNSET
        else:
            self.looks_closely = True

    def fetched(self, pc: int, pair: Pair) -> int:
        """Return the flags with which the fetch at an address stops the CPU, or 0."""
        mode = self._mode
        if mode in (3, 6):
            raise SimGapError(f"a breakpoint of the reserved mode BC={mode}")
        if mode == _MIXED:
            second = self._fetch_only and pc == self._second
            return (BK1F * (pc == self._first) | BK2F * second) if pc != UNSET else 0
        if mode == _STACK:
            return BK2F * (self._fetch_only and pc == self._second)
        if not self._fetch_only or mode == _DATA:
            return 0
        if mode == _EITHER:
            if pair.pair_step and pc == self._second:
                pair.pair_step = False
                return BK2F
            pair.pair_step = pair.pair_step or pc == self._first
            return 0
        return self._in_range(pc)

    def _in_range(self, address: int) -> int:
        inside = self._first <= address <= self._second
        return (BK1F | BK2F) * (inside == (self._mode == _INSIDE))

    def accessed(self, access: Access) -> int:
        """Return the flags with which an access stops the CPU, or 0."""
        mode, address = self._mode, access.address
        flags = 0
        if mode == _STACK and access.on_stack and access.is_write and address <= self._first:
            flags |= BK1F
        if not (self._writes if access.is_write else self._reads):
            return flags and flags | BRW * (not access.is_write)
        if mode == _DATA:
            flags |= BK1F * (address == self._first and access.value == self._data)
        elif mode in (_INSIDE, _OUTSIDE):
            flags |= self._in_range(address)
        elif mode == _EITHER:
            flags |= BK1F * (address == self._first) | BK2F * (address == self._second)
        elif mode in (_MIXED, _STACK):
            flags |= BK2F * (address == self._second)
        return flags and flags | BRW * (not access.is_write)
