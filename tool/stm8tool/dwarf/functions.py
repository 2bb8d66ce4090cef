"""The functions of a program: their whole addresses, where they end, and how their stack frames change.

SDCC 4.2 gives no end and no frame base to a function that pops its own arguments. `.debug_frame` has the ends of all
functions, so the ends come from there. Its entries have no names. They stand in the order of the functions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Optional

from .addresses import BANK, WholeAddresses
from .lines import frame_entries
from .reading import DebugData, name_of, number_of

_HANDLER = 3  # DW_AT_calling_convention of interrupt and trap handlers
_RETURNS_NEAR = ((b"\x81", 2),)  # ret
_RETURNS_FAR = ((b"\x87", 3),)  # retf
_RETURNS_BY_JUMP = (b"\xfc",)  # jp (x), jp (y): after the function has popped its return address and arguments
CALL_OFFSET = 2  # of the canonical frame address from the stack pointer, at the entry of a function
_WIDE = 8  # bytes; see SourceFunction.returns_wide


class CfaRow(NamedTuple):
    """From an address on, the canonical frame address is so far above the stack pointer."""

    address: int
    offset: int


class SourceFunction(NamedTuple):
    """A function with DWARF.

    Attributes:
        name: As in C.
        file: Its file of C, as SDCC was given it.
        start: The address of its first instruction.
        end: The address after its last byte.
        is_handler: It handles an interrupt or a trap.
        returns_wide: It returns 64 bits. SDCC's data about its stack frame are wrong then.
        frame_rows: How far its canonical frame address is above the stack pointer, from which address on.
        die: Its entry in pyelftools.
    """

    name: str
    file: str
    start: int
    end: int
    is_handler: bool
    returns_wide: bool
    frame_rows: tuple[CfaRow, ...]
    die: Any

    def cfa_offset(self, pc: int) -> Optional[int]:
        """Return how far the canonical frame address is above the stack pointer; None if that is not known."""
        index = bisect_right([row.address for row in self.frame_rows], pc) - 1
        return self.frame_rows[index].offset if index >= 0 else None

    @property
    def pops_arguments(self) -> bool:
        """Tell whether it removes its arguments from the stack itself, before it returns."""
        return min((row.offset for row in self.frame_rows), default=CALL_OFFSET) < CALL_OFFSET and not self.is_handler


class Functions:
    """The functions with DWARF."""

    def __init__(self, functions: Iterable[SourceFunction]) -> None:
        self.all = sorted(functions, key=lambda function: function.start)
        self._starts = [function.start for function in self.all]

    def at(self, address: int) -> Optional[SourceFunction]:
        """Return the function around an address; None if no function with DWARF is there."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address >= self.all[index].end:
            return None
        return self.all[index]

    def named(self, name: str) -> list[SourceFunction]:
        """Return the functions of that name: several files may each have a static one."""
        return [function for function in self.all if function.name == name]


def read_functions(data: DebugData) -> Functions:
    """Return the functions of a program."""
    frames: dict[int, list[Any]] = defaultdict(list)
    for entry in frame_entries(data.dwarf):
        frames[entry["initial_location"]].append(entry)
    return Functions(_functions(data, WholeAddresses(data.content), frames))


def _functions(data: DebugData, places: WholeAddresses, frames: dict[int, list[Any]]) -> Iterator[SourceFunction]:
    for unit in data.units:
        for die in unit.iter_children():
            low = number_of(die, "DW_AT_low_pc")
            if die.tag != "DW_TAG_subprogram" or low is None:
                continue
            entries = frames.get(low)
            entry = entries.pop(0) if entries else None
            start = places.of_function(name_of(unit), name_of(die), low)
            if start is None:
                continue
            yield SourceFunction(
                name_of(die),
                name_of(unit),
                start,
                start + _length(die, low, entry),
                number_of(die, "DW_AT_calling_convention") == _HANDLER,
                _return_size(die) >= _WIDE,
                _frame_rows(entry, start - low),
                die,
            )


def _length(die: Any, low: int, entry: Any) -> int:
    if entry is not None:
        return int(entry["address_range"])
    high = number_of(die, "DW_AT_high_pc")
    return 1 if high is None else (high - low) % BANK


def _return_size(die: Any) -> int:
    if "DW_AT_type" not in die.attributes:
        return 0
    return number_of(die.get_DIE_from_attribute("DW_AT_type"), "DW_AT_byte_size") or 0


def _frame_rows(entry: Any, shift: int) -> tuple[CfaRow, ...]:
    if entry is None:
        return ()
    rows = {}
    for row in entry.get_decoded().table:
        offset = row["cfa"].offset
        rows[row["pc"] + shift] = offset - (1 << 32) if offset >= 1 << 31 else offset  # SDCC writes -1 without a sign
    return tuple(CfaRow(address, rows[address]) for address in sorted(rows))


def return_address_size(functions: Functions, code: Callable[[int, int], bytes]) -> Optional[int]:
    """Return how many bytes a call pushes: 2 in the medium model, 3 in the large one. None if no function tells.

    Args:
        functions: The program's functions. A program has one model. The last byte of a function tells it, and may also
            be the distance of a jump, so the majority counts.
        code: Returns bytes of the program: address, count.
    """
    counted = Counter(size for function in functions.all if (size := _size_of_return(function, code)))
    likely = [size for size, count in counted.items() if count == max(counted.values())]
    return likely[0] if len(likely) == 1 else None


def _size_of_return(function: SourceFunction, code: Callable[[int, int], bytes]) -> int:
    if function.is_handler:
        return 0
    last = code(function.end - 1, 1)
    for opcode, size in (*_RETURNS_NEAR, *_RETURNS_FAR):
        if last == opcode:
            return size
    return 2 if last in _RETURNS_BY_JUMP and function.pops_arguments else 0
