"""Option bytes by the loader: what it may write, and a write that is read back.

They are in force after the next reset; the loader reads them as they are stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NoReturn

from ..chip.options.bytes import OptionState
from ..chip.options.plan import Change, Danger, hazards, refuse
from ..errors import Code, ProbeError, ProgramError, SerialError
from ..parts.table import Part, Region, option_table
from ..support.interrupts import shield
from ..words import Hint
from . import loaders
from .link import RefusedByLoaderError
from .programmer import LoaderBlocks

_TRIES = 3


def states(part: Part, blocks: LoaderBlocks) -> list[OptionState]:
    """Return the option bytes of the chip."""
    start, area = part.options.start, blocks.sure(part.options)

    def held(at: int) -> int:
        return area[at - start]

    return [
        OptionState(option, held(option.address), held(option.address + 1) if option.complement else None)
        for option in option_table(part)
    ]


def require_allowed(part: Part, changes: Sequence[Change], allow: Collection[Danger]) -> None:
    """Raise an error for a change that the loader cannot make, or that is dangerous and not allowed."""
    for change in changes:
        if loaders.closed(part, change.option):
            unable(f"write the option byte {change.option.name}", "only SWIM changes it")
    refuse([hazard for hazard in hazards(part, changes) if hazard.danger not in allow])


def write(blocks: LoaderBlocks, changes: Sequence[Change]) -> None:
    """Write option bytes, each with its complement, and read them back. A write that may have happened is read."""
    if not changes:
        return
    blocks.prepare()
    for change in changes:
        option = change.option
        data = bytes([change.value, *([change.value ^ 0xFF] if option.complement else [])])
        place = Region("option byte", option.address, len(data))
        for _ in range(_TRIES):
            link = blocks.link
            try:
                with shield():
                    link.write(option.address, data)
            except RefusedByLoaderError:
                link.repeated += 1
            except SerialError:
                link.recover()
                link.repeated += 1
            if blocks.read(place) == data:
                break
        else:
            raise ProgramError(
                f"the option byte {option.name} does not hold what was written",
                address=option.address,
                hint=Hint("check the supply and the wires, then repeat the {command}"),
            )


def unable(what: str, why: str) -> NoReturn:
    """Raise ProbeError: the loader cannot do that."""
    raise ProbeError(
        f"the loader in the boot ROM cannot {what}: {why}",
        code=Code.PROBE_LIMIT,
        hint=Hint("use an ST-LINK: {probe:stlink}"),
    )
