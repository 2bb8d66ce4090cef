"""Change option bytes and lock the chip: look, write, reset, read back.

Both finish an unlock that was cut short before they write anything else (see `options.left_undone`). Otherwise its
sign would be lost, and with it what is still to be written.

After anything that goes wrong the chip is reset and looked at before another byte is written: what is done by then
is not done again. A lock value above all, as on a chip that is locked already it starts the erase of everything.
What a write that was cut short has ruined beside it gets back what it held.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ...errors import LINK_ERRORS, Code, ProgramError, ReadoutProtectedError
from ...parts.table import OptionByte, Part, option_table
from ...support.interrupts import shield
from ...words import Hint
from .. import registers as reg
from ..flash.controller import Flash, RefusedError
from ..link.core import Core
from . import protection
from .bytes import OptionState, in_order, left_undone, read_options, spoilt, write_values
from .plan import Change, write_order

_log = logging.getLogger(__name__)
_HINT = Hint("check supply, VCAP capacitor and wires, then repeat the {command}: it goes on from what the chip holds")
LOCK_VALUE = {"stm8s": 0xAA, "stm8l": 0x00}  # by `Part.rop_mode`; on the latter every value but 0xAA locks


def change_options(core: Core, flash: Flash, part: Part, changes: Sequence[Change]) -> None:
    """Bring `changes`, none of which locks, into an open chip; done only once they read back after a reset.

    Raises:
        ReadoutProtectedError: The chip is locked; nothing was written.
        ProgramError, SwimError: It failed, also after connecting again.
    """
    wanted = {change.option for change in changes}
    asked = set(wanted)
    before: list[OptionState] = []

    def missing() -> tuple[list[OptionByte], list[Change]]:
        states = read_options(core, part)
        undone = [option for option in left_undone(states) if option not in wanted]
        if not before:
            before.extend(states)
            asked.update(undone)
        beside = [Change(state, value) for state, value in spoilt(before, states, asked)]
        undone = [option for option in undone if all(option != change.option for change in beside)]
        return undone, [*(change for change in changes if not change.is_done(states)), *beside]

    def attempt() -> None:
        protection.require_open(core, flash, part)
        undone, left = missing()
        if not undone and not left:
            return
        _tell(undone)
        _tell_beside([change.option for change in left if change.option not in wanted])
        with shield():
            write_values(flash, [*_factory(undone), *((c.option, c.value) for c in write_order(part, left))])
        core.reset_and_reconnect()
        undone, left = missing()
        if undone or left:
            names = ", ".join(option.name for option in (*undone, *(change.option for change in left)))
            raise ProgramError(f"option bytes did not take: {names}", hint=_HINT)

    try:
        core.persist(attempt, (*LINK_ERRORS, ProgramError))
    except RefusedError as exc:
        raise protection.explain_refusal(core, flash, part, exc) from exc


def lock(core: Core, flash: Flash, part: Part) -> bool:
    """Turn read protection on; return False if it was on, and nothing was written.

    Raises:
        ReadoutProtectedError: The chip may be locked; nothing was written, as a lock value could erase it then.
        ProgramError, SwimError: It failed, also after connecting again.
    """
    written = False
    before: list[OptionState] = []
    asked = {option for option in option_table(part) if option.address == reg.ROP_ADDRESS}

    def attempt() -> None:
        nonlocal written
        found = protection.confirmed(core, flash, part)
        if found.locked:
            return
        if found.unclear:
            raise ReadoutProtectedError(
                f"the chip looks blank, and may be read-protected already ({found.evidence}): nothing was written",
                hint=Hint("{unlock} makes sure, and erases the chip if it is; then lock it"),
            )
        states = read_options(core, part)
        undone = left_undone(states)
        if not before:
            before.extend(states)
            asked.update(undone)
        beside = {state.option: value for state, value in spoilt(before, states, asked)}
        undone = [option for option in undone if option not in beside]
        _tell(undone)
        _tell_beside(list(beside))
        with shield():
            if undone or beside:
                write_values(flash, [*_factory(undone), *beside.items()])
            flash.unlock(program=False)
            flash.begin_options()
            written = True
            flash.write_option(reg.ROP_ADDRESS, LOCK_VALUE[part.rop_mode])
            flash.end_options()
        core.reset_and_reconnect()
        if not protection.confirmed(core, flash, part).locked:
            raise ProgramError("read protection did not take", code=Code.WRITE_UNFINISHED, hint=_HINT)

    try:
        core.persist(attempt, (*LINK_ERRORS, ProgramError))
    except RefusedError as exc:
        raise protection.explain_refusal(core, flash, part, exc) from exc
    return written


def _tell(undone: Sequence[OptionByte]) -> None:
    if undone:
        names = ", ".join(option.name for option in undone)
        _log.warning("an earlier unlock was cut short: these option bytes get their factory values: %s", names)


def _tell_beside(options: Sequence[OptionByte]) -> None:
    if options:
        names = ", ".join(option.name for option in options)
        _log.warning("a write that was cut short ruined other option bytes: these get back what they held: %s", names)


def _factory(options: Sequence[OptionByte]) -> list[tuple[OptionByte, int]]:
    return [(option, option.default) for option in in_order(options)]
