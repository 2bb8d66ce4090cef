"""The program that runs in a chip, as its file describes it: the bytes of its flash, and names for addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from ... import image
from ...errors import Code, TargetError
from ...image import Segment, elf
from ...parts.table import Part
from ...probe.base import SwimLink
from ...support import files
from ...words import Advice, Hint

_ELF_LIMIT = 1 << 26  # bytes
_CHUNK = 256
_LOCKED = 0x71  # a read-protected chip shows this for each byte of its flash
_READS = 3


class Program(NamedTuple):
    """A program.

    Attributes:
        name: Of its file.
        symbols: Addresses by name, as the ELF spells them; None if the file has no names.
        segments: Its data by address; those outside of the flash are ignored.
    """

    name: str
    symbols: Optional[Mapping[str, int]]
    segments: Sequence[Segment]

    def require_in(self, link: SwimLink, part: Part, compared: set[int]) -> None:
        """Raise TargetError unless the flash of a running chip holds this program.

        Args:
            link: The probe.
            part: The chip.
            compared: The addresses that need no look any more. It grows, so that a lost link costs only one look.
        """
        for segment in self.segments:
            if not part.flash.start <= segment.address < part.flash.end:
                continue
            for at in range(0, len(segment.data), _CHUNK):
                if segment.address + at in compared:
                    continue
                piece = segment.data[at : at + _CHUNK]
                # Nothing checks the parity of bytes that are read: a wrong bit is not another program.
                for _ in range(_READS):
                    found = link.rotf(segment.address + at, len(piece))
                    if found == piece:
                        break
                else:
                    raise self._other(found)
                compared.add(segment.address + at)

    def _other(self, found: bytes) -> TargetError:
        hint: Advice = "upload this build, or give the ELF of the program in the chip"
        if len(found) > 1 and set(found) == {_LOCKED}:
            hint = Hint("its flash reads as 0x71, as that of a read-protected chip: {unlock} erases it and opens it")
        return TargetError(f"the chip runs another program than {self.name}", code=Code.OTHER_BUILD, hint=hint)


def load(path: str, part: Part) -> Program:
    """Return the program in an ELF, or in a file of another format without names.

    Raises:
        ImageError: The file cannot be used.
    """
    loaded = image.load([path], None, ram_size=part.ram.size)
    content = files.read_regular(Path(path), _ELF_LIMIT)
    symbols = elf.symbols(content) if content.startswith(elf.MAGIC) else None
    return Program(path, symbols, loaded.segments)
