"""The variables of a running program: read and set over SWIM, without a reset and without a stall.

    with LiveVariables(link, part, program, variables) as live:
        counter, speed = live.read(["counter", "motor.speed"])
        live.write("gain", 12)

A reset of the chip or a lost link does not end it: `read` attaches again, and tells it by `notice`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import NamedTuple, Optional, Union

from ...dwarf import reading
from ...dwarf.expressions import ValuePlace, place_of
from ...dwarf.types import OpaqueType, Value, ValueTextError, bytes_of, leaves, text_of_value, value_of
from ...dwarf.variables import Variables
from ...errors import LINK_ERRORS, Code, ConnectError, TargetError, UsageError
from ...parts.table import Part, Region
from ...probe.base import SwimLink
from ...support.clock import Clock
from ...support.values import shortened
from .. import regions
from . import program as programs
from . import steady
from .attachment import Attachment
from .program import Program

_CORE = Region("CPU", 0x7F00, 0x100)  # its registers, and those of the debug module (RM0016, RM0031: "Memory map")
_GAP = 16  # bytes between two variables that are read in one command all the same; our choice
_MOST_AT_ONCE = 256
_TRIES = 5  # to set a value; our choice

Named = Union[str, ValuePlace]


class Reading(NamedTuple):
    """One value of one moment.

    Attributes:
        place: What was read.
        data: Its bytes; empty if there is a problem.
        steady: False if no two reads agreed, so that the value may be torn; see `steady.py`.
        problem: Why there is no value, such as a pointer that is NULL; "" if there is one.
    """

    place: ValuePlace
    data: bytes
    steady: bool = True
    problem: str = ""

    @property
    def name(self) -> str:
        """Its name, as the user wrote it."""
        return self.place.text

    @property
    def value(self) -> Value:
        """A number, a list for an array, a dictionary for a structure; None if there is a problem."""
        return None if self.problem else value_of(self.place.type, self.data, self.place.bits)

    @property
    def text(self) -> str:
        """The value in one line, or the problem."""
        return self.problem or text_of_value(self.place.type, self.value)


class Setting(NamedTuple):
    """A value for a variable. Its bytes are those of the number; those of a bit-field are not shifted yet."""

    place: ValuePlace
    data: bytes

    @property
    def text(self) -> str:
        """The value in one line, as a reading shows it."""
        bits = self.place.bits
        if bits is not None:
            return str(int.from_bytes(self.data, "little"))
        return text_of_value(self.place.type, value_of(self.place.type, self.data))


class ValueChange(NamedTuple):
    """A variable that was set: its value before, and as it was read back.

    Attributes:
        disturbed: The program changed other bits of a bit-field's byte in the meantime. The write may have undone that.
    """

    before: Reading
    after: Reading
    disturbed: bool = False


class LiveVariables:
    """The variables of a chip whose program runs.

    Args:
        link: An open probe.
        part: The chip.
        program: The program that should run; without it the chip's flash is not compared.
        variables: Its variables; without them only an address with a type is known.
        notice: Called with one line for the user, such as "the chip answers again".
    """

    def __init__(
        self,
        link: SwimLink,
        part: Part,
        program: Optional[Program] = None,
        variables: Optional[Variables] = None,
        notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._link = link
        self._part = part
        self._program = program
        self._variables = variables
        self._notice = notice
        self._attachment = Attachment(link, part, notice, Code.NOT_RUNNING)
        self._times = 0  # how often the chip was reached, when the flash was compared

    def __enter__(self) -> LiveVariables:
        """Attach, and compare the flash with the program.

        Raises:
            ConnectError: The running chip does not answer.
            TargetError: Another program runs, its CPU is stopped, or it is read-protected.
        """
        try:
            compared: set[int] = set()
            self._attachment.enter(lambda: self._compare(compared))
            self._times = self._attachment.times
        except BaseException:
            self._attachment.leave()
            raise
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Detach; the program runs on."""
        self._attachment.leave()

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""
        return self._link.clock

    @property
    def names(self) -> list[str]:
        """The names of all variables of the program, each as `read` takes it."""
        known = self._variables
        return [variable.spelling(known) for variable in known.with_place] if known else []

    def place(self, named: Named) -> ValuePlace:
        """Return where a value is: `counter`, `temp[2]`, `motor.speed`, `*p`, `p->x`, `file.c:name`, `0x10:uint8_t`.

        Raises:
            UsageError: The text makes no sense, the program has no such variable, or the chip no such memory.
        """
        found = place_of(named, self._variables) if isinstance(named, str) else named
        return require_readable(self._part, found)

    def read(self, names: Sequence[Named]) -> Optional[list[Reading]]:
        """Return a reading of each name; None if the chip does not answer now.

        Raises:
            UsageError: See `place`.
            ConnectError: The chip stayed silent for half a minute.
            TargetError: Another program runs since the chip was silent.
            TransportError, ProbeError: The probe failed.
        """
        places = [self.place(named) for named in names]
        try:
            if not self._attachment.is_attached():
                return None
            self._look_after_return()
            return self._read(places)
        except ConnectError:
            raise
        except LINK_ERRORS as exc:
            self._attachment.lose(exc)
            return None

    def write(self, named: Named, value: Union[str, float]) -> ValueChange:
        """Write a value into RAM or into a register of a device, and read it back.

        Of a bit-field, the bytes are read, changed and written. If the program changes its neighbours in that moment,
        one of these changes may be lost.

        Raises:
            UsageError: See `place` and `setting`.
            TargetError: A pointer on the way leads to no memory that can be set.
            SwimError, TransportError, ProbeError: The link failed; whether the value was written is not known.
        """
        return self.apply(self.setting(named, value))

    def setting(self, named: Named, value: Union[str, float]) -> Setting:
        """Return a checked value for `apply`, without a look at the chip.

        Raises:
            UsageError: See `place`. Or the value does not fit, or the place is not in RAM (`Code.NOT_RAM`).
        """
        return setting_of(self._part, self.place(named), value)

    def apply(self, setting: Setting) -> ValueChange:
        """Write a checked value, again if the link is lost in the middle; errors: see `write`."""
        for left in reversed(range(_TRIES)):
            try:
                if self._attachment.is_attached():
                    return self._applied(setting)
            except ConnectError:
                raise
            except LINK_ERRORS as exc:
                self._attachment.lose(exc)
                if not left:
                    raise
        raise ConnectError("the running chip does not answer any more", hint="check the wires and the supply")

    def _applied(self, setting: Setting) -> ValueChange:
        place = setting.place
        (before,) = self._read([place])
        address, problem = self._address(place)
        if address is None or before.problem:
            raise TargetError(
                f"{place.text} cannot be set: {problem or before.problem}",
                code=Code.NO_VARIABLE,
                hint="set the pointer first, or wait until the program has set it",
            )
        _require_ram(self._part, place, address)
        if place.bits is None:
            self._link.wotf(address, setting.data)
            (after,) = self._read([place])
            return ValueChange(before, after)
        mask = ((1 << place.bits.width) - 1) << place.bits.shift
        held = int.from_bytes(before.data, "little")
        wanted = held & ~mask | int.from_bytes(setting.data, "little") << place.bits.shift
        self._link.wotf(address, wanted.to_bytes(place.size, "little"))
        (after,) = self._read([place])
        left = int.from_bytes(after.data, "little")
        return ValueChange(before, after, disturbed=bool((left ^ held) & ~mask))

    # -- the chip ------------------------------------------------------------------------------------------------

    def _compare(self, compared: set[int]) -> None:
        if self._program is not None:
            self._program.require_in(self._link, self._part, compared)

    def _look_after_return(self) -> None:
        """After a reset or a lost link: tell it. After a long time it may be another chip: compare again."""
        attachment = self._attachment
        if attachment.times == self._times:
            return
        if attachment.was_silent:
            self._compare(set())
        else:
            self._notice("the chip was reset, or the link was lost for a moment; going on")
        self._times = attachment.times

    def _read(self, places: Sequence[ValuePlace]) -> list[Reading]:
        found: dict[int, Reading] = {}
        plain = []
        for index, place in enumerate(places):
            address, problem = self._address(place)
            if address is None:
                found[index] = Reading(place, b"", problem=problem)
            else:
                plain.append((address, index))
        for group in _groups(self._part, sorted(plain), places):
            found.update(self._read_group(group, places))
        return [found[index] for index in range(len(places))]

    def _read_group(self, group: list[tuple[int, int]], places: Sequence[ValuePlace]) -> dict[int, Reading]:
        start = group[0][0]
        end = max(address + places[index].size for address, index in group)
        pieces, owners = [], []
        for address, index in group:
            place = places[index]
            own = [(0, place.size)] if place.bits else [(leaf.offset, leaf.size) for leaf in leaves(place.type)]
            pieces += [(address - start + offset, size) for offset, size in own]
            owners += [index] * len(own)
        data, whole = steady.read(partial(self._link.rotf, start, end - start), pieces)
        torn = {owner for owner, is_steady in zip(owners, whole) if not is_steady}
        return {
            index: Reading(
                places[index], data[address - start : address - start + places[index].size], index not in torn
            )
            for address, index in group
        }

    def _address(self, place: ValuePlace) -> tuple[Optional[int], str]:
        """Follow the pointers of a place; return its address, or None and why it has none now."""
        address = place.address
        sizes = [hop.size for hop in place.hops[1:]] + [place.size]
        for hop, size in zip(place.hops, sizes):
            data, whole = steady.read(partial(self._link.rotf, address, hop.size), [(0, hop.size)])
            pointer = int.from_bytes(data, "big")
            if not all(whole):
                return None, "the pointer changes too fast"
            if pointer == 0:
                return None, "the pointer is NULL"
            address = pointer + hop.offset
            if not _is_readable(self._part, address, size):
                return None, f"the pointer leads to 0x{max(address, 0):06X}, where the chip has no memory"
        return address, ""


def opened(
    link: SwimLink, part: Part, elf: Optional[str], notice: Callable[[str], None] = lambda text: None
) -> LiveVariables:
    """Return the variables of the program in an ELF; errors: see `program.load` and `reading.load`."""
    if elf is None:
        return LiveVariables(link, part, notice=notice)
    variables = Variables(reading.load(elf))
    return LiveVariables(link, part, programs.load(elf, part), variables, notice)


def setting_of(part: Part, place: ValuePlace, value: Union[str, float]) -> Setting:
    """Return a checked value; errors: see `LiveVariables.setting`."""
    text = str(int(value)) if isinstance(value, bool) else str(value)
    try:
        data = bytes_of(place.type, text, place.bits)
    except ValueTextError as exc:
        raise UsageError(f"{place.text} cannot be {shortened(text)!r}: it is {_kind(place)}", hint=str(exc)) from exc
    if not place.hops:
        _require_ram(part, place, place.address)
    return Setting(place, data)


def require_readable(part: Part, place: ValuePlace) -> ValuePlace:
    """Return `place`; UsageError if the chip has no memory there, or if its type has no bytes."""
    if isinstance(place.type, OpaqueType) or not place.size:
        raise UsageError(
            f"{place.text} has no value: its type is {place.type.name}",
            code=Code.NO_VARIABLE,
            hint="an address with a type reads any place, such as 0x10:uint8_t",
        )
    size = place.hops[0].size if place.hops else place.size
    if _CORE.start <= place.address < _CORE.end:
        raise UsageError(
            f"{place.text} is a register of the CPU or of its debug module, and the program must stand to read those",
            code=Code.NO_VARIABLE,
            hint="a debugger halts the program and reaches them",
        )
    if not _is_readable(part, place.address, size):
        raise UsageError(
            f"{place.text} is at 0x{place.address:06X}, where the {part.name} has no memory",
            code=Code.NO_VARIABLE,
            hint="check the part, and that the ELF is that of the program in the chip",
        )
    return place


def _kind(place: ValuePlace) -> str:
    return f"a bit-field of {place.bits.width} bits" if place.bits else place.type.name


def _is_readable(part: Part, address: int, size: int) -> bool:
    piece = Region("value", address, size) if address >= 0 else None
    return piece is not None and regions.is_inside(piece, (*regions.readable(part), regions.REGISTERS))


def _require_ram(part: Part, place: ValuePlace, address: int) -> None:
    if not regions.is_inside(Region("value", address, place.size), (part.ram, regions.REGISTERS)):
        raise UsageError(
            f"{place.text} is at 0x{address:06X}, which is not RAM, so it cannot be set while the program runs",
            code=Code.NOT_RAM,
            hint="it is const: without const it lies in RAM" if place.is_const else "set a variable that lies in RAM",
        )


def _groups(part: Part, plain: Sequence[tuple[int, int]], places: Sequence[ValuePlace]) -> list[list[tuple[int, int]]]:
    """Put values together that lie close in RAM: one command reads them. A register is read alone, and once."""
    groups: list[list[tuple[int, int]]] = []
    end = 0
    for address, index in plain:
        size = places[index].size
        joins = bool(groups) and part.ram.start <= groups[-1][0][0] and end + size <= part.ram.end
        if joins and address <= end + _GAP and address + size - groups[-1][0][0] <= _MOST_AT_ONCE:
            groups[-1].append((address, index))
            end = max(end, address + size)
        else:
            groups.append([(address, index)])
            end = address + size
    return groups
