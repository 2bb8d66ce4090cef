"""The steps before and after the plain programming of a chip, in this order:

look for read protection, plan the option bytes, unlock, clear a UBC that is in the way, program, write the option
bytes, lock. Nothing is erased before the tool has looked at everything that it can refuse.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Optional

from ..errors import (
    Code,
    FamilyMismatchError,
    ImageError,
    ProbeError,
    ProgramError,
    ReadoutProtectedError,
    WriteProtectedError,
)
from ..image import Image, Segment
from ..parts.table import Part, Region
from ..words import Hint
from .flash.controller import Flash
from .link.family import lacks_the_boot_rom_of
from .options import protection, ubc, writing
from .options.bytes import OptionState, factory_states, left_undone, read_options, show_a_cut_unlock
from .options.files import from_image, plan_restore
from .options.plan import Change, Danger, requested
from .programmer import Programmer, Verify, Written
from .registers import UBC_ADDRESS

_log = logging.getLogger(__name__)
_NO_TRAPS = frozenset(Danger) - {Danger.BROWNOUT, Danger.WATCHDOG}
_FEW = 64  # bytes that may read wrong over a bad link


class OptionData(NamedTuple):
    """The option bytes of an image. They are written after everything else.

    Attributes:
        held: The bytes by address.
        allowed: The dangers that are allowed.
        tell: Called with the planned changes, before anything is erased or written.
    """

    held: Mapping[int, int]
    allowed: Collection[Danger] = ()
    tell: Callable[[Sequence[Change]], None] = lambda changes: None


class Upload(NamedTuple):
    """The result of a write.

    Attributes:
        written: The blocks in flash and EEPROM.
        unlocked: None if no unlock was needed.
        options: The option bytes that were written, as they were before and are now.
    """

    written: Written
    unlocked: Optional[protection.Unlocked]
    options: tuple[Change, ...] = ()


class Restored(NamedTuple):
    """The result of a restore.

    Attributes:
        upload: The same as for a write.
        left_out: A line for each option byte of the backup that was not written, with the reason.
    """

    upload: Upload
    left_out: tuple[str, ...]


def option_bytes(image: Image, part: Part) -> dict[int, int]:
    """Return the bytes of `image` in the option area, by address."""
    return {segment.address + n: byte for segment in image.slice(part.options) for n, byte in enumerate(segment.data)}


def segments_in(image: Image, regions: Sequence[Region], part: Part, options: Optional[OptionData]) -> list[Segment]:
    """Return the data of `image` in `regions`, by address; ImageError for other data, except `options`."""
    image.check_inside([*regions, part.options] if options else regions, part.options, part)
    segments = [segment for region in regions for segment in image.slice(region)]
    return sorted(segments, key=lambda segment: segment.address)


def options_of(flash: Flash) -> list[OptionState]:
    """Read the option bytes of an open chip."""
    return flash.core.persist(lambda: read_options(flash))


def require_open(flash: Flash) -> None:
    """Raise ReadoutProtectedError if ROP is on."""
    flash.core.persist(lambda: protection.require_open(flash))


def require_writable(
    programmer: Programmer, segments: Sequence[Segment], options: Optional[OptionData], *, unlock: bool
) -> None:
    """Raise the error that `write` would raise before it writes anything."""
    flash = programmer.flash
    locked, _ = _prepare(flash, segments, options, unlock=unlock, mend=unlock)
    if locked or _has_ubc(flash.part, options):  # an unlock clears UBC
        return
    area = ubc.protected(flash.part, flash.core.persist(lambda: protection.ubc_in_force(flash)))
    covered = Image(segments).slice(area) if area else []
    if covered:
        blocks = programmer.differing(covered)
        flash.core.persist(lambda: protection.require_unprotected(flash, blocks))


def _prepare(
    flash: Flash, segments: Sequence[Segment], options: Optional[OptionData], *, unlock: bool, mend: bool
) -> tuple[Optional[ReadoutProtectedError], list[Change]]:
    """Check everything that can be refused; return the result of `_find_lock` and the planned option bytes."""
    _require_reach(flash, segments)
    locked = _find_lock(flash, unlock=unlock)
    if not options:
        return locked, []
    states = factory_states(flash.part) if locked else options_of(flash)  # an unlock leaves factory values
    changes = from_image(flash.part, states, options.held)
    writing.require_safe(flash, changes, options.allowed)
    if changes and not mend:
        _require_finished(states)
    return locked, changes


def _require_reach(flash: Flash, segments: Sequence[Segment]) -> None:
    """Raise ProbeError if the probe cannot pass on the addresses of `segments`."""
    end = max((segment.end for segment in segments), default=0)
    flash.core.persist(lambda: flash.core.check_reaches(end))


def _require_finished(states: Sequence[OptionState]) -> None:
    """Raise ProgramError if an unlock was cut short: a change of option bytes would have to finish it first."""
    undone = ", ".join(option.name for option in left_undone(states))
    if undone:
        raise ProgramError(
            f"an earlier unlock was cut short and did not restore {undone}: nothing was written",
            code=Code.OPTIONS_CORRUPT,
            hint=Hint("{unlock} finishes it and erases nothing; or leave out {unlock_never}"),
        )


def _find_lock(flash: Flash, *, unlock: bool) -> Optional[ReadoutProtectedError]:
    """Return the error for a locked chip, or None for an open one; raise it unless the chip may be unlocked."""
    try:
        require_open(flash)
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
    verify: Verify = True,
    mend: Optional[bool] = None,
) -> Upload:
    """Write `segments` (sorted, inside flash or EEPROM) into the chip, and then `options`; see `Chip.write`."""
    flash = programmer.flash
    mend = unlock if mend is None else mend
    locked, changes = _prepare(flash, segments, options, unlock=unlock, mend=mend)
    if options:
        options.tell(changes)
    may_clear_ubc = _has_ubc(flash.part, options)
    upload = _write(programmer, segments, locked, unlock=unlock, mend=mend, verify=verify, may_clear_ubc=may_clear_ubc)
    if options:
        changes = from_image(flash.part, options_of(flash), options.held)
        writing.change(flash, changes, options.allowed)
        upload = upload._replace(options=tuple(changes))
    return upload


def restore(
    programmer: Programmer, image: Image, *, unlock: bool = True, verify: Verify = True, force: bool = False
) -> Restored:
    """Write a backup into the chip: flash, EEPROM, and then its option bytes; see `Chip.restore`."""
    flash = programmer.flash
    part = flash.part
    segments = sorted(
        (segment for memory in part.programmable for segment in image.slice(memory)),
        key=lambda segment: segment.address,
    )
    held = option_bytes(image, part)
    _require_reach(flash, segments)
    locked = _find_lock(flash, unlock=unlock)
    if held and not (locked or unlock):
        _require_finished(options_of(flash))
    may_clear_ubc = UBC_ADDRESS[part.flash_regs] in held
    upload = _write(
        programmer, segments, locked, unlock=unlock, mend=unlock, verify=verify, may_clear_ubc=may_clear_ubc
    )
    changes, left_out = plan_restore(part, options_of(flash), held)
    found = writing.hazards_here(flash, changes, frozenset(Danger) if force else _NO_TRAPS)
    traps = {hazard.name: hazard.why for hazard in found}
    wanted = [change for change in changes if change.option.name not in traps]
    writing.change(flash, wanted, frozenset(Danger))  # they were in a chip; none of them locks
    upload = upload._replace(options=tuple(wanted))
    return Restored(upload, (*left_out, *traps.values()))


def unlock(programmer: Programmer) -> protection.Unlocked:
    """Remove read protection, set option bytes to factory values, and prove both by reading back.

    Raises:
        ProgramError: It failed; or the chip is open, but some of it is not erased.
    """
    unlocked = protection.unlock(programmer.flash)
    if unlocked.erased:
        _require_erased(programmer)
    return unlocked


def _require_erased(programmer: Programmer) -> None:
    """Raise ProgramError unless all of flash and EEPROM reads 0x00, as after an unlock.

    Raise ProbeError if the probe cannot read all of it.
    """
    core, part = programmer.flash.core, programmer.flash.part
    try:
        core.persist(lambda: core.check_reaches(part.flash.end))
    except ProbeError as exc:
        if exc.code is not Code.PROBE_LIMIT:
            raise
        raise ProbeError(
            f"the read protection is off, but the tool cannot see if the flash above 0x00FFFF is erased: {exc}",
            code=exc.code,
            hint=Hint("with another probe, {erase} erases all of the flash and shows that it is blank"),
            end=exc.end,
        ) from exc
    left = programmer.not_blank(part.programmable)
    if len(left) <= _FEW:
        # A disturbance with a period may hit the same byte of two reads. It does not hit two reads of one byte.
        left = core.persist(lambda: [address for address in left if core.read_surely(address, 1) != b"\0"])
    if left:
        raise ProgramError(
            f"the read protection is off, but {len(left)} bytes were not erased to 0x00, "
            f"the first at 0x{left[0]:06X}: the chip's old content can be read there",
            code=Code.NOT_ERASED,
            hint=Hint(
                "{erase} tries again, one memory at a time; bytes that stay are worn out: do not pass the chip on"
            ),
            address=left[0],
            count=len(left),
            details=[f"0x{block:06X}: not erased" for block in sorted({a - a % part.block for a in left})],
        )


def require_whole(image: Image, part: Part) -> None:
    """Raise ImageError for a file with only a piece of a memory: it is damaged, or it is not a backup."""
    for memory in part.memories:
        held = sum(len(segment.data) for segment in image.slice(memory))
        if 0 < held < memory.size:
            raise ImageError(
                f"this is not a whole backup: it has {held} of the {memory.size} bytes of {memory}",
                hint=Hint("{write} is for firmware; {restore_force} restores the memories that the file has"),
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
    verify: Verify,
    may_clear_ubc: bool,
) -> Upload:
    """Unlock if that is needed, and program; `may_clear_ubc`: the option bytes that follow include UBC."""
    flash = programmer.flash
    if locked:
        unlocked: Optional[protection.Unlocked] = _unlock(flash, locked, assume_locked=False)
    else:
        unlocked = _see_to_options(flash, may_mend=mend)
    try:
        return Upload(programmer.write(segments, verify=verify), unlocked)
    except ReadoutProtectedError as exc:
        # A locked chip may look blank. Then only its refusal of the first block tells that it is locked.
        if not unlock or (unlocked and unlocked.erased):
            raise exc.with_(code=Code.UNLOCK_FAILED if unlock else Code.ROP_UPLOAD) from exc
        unlocked = _unlock(flash, exc, assume_locked=True)
    except WriteProtectedError:
        if not may_clear_ubc:
            raise
        _log.warning(
            "UBC protects blocks of the image: clearing it (this erases nothing); the file's UBC is written last"
        )
        writing.change(flash, requested(flash.part, options_of(flash), ["UBC=none"]))
    return Upload(programmer.write(segments, verify=verify), unlocked)


def _unlock(flash: Flash, found: ReadoutProtectedError, *, assume_locked: bool) -> protection.Unlocked:
    _log.warning("%s: unlocking it, which erases the whole chip (its content cannot be read or saved)", found)
    return protection.unlock(flash, assume_locked=assume_locked)


def _see_to_options(flash: Flash, *, may_mend: bool) -> Optional[protection.Unlocked]:
    """Finish an unlock that was cut short; only warn of any other damage to option bytes."""
    # This is too little to refuse the chip: no source says what a chip without a boot ROM reads there.
    core = flash.core
    if core.persist(lambda: lacks_the_boot_rom_of(flash.part, core.seen, core.read_surely)):
        _log.warning(
            "an %s has a boot ROM and this chip shows none: check the part name %s",
            flash.part.name,
            FamilyMismatchError.code,
        )
    states = options_of(flash)
    damaged = ", ".join(state.option.name for state in states if not state.consistent)
    if not damaged:
        return None
    if show_a_cut_unlock(states):
        if may_mend:
            # A whole unlock, not only the option bytes: a locked chip that reads as 0x00 everywhere looks the same.
            _log.warning("an earlier unlock was cut short: setting the option bytes to their factory values")
            return protection.unlock(flash)
        advice = "an unlock was cut short: another unlock finishes it and erases nothing"
    else:
        advice = "this is harmless if the part name is right"
    _log.warning(
        "these option bytes do not match their complements, and the chip uses its defaults for them: %s; %s %s",
        damaged,
        advice,
        Code.OPTIONS_CORRUPT,
    )
    return None
