"""The facts that a connected chip shows: how it was reached, its kind, protection, option bytes and unique ID."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

from ..parts.table import UNIQUE_ID_SIZE, Part
from .flash.controller import Flash
from .link.core import Core
from .link.family import Traits
from .options import protection
from .options.bytes import OptionState, read_options


class ChipInfo(NamedTuple):
    """The facts that a connected chip shows.

    Attributes:
        recipe: How it was reached.
        high_speed: True if the wire runs at high speed.
        seen: The signs that the chip shows of its kind.
        protection: ROP; None without a part.
        options: Option bytes; empty without a part or under ROP.
        unique_id: 12 bytes; None if the part has none, or under ROP.
    """

    recipe: str
    high_speed: bool
    seen: Traits
    protection: Optional[protection.Protection]
    options: Sequence[OptionState]
    unique_id: Optional[bytes]


def gather(core: Core, part: Optional[Part]) -> ChipInfo:
    """Read the facts from a connected chip; its memories are not written."""
    if part is None:
        return ChipInfo(core.reached, core.link.high_speed, core.seen, None, (), None)
    flash = Flash(core, part)

    def look() -> ChipInfo:
        found = protection.detect(flash)
        options = () if found.locked else read_options(flash)
        unique = None if found.locked else unique_id(flash)
        return ChipInfo(core.reached, core.link.high_speed, core.seen, found, options, unique)

    return core.persist(look)


def unique_id(flash: Flash) -> Optional[bytes]:
    """Return the unique ID of an open chip; None if the part has none."""
    start = flash.part.unique_id
    return None if start is None else flash.core.read_surely(start, UNIQUE_ID_SIZE)
