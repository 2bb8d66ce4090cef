"""Change option bytes and lock the chip: look, write, reset, read back.

After anything that goes wrong the chip is reset and looked at before another byte is written: what is done by then
is not done again. A lock value above all, as on a chip that is locked already it starts the erase of everything.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..devices import Part
from ..errors import LINK_ERRORS, Code, ProgramError
from ..interrupts import shield
from . import protection
from . import registers as reg
from .core import Core
from .flash import Flash, RefusedError
from .option_plan import Change, write_order
from .options import read_options, write_values

_HINT = "check supply, VCAP capacitor and wires, then repeat the command: it goes on from what the chip holds"
LOCK_VALUE = {"stm8s": 0xAA, "stm8l": 0x00}  # by `Part.rop_mode`; on the latter every value but 0xAA locks


def change_options(core: Core, flash: Flash, part: Part, changes: Sequence[Change]) -> None:
    """Bring `changes`, none of which locks, into an open chip; done only once they read back after a reset.

    Raises:
        ReadoutProtectedError: The chip is locked; nothing was written.
        FamilyMismatchError: It seems to be another part; nothing was written.
        ProgramError, SwimError: It failed, also after connecting again.
    """

    def missing() -> list[Change]:
        states = read_options(core, part)
        return [change for change in changes if not change.is_done(states)]

    def attempt() -> None:
        protection.require_open(core, flash, part)
        left = missing()
        if not left:
            return
        with shield():
            write_values(flash, [(change.option, change.value) for change in write_order(part, left)])
        core.reset_and_reconnect()
        left = missing()
        if left:
            names = ", ".join(change.option.name for change in left)
            raise ProgramError(f"option bytes did not take: {names}", hint=_HINT)

    core.persist(lambda: protection.check_ram(core, part))
    try:
        core.persist(attempt, (*LINK_ERRORS, ProgramError))
    except RefusedError as exc:
        raise protection.explain_refusal(core, flash, part, exc) from exc


def lock(core: Core, flash: Flash, part: Part) -> bool:
    """Turn read protection on; return False if it was on, and nothing was written.

    Raises:
        FamilyMismatchError: The chip seems to be another part; nothing was written.
        ProgramError, SwimError: It failed, also after connecting again.
    """
    written = False

    def attempt() -> None:
        nonlocal written
        if _is_locked(core, flash, part):
            return
        with shield():
            flash.unlock(program=False)
            flash.begin_options()
            written = True
            flash.write_option(reg.ROP_ADDRESS, LOCK_VALUE[part.rop_mode])
            flash.end_options()
        core.reset_and_reconnect()
        if not _is_locked(core, flash, part):
            raise ProgramError("read protection did not take", code=Code.WRITE_UNFINISHED, hint=_HINT)

    core.persist(lambda: protection.check_ram(core, part))
    core.persist(attempt, (*LINK_ERRORS, ProgramError))
    return written


def _is_locked(core: Core, flash: Flash, part: Part) -> bool:
    return protection.confirmed(core, flash, part).locked
