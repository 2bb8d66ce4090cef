"""What goes before and behind the plain programming of a chip, in this order:

look for read protection, plan the option bytes, unlock, clear a UBC that is in the way, program, and only then the
option bytes, the lock last of all. Nothing is erased before everything that can be refused has been looked at.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Optional

from ..errors import Code, FamilyMismatchError, ImageError, ProgramError, ReadoutProtectedError, WriteProtectedError
from ..image import Image, Segment
from ..parts.table import Part
from ..words import Hint
from .options import protection
from .options.bytes import OptionState, factory_states, left_undone, show_a_cut_unlock
from .options.files import from_image, restored
from .options.plan import Change, Danger, requested
from .programmer import Programmer, Written
from .registers import UBC_ADDRESS

_log = logging.getLogger(__name__)
_NO_TRAPS = frozenset(Danger) - {Danger.BROWNOUT, Danger.WATCHDOG}


class OptionData(NamedTuple):
    """The option bytes of an image, which are written behind everything else.

    Attributes:
        held: The bytes by address.
        forced: The dangers that are allowed.
        tell: Called with what will change, before anything is erased or written.
    """

    held: Mapping[int, int]
    forced: Collection[Danger] = ()
    tell: Callable[[Sequence[Change]], None] = lambda changes: None


class Upload(NamedTuple):
    """What a write did.

    Attributes:
        written: To flash and EEPROM.
        unlocked: None where no unlock was needed.
        options: The option bytes that were written, as they were before and are now.
    """

    written: Written
    unlocked: Optional[protection.Unlocked]
    options: tuple[Change, ...] = ()


class Restored(NamedTuple):
    """What a restore did.

    Attributes:
        upload: As of a write.
        left_out: Why option bytes of the backup were not written, a line each.
    """

    upload: Upload
    left_out: tuple[str, ...]


def option_bytes(image: Image, part: Part) -> dict[int, int]:
    """Return the bytes of `image` in the option area, by address."""
    return {segment.address + n: byte for segment in image.slice(part.options) for n, byte in enumerate(segment.data)}


def require_writable(
    programmer: Programmer, segments: Sequence[Segment], options: Optional[OptionData], *, unlock: bool
) -> None:
    """Raise what `write` would raise before it writes anything."""
    locked, _ = prepare(programmer, segments, options, unlock=unlock, mend=unlock)
    if not locked and not _has_ubc(programmer.part, options):  # an unlock clears UBC
        programmer.require_unprotected(segments)


def prepare(
    programmer: Programmer, segments: Sequence[Segment], options: Optional[OptionData], *, unlock: bool, mend: bool
) -> tuple[Optional[ReadoutProtectedError], list[Change]]:
    """Look at all that can be refused; return what `require_open` does, and what will become of the option bytes."""
    programmer.require_reach(segments)
    locked = require_open(programmer, unlock=unlock)
    if not options:
        return locked, []
    part = programmer.part
    states = factory_states(part) if locked else programmer.options()  # an unlock leaves factory values behind
    changes = from_image(part, states, options.held)
    programmer.require_safe(changes, options.forced)
    if changes and not mend:
        _require_finished(states)
    return locked, changes


def _require_finished(states: Sequence[OptionState]) -> None:
    """Raise ProgramError if an unlock was cut short: a change of option bytes would have to finish it."""
    undone = ", ".join(option.name for option in left_undone(states))
    if undone:
        raise ProgramError(
            f"an earlier unlock was cut short, and did not restore {undone}: nothing was written",
            code=Code.OPTIONS_CORRUPT,
            hint=Hint("{unlock} finishes it, and erases nothing; or leave out {unlock_never}"),
        )


def require_open(programmer: Programmer, *, unlock: bool) -> Optional[ReadoutProtectedError]:
    """Return how ROP shows, or None for an open chip; raise it unless the chip may be unlocked."""
    try:
        programmer.require_open()
    except ReadoutProtectedError as exc:
        if unlock:
            return exc
        raise exc.with_(code=Code.ROP_UPLOAD) from exc
    return None


def write(
    programmer: Programmer,
    segments: Sequence[Segment],
    options: Optional[OptionData] = None,
    *,
    unlock: bool = True,
    verify: bool = True,
    mend: Optional[bool] = None,
) -> Upload:
    """Bring `segments` (sorted, inside flash or EEPROM) into the chip, and then `options`; see `Session.write`."""
    part = programmer.part
    mend = unlock if mend is None else mend
    locked, changes = prepare(programmer, segments, options, unlock=unlock, mend=mend)
    if options:
        options.tell(changes)
    may_clear_ubc = _has_ubc(part, options)
    upload = _write(programmer, segments, locked, unlock=unlock, mend=mend, verify=verify, may_clear_ubc=may_clear_ubc)
    if options:
        changes = from_image(part, programmer.options(), options.held)
        programmer.change_options(changes, options.forced)
        upload = upload._replace(options=tuple(changes))
    return upload


def restore(
    programmer: Programmer, image: Image, *, unlock: bool = True, verify: bool = True, force: bool = False
) -> Restored:
    """Bring a backup into the chip: flash, EEPROM, and then its option bytes; see `Session.restore`."""
    part = programmer.part
    segments = [segment for memory in part.memories if memory is not part.options for segment in image.slice(memory)]
    held = option_bytes(image, part)
    programmer.require_reach(segments)
    locked = require_open(programmer, unlock=unlock)
    if held and not (locked or unlock):
        _require_finished(programmer.options())
    may_clear_ubc = UBC_ADDRESS[part.flash_regs] in held
    upload = _write(
        programmer, segments, locked, unlock=unlock, mend=unlock, verify=verify, may_clear_ubc=may_clear_ubc
    )
    changes, left_out = restored(part, programmer.options(), held)
    found = programmer.dangers(changes, frozenset(Danger) if force else _NO_TRAPS)
    traps = {warned.name: warned.why for warned in found}
    wanted = [change for change in changes if change.option.name not in traps]
    programmer.change_options(wanted, frozenset(Danger))  # they were in a chip; none of them locks
    upload = upload._replace(options=tuple(wanted))
    return Restored(upload, (*left_out, *traps.values()))


def require_whole(image: Image, part: Part) -> None:
    """Raise ImageError for a backup with only a piece of a memory: it is damaged, or none."""
    for memory in part.memories:
        held = sum(len(segment.data) for segment in image.slice(memory))
        if 0 < held < memory.size:
            raise ImageError(
                f"this is no whole backup: it has {held} of the {memory.size} bytes of {memory}",
                hint=Hint("{write} is for firmware; {restore_force} brings back what is there"),
                address=memory.start,
                size=held,
                room=memory.size,
            )


def _has_ubc(part: Part, options: Optional[OptionData]) -> bool:
    return options is not None and UBC_ADDRESS[part.flash_regs] in options.held


def _write(
    programmer: Programmer,
    segments: Sequence[Segment],
    locked: Optional[ReadoutProtectedError],
    *,
    unlock: bool,
    mend: bool,
    verify: bool,
    may_clear_ubc: bool,
) -> Upload:
    """Unlock if that is needed, and program; `may_clear_ubc`: the option bytes that follow have their own UBC."""
    if locked:
        unlocked: Optional[protection.Unlocked] = _unlock(programmer, locked, assume_locked=False)
    else:
        unlocked = _see_to_options(programmer, may_mend=mend)
    try:
        return Upload(programmer.write(segments, verify=verify), unlocked)
    except ReadoutProtectedError as exc:
        # A locked chip may look blank; its refusal of the first block is what tells.
        if not unlock or (unlocked and unlocked.erased):
            raise exc.with_(code=Code.UNLOCK_FAILED if unlock else Code.ROP_UPLOAD) from exc
        unlocked = _unlock(programmer, exc, assume_locked=True)
    except WriteProtectedError:
        if not may_clear_ubc:
            raise
        _log.warning("UBC is in the way: it is cleared, which erases nothing, and that of the file is written last")
        programmer.change_options(requested(programmer.part, programmer.options(), ["UBC=none"]))
    return Upload(programmer.write(segments, verify=verify), unlocked)


def _unlock(programmer: Programmer, found: ReadoutProtectedError, *, assume_locked: bool) -> protection.Unlocked:
    _log.warning("%s: unlocking it, which erases the whole chip (what it holds cannot be read or saved)", found)
    return programmer.unlock(assume_locked=assume_locked)


def _see_to_options(programmer: Programmer, *, may_mend: bool) -> Optional[protection.Unlocked]:
    """Finish an unlock that was cut short; any other damage to option bytes is only told."""
    if programmer.doubts_part():
        _log.warning(
            "the chip shows no boot ROM, which an %s has: is that the part? %s",
            programmer.part.name,
            FamilyMismatchError.code,
        )
    states = programmer.options()
    damaged = ", ".join(state.option.name for state in states if not state.consistent)
    if not damaged:
        return None
    if show_a_cut_unlock(states):
        if may_mend:
            # Not only the option bytes: a locked chip that reads as 0x00 everywhere looks the same.
            _log.warning("an earlier unlock was cut short: bringing the option bytes to their factory values")
            return programmer.unlock()
        advice = "an unlock was cut short: `unlock` finishes it, and erases nothing"
    else:
        advice = "this does no harm if the part is the right one"
    _log.warning(
        "option bytes without their complements, for which the chip uses its defaults: %s; %s %s",
        damaged,
        advice,
        Code.OPTIONS_CORRUPT,
    )
    return None
