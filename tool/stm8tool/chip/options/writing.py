"""Change option bytes and lock the chip: refuse dangers, look, write, reset, read back.

Both first finish an unlock that was cut short (see `bytes.left_undone`). Otherwise its sign would be lost, and the
rest of its option bytes would never be written.

After any failure the tool resets the chip and looks at it before it writes another byte. It does not repeat a write
that has succeeded. This matters most for a lock value: on a chip that is locked already it starts the erase of
everything. If a write that was cut short ruined other option bytes, they get back their old values.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from ...errors import LINK_ERRORS, Code, ProgramError, ReadoutProtectedError
from ...parts.table import OptionByte, option_table
from ...support.interrupts import shield
from ...words import Hint
from .. import registers as reg
from ..flash.controller import Flash, RefusedError
from . import protection
from .bytes import OptionState, in_order, left_undone, read_options, spoilt, write_values
from .plan import Change, Danger, Hazard, hazards, refuse, write_order

_log = logging.getLogger(__name__)
_HINT = Hint("check supply, VCAP capacitor and wires, then repeat the {command}: it goes on where it stopped")
LOCK_VALUE = {True: 0xAA, False: 0x00}  # by `Part.aa_locks`; if 0xAA does not lock, every other value does


def hazards_here(flash: Flash, changes: Sequence[Change], allowed: Collection[Danger] = ()) -> list[Hazard]:
    """Return the hazards of `changes` that are not allowed; a watchdog is not one if NRST is seen to work."""
    found = [hazard for hazard in hazards(flash.part, changes) if hazard.danger not in allowed]
    # A reset by NRST catches the chip before its program runs, so a watchdog cannot keep the tool out.
    watched = any(hazard.danger is Danger.WATCHDOG for hazard in found)
    if watched and flash.part.has_nrst and flash.core.reset_line_works():
        found = [hazard for hazard in found if hazard.danger is not Danger.WATCHDOG]
    return [
        hazard._replace(why=f"{hazard.why}, and NRST does not seem to work here")
        if hazard.danger is Danger.WATCHDOG
        else hazard
        for hazard in found
    ]


def require_safe(flash: Flash, changes: Sequence[Change], allowed: Collection[Danger] = ()) -> None:
    """Raise UsageError unless each hazard of `changes` is allowed, or does not exist on this chip."""
    refuse(hazards_here(flash, changes, allowed))


def change(flash: Flash, changes: Sequence[Change], allowed: Collection[Danger] = ()) -> None:
    """Write `changes` to an open chip. A change that locks comes last: after it nothing can be read back.

    Raises:
        UsageError: One of the changes is dangerous and not allowed; nothing was written.
        ReadoutProtectedError, ProgramError, SwimError: See `write_open` and `lock`.
    """
    require_safe(flash, changes, allowed)
    plain = [change for change in changes if not change.locks]
    if plain:
        write_open(flash, plain)
    if len(plain) < len(changes):
        lock(flash)


def write_open(flash: Flash, changes: Sequence[Change]) -> None:
    """Write `changes`, which do not lock, to an open chip; it is done only when they read back after a reset.

    Raises:
        ReadoutProtectedError: The chip is locked; nothing was written.
        ProgramError, SwimError: It failed, also after connecting again.
    """
    core, part = flash.core, flash.part
    wanted = {change.option for change in changes}
    asked = set(wanted)
    before: list[OptionState] = []

    def missing() -> tuple[list[OptionByte], list[Change]]:
        states = read_options(flash)
        undone = [option for option in left_undone(states) if option not in wanted]
        if not before:
            before.extend(states)
            asked.update(undone)
        beside = [Change(state, value) for state, value in spoilt(before, states, asked)]
        undone = [option for option in undone if all(option != change.option for change in beside)]
        return undone, [*(change for change in changes if not change.is_done(states)), *beside]

    def attempt() -> None:
        protection.require_open(flash)
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
            raise ProgramError(f"the chip did not keep these option bytes: {names}", hint=_HINT)

    _persist(flash, attempt)


def lock(flash: Flash) -> bool:
    """Turn read protection on; return False if it was on already and nothing was written.

    Raises:
        ReadoutProtectedError: The chip may be locked; nothing was written, because a lock value could then erase it.
        ProgramError, SwimError: It failed, also after connecting again.
    """
    core, part = flash.core, flash.part
    written = False
    before: list[OptionState] = []
    asked = {option for option in option_table(part) if option.address == reg.ROP_ADDRESS}

    def attempt() -> None:
        nonlocal written
        found = protection.confirmed(flash)
        if found.locked:
            return
        if found.unclear:
            raise ReadoutProtectedError(
                f"the chip looks blank and may be read-protected already ({found.evidence}): nothing was written",
                hint=Hint("run {unlock} first: it erases the chip if it is read-protected; then lock it"),
            )
        states = read_options(flash)
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
            flash.write_option(reg.ROP_ADDRESS, LOCK_VALUE[part.aa_locks])
            flash.end_options()
        core.reset_and_reconnect()
        if not protection.confirmed(flash).locked:
            raise ProgramError("the chip did not turn read protection on", code=Code.WRITE_UNFINISHED, hint=_HINT)

    _persist(flash, attempt)
    return written


def _persist(flash: Flash, attempt: Callable[[], None]) -> None:
    """Run `attempt` until it succeeds, three times at most; name ROP, UBC or a low supply if it is the cause."""
    with flash.core.supply_considered():
        try:
            flash.core.persist(attempt, (*LINK_ERRORS, ProgramError))
        except RefusedError as exc:
            raise protection.explain_refusal(flash, exc) from exc


def _tell(undone: Sequence[OptionByte]) -> None:
    if undone:
        names = ", ".join(option.name for option in undone)
        _log.warning("an earlier unlock was cut short: setting these option bytes to their factory values: %s", names)


def _tell_beside(options: Sequence[OptionByte]) -> None:
    if options:
        names = ", ".join(option.name for option in options)
        _log.warning(
            "a write that was cut short ruined other option bytes: restoring the old values of these: %s", names
        )


def _factory(options: Sequence[OptionByte]) -> list[tuple[OptionByte, int]]:
    return [(option, option.default) for option in in_order(options)]
