"""Data outside the memories: explain the addresses, and advise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

from ..errors import Code, ImageError
from ..parts.table import UNIQUE_ID_SIZE, Part, Region, all_parts
from ..support.values import ADDRESS_SPACE
from ..words import Advice, Hint
from .segments import Segment, clipped, gaps, span

SHOWN = 8  # ranges in the details of an error
_NAMED = 3  # parts in a hint

# "General hardware register map" and "CPU/SWIM/debug module/interrupt controller registers" of every datasheet.
_REGISTERS = (Region("registers", 0x5000, 0x800), Region("registers", 0x7F00, 0x100))
_BEGIN_A_PROGRAM = (0x82, 0xAC)  # INT and JPF (PM0044): a reset vector begins with one of them


class _Case(NamedTuple):
    """The facts when data lie outside.

    Attributes:
        segments: All data of the image, by address.
        outside: The data that lie outside.
        memories: The memories where data may lie.
        part: The chip; None if no chip is named.
    """

    segments: Sequence[Segment]
    outside: Sequence[Segment]
    memories: Sequence[Region]
    part: Optional[Part]

    @property
    def end(self) -> int:
        """One past the last address of the image."""
        return self.segments[-1].end

    def touches(self, *regions: Region) -> bool:
        """Tell whether some of the outside data lie in one of `regions`."""
        return any(
            segment.address < region.end and region.start < segment.end
            for region in regions
            for segment in self.outside
        )


def find(segments: Sequence[Segment], memories: Sequence[Region]) -> Iterator[Segment]:
    """Yield the data of `segments` that lie in none of `memories`; both are sorted by address."""
    inside = [Segment(memory.start, bytes(memory.size)) for memory in memories]
    return clipped(segments, gaps(inside, 0, segments[-1].end if segments else 0))


def error(
    segments: Sequence[Segment],
    outside: Sequence[Segment],
    memories: Sequence[Region],
    options: Optional[Region],
    part: Optional[Part],
    origins: Sequence[str],
) -> ImageError:
    """Return the error for data outside `memories`.

    Args:
        segments: All data of the image, by address.
        outside: The data that lie outside, by address; not empty.
        memories: The memories where data may lie, by address.
        options: The option bytes of the part; data in them have an error of their own.
        part: The chip, if one is named.
        origins: The places in files of the first bytes of the first ranges, `SHOWN` at most.
    """
    ranges = [span(lost.address, lost.end) for lost in outside[:SHOWN]]
    more = f" (and {len(outside) - 1} more)" if outside[1:] else ""
    inside = " and ".join(map(str, memories)) or "any memory"
    details = [f"outside: {where}{f', from {origin}' if origin else ''}" for where, origin in zip(ranges, origins)]
    hidden = outside[SHOWN:]
    if hidden:
        size = sum(len(lost.data) for lost in hidden)
        details.append(f"outside: {len(hidden)} more, {size} bytes up to 0x{hidden[-1].end - 1:06X}")
    code, hint = _why(_Case(segments, outside, memories, part), options)
    return ImageError(
        f"the image has data at {ranges[0]}{more}, outside {inside}",
        code=code,
        hint=hint,
        details=details,
        address=outside[0].address,
        size=sum(len(lost.data) for lost in outside),
    )


def _why(case: _Case, options: Optional[Region]) -> tuple[Code, Advice]:
    """Return the situation and the advice; if there are several, those of the worst."""
    if options and case.touches(options):
        return (
            Code.DANGEROUS_WRITE,
            Hint(
                "these are option bytes, which can lock a chip for good: {write_options} writes them, {options_set} "
                "changes single ones; or leave them out"
            ),
        )
    for memory in case.memories:
        beyond = sum(len(lost.data) for lost in case.outside if lost.address == memory.end)
        if memory.name in ("flash", "eeprom") and beyond:
            fitting = _fitting(case)
            larger = f"; it fits {fitting}" if fitting else "; it does not fit any part that the tool knows"
            too_many = f"{beyond} byte{'s' * (beyond > 1)} too many for {memory.size} bytes of {memory.name}"
            return Code.IMAGE_TOO_BIG, f"{too_many}: make it smaller{larger}"
    return Code.OUTSIDE_MAP, _counted_from_0(case) or _what_lies_there(case) or _other_part(case)


def _counted_from_0(case: _Case) -> Advice:
    """Return the hint for addresses that are offsets in a memory, else an empty text."""
    for memory in case.memories:
        alone = len(case.memories) == 1 and memory.start > 0 and memory.name != "flash"
        first = case.segments[0]
        program = memory.name == "flash" and first.address == 0 and first.data[0] in _BEGIN_A_PROGRAM
        if (alone or program) and case.end <= memory.size:
            return Hint(
                "the addresses in the file count from 0, and {memory} begins at {start}: "
                "give the bytes as a .bin, with {base:{start}}{compat_start:{short}}",
                memory=memory.name,
                start=f"0x{memory.start:06X}",
                short=f"0x{memory.start:X}",
            )
    return ""


def _what_lies_there(case: _Case) -> Advice:
    """Return the hint for data in another memory of the part or in its registers; else an empty text."""
    part = case.part
    if part is None:
        return ""
    left_out = "leave these bytes out of the file"
    if case.touches(part.ram) and part.ram not in case.memories:
        fitting = _fitting(case)
        hint = f"the RAM is there, and a program fills it when it starts: {left_out}"
        if fitting:
            return f"{hint}. If the chip is another one, the file fits {fitting}"
        if case.end > part.ram.end:
            return hint
        return Hint(
            "{first}, or write the RAM {load_ram}. If the file counts from 0, give a .bin, with {base:{homes}}"
            "{compat_region}",
            first=hint,
            homes=" or ".join(f"0x{m.start:06X} ({m.name})" for m in (part.eeprom, part.flash) if m),
        )
    if case.touches(*_REGISTERS):
        return f"registers are there, and a program sets them when it runs: {left_out}"
    if part.boot_rom and case.touches(part.boot_rom):
        return f"the boot ROM is there, and it cannot be written: {left_out}"
    if part.unique_id is not None and case.touches(Region("unique ID", part.unique_id, UNIQUE_ID_SIZE)):
        return f"the chip's unique ID is there, and it cannot be written: {left_out}"
    for memory in part.memories:
        if case.touches(memory):
            chosen = " and ".join(map(str, case.memories))
            return Hint(
                "{memory} is there, but the {command} is for {chosen}: choose more memory, or {left_out}",
                memory=memory,
                chosen=chosen,
                left_out=left_out,
            )
    return ""


def _other_part(case: _Case) -> str:
    """Return the hint for addresses where the part has nothing."""
    fitting = _fitting(case)
    if fitting:
        return f"this file fits {fitting}: build for the part that is printed on the chip, and name that part"
    if case.end > ADDRESS_SPACE:
        return "the addresses of an STM8 end at 0xFFFFFF: this file is for another processor"
    return "no part that the tool knows has all that memory: check the addresses for which the file was made"


def _fitting(case: _Case) -> str:
    """Return the parts with room for all of the image, the most similar first; an empty text if there is none."""
    fits: dict[tuple[Region, ...], bool] = {}  # many parts have the same memories
    found = []
    with_options = any(memory.name == "options" for memory in case.memories)
    for part in all_parts():
        memories = part.memories if with_options else tuple(m for m in part.memories if m != part.options)
        if memories not in fits:
            fits[memories] = next(find(case.segments, memories), None) is None
        if fits[memories]:
            found.append(part)
    family, controller = (case.part.family, case.part.flash_regs) if case.part else ("", "")
    found.sort(key=lambda p: (p.family != family, p.flash_regs != controller, p.flash.size, p.name))
    names = [part.name for part in found[:_NAMED]]
    if found[_NAMED:]:
        return f"{', '.join(names)} and {len(found) - _NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
