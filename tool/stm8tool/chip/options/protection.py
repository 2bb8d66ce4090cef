"""Read-out protection (ROP): detect it, remove it, and prove that it is gone.

The same byte has opposite meanings: 0xAA locks STM8S, STM8AF, STM8L101 and STM8L001. It opens the other STM8L and
STM8AL (RM0016 4.5.1, PM0054 4.1, datasheets; confidence high). `Part.aa_locks` says which.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Optional

from ...errors import (
    LINK_ERRORS,
    Code,
    FamilyMismatchError,
    LinkFault,
    ProbeError,
    ProgramError,
    ReadoutProtectedError,
    SwimError,
    ToolError,
    TransportError,
    WriteProtectedError,
)
from ...parts.table import OptionByte, Region, option_table
from ...probe.base import NO_ACCESS
from ...support.interrupts import shield
from ...words import Hint
from .. import registers as reg
from ..flash.controller import Flash, RefusedError
from ..link.core import Core
from ..link.family import lacks_the_boot_rom_of, shows_a_boot_rom
from . import ubc
from .bytes import OptionState, in_every_layout, read_as_listed, read_one, read_options, restorable, write_factory

_log = logging.getLogger(__name__)

_AA = 0xAA
_LOCKED_PATTERN = 0x71  # protected memory reads as this (STM8S: several reports, confidence medium)
_SAMPLE_SIZE = 128
_SPOTS, _SPOT_SIZE = 8, 32  # more places to look at if options and first bytes all read 0x71
_SINGLE_READS = 8
_FIRST_BYTES = (0x82, 0xAC)  # INT or JPF: a program begins with one of them (UM0560)
_ERASES_ALL = Hint("{unlock_target} removes the protection and erases the whole chip; its content cannot be saved")
_UNLOCK_HINT = Hint(
    "check that {part_and_board} names the chip, then check supply, VCAP capacitor and wires. Power the board off and "
    "on, and run unlock again; the content of the chip may be erased already"
)


class Protection(NamedTuple):
    """Whether ROP is on.

    Attributes:
        locked: ROP is on.
        uniform: Flash reads the same byte everywhere, or not at all. Locked chips and blank ones may look so.
        flagged: IAPSR bit 7 is set, which one trace shows on a locked chip. It never decides alone.
        evidence: The signs that were seen, a line for the user.
        readable: The option area shows an open ROP byte among bytes that only an open chip shows. This is looked at
            only if there is a sign of ROP.
        sample: The first bytes of the flash; empty if they cannot be read.
    """

    locked: bool
    uniform: bool
    flagged: bool
    evidence: str
    readable: bool = False
    sample: bytes = b""

    @property
    def unclear(self) -> bool:
        """True if the flash looks blank but bit 7 says that it is locked: only a write or an unlock would tell."""
        return self.flagged and self.uniform and not self.locked and not self.readable


class Unlocked(NamedTuple):
    """The result of `unlock`.

    Attributes:
        erased: ROP was on: flash, EEPROM and option bytes were erased.
        restored: Names of the option bytes that were set to their factory values on an open chip.
        left: Names of the option bytes that are not at their factory values and were not changed.
    """

    erased: bool
    restored: tuple[str, ...]
    left: tuple[str, ...] = ()


def detect(flash: Flash) -> Protection:
    """Tell whether the chip is read-protected; reads only.

    Each of these signs shows a locked chip:

    * the ROP byte has the value that locks this family;
    * the option bytes and the flash all read 0x71: protected memory reads so (seen on STM8S);
    * the flash reads 0x71, and IAPSR bit 7 is set;
    * the memory refuses to be read, even single bytes, but registers can be read.

    A program may hold 128 bytes of 0x71, too. So the second and third sign do not count if the option area is
    `readable`. An option byte that matches its complement shows that the memory is not hidden.

    Raises:
        SwimError: Long reads fail and short ones do not: the link is the cause.
        FamilyMismatchError: The ROP byte locks the part, but a program can be read: the chip is another part.
    """
    core, part = flash.core, flash.part
    flagged = bool(flash.status() & reg.IAPSR_ROP_ACTIVE)
    readable = hidden = False
    try:
        sample = core.read_surely(part.flash.start, _SAMPLE_SIZE)
        rop = core.read_surely(reg.ROP_ADDRESS, 1)[0]
        uniform = len(set(sample)) == 1
        by_byte = (rop == _AA) == part.aa_locks
        if not by_byte and (flagged or (uniform and _LOCKED_PATTERN in (sample[0], rop))):
            options = read_as_listed(flash)
            readable = _show_an_open_chip(options)
            hidden = uniform and rop == _LOCKED_PATTERN and not readable
            hidden = hidden and (flagged or _reads_alike(core, part.flash, sample[0]))
    except SwimError as exc:
        if exc.fault not in NO_ACCESS:
            raise
        flash.status()  # raises if the link is the cause
        if _a_byte_answers(core, part.flash.start):
            raise
        return Protection(True, True, flagged, "its memory refuses to be read, but its registers can be read")
    if by_byte and not uniform and sample[0] in _FIRST_BYTES:
        raise FamilyMismatchError(
            f"the chip's program can be read, though the ROP byte 0x{rop:02X} would lock an {part.name}: the chip is "
            "another part, and nothing was changed",
            hint=Hint("name the part that is printed on the chip ({part_or_board})"),
        )
    by_flash = uniform and sample[0] == _LOCKED_PATTERN and flagged and not readable
    seen = [f"ROP byte 0x{rop:02X}"]
    if uniform:
        seen.append(f"flash reads 0x{sample[0]:02X} throughout")
    if flagged:
        seen.append("IAPSR bit 7 set")
    return Protection(by_byte or hidden or by_flash, uniform, flagged, ", ".join(seen), readable, sample)


def _show_an_open_chip(states: Sequence[OptionState]) -> bool:
    """Tell whether the true option bytes were read, not the pattern of a locked chip; those of an STM8L101 do not tell.

    On other parts they show values that a pattern of one byte cannot have. This is a pair that matches, or on the
    other STM8L the open value 0xAA beside a different value.
    """
    if any(state.complement is not None for state in states):
        return any(state.complement is not None and state.consistent for state in states)
    return states[0].value == _AA and any(state.value != _AA for state in states)


def _reads_alike(core: Core, flash: Region, value: int) -> bool:
    """Tell whether the flash also reads `value` at some other places. How the EEPROM then reads, no source says."""
    starts = range(flash.start, flash.end, flash.size // _SPOTS)
    return all(set(core.read_surely(start, _SPOT_SIZE)) == {value} for start in starts)


def _a_byte_answers(core: Core, start: int) -> bool:
    """Tell whether any of the first bytes can be read alone, as on a link where only long reads fail."""
    for address in range(start, start + _SINGLE_READS):
        try:
            core.read(address, 1)
        except SwimError as exc:
            if exc.fault not in NO_ACCESS:
                raise
        else:
            return True
    return False


def require_open(flash: Flash) -> None:
    """Raise ReadoutProtectedError if the chip is locked; warn if it looks blank but may be locked."""
    found = confirmed(flash)
    if found.unclear:
        _log.warning(
            "the chip looks blank but may be read-protected (%s); if it is, an unlock erases and opens it",
            found.evidence,
        )
    if found.locked:
        raise ReadoutProtectedError(f"the chip is read-protected ({found.evidence})", hint=_ERASES_ALL)


def confirmed(flash: Flash) -> Protection:
    """Return the result of `detect`; SwimError unless a second look sees the same signs of ROP: a bit may flip."""
    found = detect(flash)
    if (found.locked or found.flagged) and detect(flash) != found:
        raise SwimError(
            "two reads of the same memory differ", fault=LinkFault.DAMAGED, hint="shorten the wires; check the supply"
        )
    return found


def explain_refusal(flash: Flash, refused: ToolError, address: Optional[int] = None) -> ToolError:
    """Return the error for a chip that refused a write, at `address` if that is known: ROP or UBC is the cause."""
    found = detect(flash)
    value = flash.core.read_surely(reg.UBC_ADDRESS[flash.part.flash_regs], 1)[0]
    area = ubc.protected(flash.part, value)
    # If options and flash read the same byte, 0x00 or 0xFF, neither was truly read. The same holds for 0x71 in flash.
    hidden = found.uniform and not found.locked and found.sample[0] in (value, _LOCKED_PATTERN)
    if found.locked or (hidden and not _show_an_open_chip(read_as_listed(flash))):
        return ReadoutProtectedError(f"{refused}: the chip is read-protected ({found.evidence})", hint=_ERASES_ALL)
    if area and (address is None or area.start <= address < area.end):
        return write_protected(str(refused), value, address)
    return refused


def write_protected(what: str, value: int, address: Optional[int] = None) -> WriteProtectedError:
    """Return the error for a write to the area that UBC protects by its `value`; `what` names the write."""
    return WriteProtectedError(
        f"{what}: the user boot code area protects it (UBC = 0x{value:02X})",
        hint=Hint(
            "{options_set:UBC=none} clears only this option byte; {unlock_target} sets all option bytes to factory "
            "values. On a chip without read protection both erase nothing"
        ),
        ubc=value,
        address=address,
    )


def ubc_in_force(flash: Flash) -> int:
    """Return the value of UBC that an open chip uses."""
    option = next(option for option in option_table(flash.part) if option.name == ubc.NAME)
    return read_one(flash, option).in_force


def require_unprotected(flash: Flash, blocks: Collection[int]) -> None:
    """Raise WriteProtectedError if UBC of an open chip covers one of `blocks`, which will be changed."""
    if not blocks:
        return
    value = ubc_in_force(flash)
    area = ubc.protected(flash.part, value)
    for block in blocks:
        if area and area.start <= block < area.end:
            raise write_protected(f"nothing was written, because of block 0x{block:06X}", value, block)


def unlock(flash: Flash, *, assume_locked: bool = False) -> Unlocked:
    """Remove ROP if it is on and set all option bytes to factory values; succeed only if both read back.

    The hardware erases all of a locked chip: flash, EEPROM, option bytes. An open chip keeps its memory, even if the
    tool takes it for locked: only the change from locked to open erases. If the link fails on the way, the tool looks
    at the chip and begins again. No write here can lock.

    Args:
        flash: The controller of a connected chip.
        assume_locked: Treat the chip as locked, whatever it shows, because it refused a write.

    Raises:
        ProgramError: The chip does not show the open state after all tries.
    """
    with flash.core.supply_considered():
        unlocked = _unlock(flash, assume_locked)
    flash.core.erased = flash.core.erased or unlocked.erased
    return unlocked


def _unlock(flash: Flash, assume_locked: bool) -> Unlocked:
    core = flash.core
    job = _Unlock(flash, assume_locked)
    try:
        core.persist(job.attempt, (*LINK_ERRORS, ProgramError))
    except ProgramError as exc:
        raise ProgramError(f"the unlock did not work: {exc}", code=Code.UNLOCK_FAILED, hint=_UNLOCK_HINT) from exc
    except (SwimError, TransportError, ProbeError) as exc:
        if job.removed:
            told = "this happened in the middle of an unlock: the chip may be erased; run unlock again"
            raise exc.with_(details=(*exc.evidence, told)) from exc
        raise
    return Unlocked(job.erased, () if job.erased else tuple(job.restored), tuple(job.left))


class _Unlock:
    """One unlock: it remembers which steps are done, even if it has to begin again."""

    def __init__(self, flash: Flash, assume_locked: bool) -> None:
        self._core, self._flash, self._part = flash.core, flash, flash.part
        self._assume_locked = assume_locked
        self.removed = False
        self.erased = False
        self.restored: list[str] = []
        self.left: list[str] = []
        self._before = b""  # the first bytes of the flash, before the ROP byte was written
        self._doubted = False  # the chip may not be the part that was named
        self._other_than_factory: list[str] = []  # option bytes, as read before the ROP byte was written

    def attempt(self) -> None:
        """Remove the protection, restore the option bytes, and check both after a reset."""
        found = confirmed(self._flash)
        flagged = found.flagged and not found.readable
        if found.locked or ((self._assume_locked or flagged) and not self.removed):
            if not self.removed:
                states = read_as_listed(self._flash)
                self._other_than_factory = [state.option.name for state in states if not state.is_factory]
                self._before = found.sample
            self._remove()
            self._core.reset_and_reconnect()
        after_unlock = self._restore()
        found = detect(self._flash)
        states = read_options(self._flash)
        left = restorable(states, after_unlock=after_unlock)
        if found.locked or left:
            why = found.evidence if found.locked else f"other than factory values in {_names(left)}"
            raise ProgramError(f"after its reset the chip still shows {why}")
        self.left = [state.option.name for state in states if not state.is_factory]
        # A chip that was open all the time still shows the same bytes. Blocks that are worn out are not blank.
        self.erased = self.removed and (not any(found.sample) or found.sample != self._before)
        if self.removed and not self.erased:  # it was open, but its option bytes were written
            self.restored = list(dict.fromkeys([*self._other_than_factory, *self.restored]))

    def _remove(self) -> None:
        """Write the open value to the ROP byte, which starts the global erase, and all that keeps the chip open."""
        with shield():
            self._write_rop()
            if not self._part.aa_locks:
                self._write_rop()  # the first write only starts the erase; the second one makes the chip open
            elif any(option.complement for option in option_table(self._part)):
                write_factory(self._flash, self._to_write_at_once())

    def _to_write_at_once(self) -> list[OptionByte]:
        """Return the options to write between the erase and the reset. Values and complements are 0x00 then.

        These are all options for which 0x00 is wrong, as in ST's tool: then no reset finds pairs that do not match.
        Options that not every chip has are written only to a chip that shows a boot ROM: small chips have neither.
        Otherwise they wait for the reset, because the tool sees more of the chip after it. One of the common pairs
        waits with them: until it is written, the unlock shows as unfinished.
        """
        options = [o for o in option_table(self._part) if o.policy in ("normal", "after-unlock")]
        options = [option for option in options if option.complement or option.default]
        common = [option for option in options if in_every_layout(option)]
        return options if common == options or shows_a_boot_rom(self._core.read_surely) else common[:-1]

    def _write_rop(self) -> None:
        # Give the keys every time: the erase may close the memories again.
        self._flash.unlock(program=False)
        self._flash.begin_options()
        self.removed = True
        self._flash.write_rop(0x00 if self._part.aa_locks else _AA)
        try:
            self._flash.end_options()
        except LINK_ERRORS:
            self._core.enter_again()  # the erase may have broken the link; it is too early for a reset
            self._flash.end_options()

    def _restore(self) -> bool:
        """Set option bytes to factory values; return True if those are included that only an unlock may write."""
        states = read_options(self._flash)
        self._tell_absent([state.option for state in states if state.absent and not state.is_factory])
        after_unlock = self.removed
        wrong = restorable(states, after_unlock=after_unlock)
        if wrong:
            self.restored += [option.name for option in wrong if option.name not in self.restored]
            try:
                with shield():
                    write_factory(self._flash, wrong)
            except (RefusedError, SwimError):
                self._assume_locked = True  # UBC does not cover option bytes, so ROP is the likely cause
                raise
            self._core.reset_and_reconnect()
        return after_unlock

    def _tell_absent(self, absent: Sequence[OptionByte]) -> None:
        """Say once which option bytes the chip may not have: then their addresses would be reserved."""
        if absent and not self._doubted:
            small = lacks_the_boot_rom_of(self._part, self._core.seen, self._core.read_surely)
            has, lacks = ("a boot ROM", "none") if small else ("these option bytes", "none of them")
            _log.warning(
                "not written: %s. An %s has %s and this chip shows %s: check the part name %s",
                _names(absent),
                self._part.name,
                has,
                lacks,
                FamilyMismatchError.code,
            )
        self._doubted = self._doubted or bool(absent)


def _names(options: Iterable[OptionByte]) -> str:
    return ", ".join(option.name for option in options)
