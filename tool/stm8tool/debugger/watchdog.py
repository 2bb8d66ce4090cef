"""Tell whether an option byte starts the independent watchdog: then it counts on while the CPU is halted (UM0470)."""

from __future__ import annotations

from ..parts.option_fields import fields_of
from ..parts.table import Part, option_table
from ..probe.base import SwimLink

_FIELD = "IWDG_HW"


def starts_with_the_chip(link: SwimLink, part: Part) -> bool:
    """Read the option byte of an open chip; False for a part without it."""
    for option in option_table(part):
        for field in fields_of(part, option):
            if field.name == _FIELD:
                return bool(field.of(link.rotf(option.address, 1)[0]))
    return False
