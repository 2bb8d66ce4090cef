"""Read-out protection (ROP): see it, remove it, and prove that it is gone.

The same byte means opposite things: 0xAA locks STM8S, STM8AF, STM8L101 and STM8L001, and opens the other
STM8L and STM8AL (RM0016 4.5.1, PM0054 4.1, datasheets; confidence high). `Part.aa_locks` says which.
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
from ...parts.table import OptionByte, Part, option_table
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
_LOCKED_PATTERN = 0x71  # what protected memory reads (STM8S: several reports, confidence medium)
_SAMPLE_SIZE = 128
_SPOTS, _SPOT_SIZE = 8, 32  # where else a chip is looked at whose options and first bytes all read 0x71
_SINGLE_READS = 8
_FIRST_BYTES = (0x82, 0xAC)  # INT or JPF: what a program begins with (UM0560)
_ERASES_ALL = Hint("{unlock_target} removes the protection and erases the whole chip; nothing can be saved")
_UNLOCK_HINT = Hint(
    "check that {part_and_board} names the chip, then supply, VCAP capacitor and wires; power the "
    "board off and on, and run unlock again; what the chip held may be erased already"
)


class Protection(NamedTuple):
    """Whether ROP is on.

    Attributes:
        locked: It is.
        uniform: Flash reads the same byte everywhere, or not at all: a locked chip may look so, and a blank one.
        flagged: IAPSR bit 7 is set, which one trace shows on a locked chip. It confirms, and never decides alone.
        evidence: What was seen, a line for the user.
        readable: The option area shows an open ROP byte among bytes that only an open chip shows; looked at only where
            there is a sign of ROP.
        sample: The first bytes of the flash; empty where they cannot be read.
    """

    locked: bool
    uniform: bool
    flagged: bool
    evidence: str
    readable: bool = False
    sample: bytes = b""

    @property
    def unclear(self) -> bool:
        """True where the flash looks blank and bit 7 speaks against it: only a write, or an unlock, would tell."""
        return self.flagged and self.uniform and not self.locked and not self.readable


class Unlocked(NamedTuple):
    """What `unlock` did.

    Attributes:
        erased: ROP was on: flash, EEPROM and option bytes were erased.
        restored: Names of the option bytes brought back to their factory values on an open chip.
        left: Names of those that are not at their factory values, and were left alone.
    """

    erased: bool
    restored: tuple[str, ...]
    left: tuple[str, ...] = ()


def detect(flash: Flash) -> Protection:
    """Tell whether the chip is read-protected; reads only.

    Locked is what any of these shows:

    * the ROP byte by the family's polarity;
    * 0x71 as the ROP byte, and flash and EEPROM alike throughout: protected memory reads so (seen on STM8S);
    * 0x71 in the flash, and IAPSR bit 7;
    * memory that refuses to be read, single bytes too, while registers can be.

    A program may hold 128 bytes of 0x71, too. So the second and third count for nothing if the option area is
    `readable`: another option byte that matches its complement shows that nothing is hidden.

    Raises:
        SwimError: Long reads fail and short ones do not: that is the link.
        FamilyMismatchError: The ROP byte locks the part, and a program can be read: the chip is another part.
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
            hidden = hidden and (flagged or _reads_alike(core, part, sample[0]))
    except SwimError as exc:
        if exc.fault not in NO_ACCESS:
            raise
        flash.status()  # raises where it is the link that fails
        if _a_byte_answers(core, part.flash.start):
            raise
        return Protection(True, True, flagged, "its memory refuses to be read, its registers do not")
    if by_byte and not uniform and sample[0] in _FIRST_BYTES:
        raise FamilyMismatchError(
            f"the program in the chip can be read, though the ROP byte 0x{rop:02X} would lock an {part.name}: it is "
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
    """Tell whether option bytes are read, and not what hides them; those of an STM8L101 do not tell.

    Elsewhere something stands there that no pattern of one byte has: a pair that matches, or the open value 0xAA of
    the other STM8L beside another value.
    """
    if any(state.complement is not None for state in states):
        return any(state.complement is not None and state.consistent for state in states)
    return states[0].value == _AA and any(state.value != _AA for state in states)


def _reads_alike(core: Core, part: Part, value: int) -> bool:
    """Tell whether flash and EEPROM read `value` at some other places, too."""
    flash, eeprom = part.flash, part.eeprom
    starts = list(range(flash.start, flash.end, flash.size // _SPOTS)) + ([eeprom.start] if eeprom else [])
    return all(set(core.read_surely(start, _SPOT_SIZE)) == {value} for start in starts)


def _a_byte_answers(core: Core, start: int) -> bool:
    """Tell whether any of the first bytes can be read alone, as on a link that only long reads do not get through."""
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
    """Raise ReadoutProtectedError if the chip is locked; warn where it may be, and looks blank."""
    found = confirmed(flash)
    if found.unclear:
        _log.warning(
            "the chip may be read-protected: it looks blank (%s); `unlock` erases it, and makes sure", found.evidence
        )
    if found.locked:
        raise ReadoutProtectedError(f"the chip is read-protected ({found.evidence})", hint=_ERASES_ALL)


def confirmed(flash: Flash) -> Protection:
    """Return what `detect` finds; SwimError unless a second look sees the same signs of ROP: a bit may flip."""
    found = detect(flash)
    if (found.locked or found.flagged) and detect(flash) != found:
        raise SwimError(
            "two reads of the same memory differ", fault=LinkFault.DAMAGED, hint="shorten the wires; check the supply"
        )
    return found


def explain_refusal(flash: Flash, refused: ToolError, address: Optional[int] = None) -> ToolError:
    """Return the error for a chip that refused to be programmed, at `address` if that is known: ROP and UBC do so."""
    found = detect(flash)
    value = flash.core.read_surely(reg.UBC_ADDRESS[flash.part.flash_regs], 1)[0]
    area = ubc.protected(flash.part, value)
    # Where the options read as the flash does, be it 0x00 or 0xFF, nothing was read at all. Nor where it reads 0x71.
    hidden = found.uniform and not found.locked and found.sample[0] in (value, _LOCKED_PATTERN)
    if found.locked or (hidden and not _show_an_open_chip(read_as_listed(flash))):
        return ReadoutProtectedError(f"{refused}: the chip is read-protected ({found.evidence})", hint=_ERASES_ALL)
    if area and (address is None or area.start <= address < area.end):
        return write_protected(str(refused), value, address)
    return refused


def write_protected(what: str, value: int, address: Optional[int] = None) -> WriteProtectedError:
    """Return the error for `what` that lies in the area which UBC protects by its `value`."""
    return WriteProtectedError(
        f"{what}: the user boot code area protects it (UBC = 0x{value:02X})",
        hint=Hint(
            "{options_set:UBC=none} clears it and nothing else; {unlock_target} brings all option bytes to their "
            "factory values; on a chip without read protection neither erases anything"
        ),
        ubc=value,
        address=address,
    )


def ubc_in_force(flash: Flash) -> int:
    """Return the value of UBC that an open chip uses."""
    option = next(option for option in option_table(flash.part) if option.name == ubc.NAME)
    return read_one(flash, option).in_force


def require_unprotected(flash: Flash, blocks: Collection[int]) -> None:
    """Raise WriteProtectedError if UBC of an open chip covers one of `blocks`, which are to be changed."""
    if not blocks:
        return
    value = ubc_in_force(flash)
    area = ubc.protected(flash.part, value)
    for block in blocks:
        if area and area.start <= block < area.end:
            raise write_protected(f"nothing was written, because of block 0x{block:06X}", value, block)


def unlock(flash: Flash, *, assume_locked: bool = False) -> Unlocked:
    """Remove ROP if it is on and bring all option bytes to factory values; say so only once it reads back.

    A locked chip is erased whole by its hardware: flash, EEPROM, option bytes. An open chip keeps its memory,
    also if it is taken for locked: only the change from locked to open erases. If the link fails on the way, the
    whole is begun again from what the chip then shows; no write here can lock.

    Args:
        flash: The controller of a connected chip.
        assume_locked: Treat the chip as locked whatever it shows: it refused a write.

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
        raise ProgramError(f"the unlock did not take: {exc}", code=Code.UNLOCK_FAILED, hint=_UNLOCK_HINT) from exc
    except (SwimError, TransportError, ProbeError) as exc:
        if job.removed:
            told = "this was in the middle of an unlock: the chip may be erased; run unlock again"
            raise exc.with_(details=(*exc.evidence, told)) from exc
        raise
    return Unlocked(job.erased, () if job.erased else tuple(job.restored), tuple(job.left))


class _Unlock:
    """One unlock: what of it is done, however often it has to be begun."""

    def __init__(self, flash: Flash, assume_locked: bool) -> None:
        self._core, self._flash, self._part = flash.core, flash, flash.part
        self._assume_locked = assume_locked
        self.removed = False
        self.erased = False
        self.restored: list[str] = []
        self.left: list[str] = []
        self._before = b""  # the first bytes of the flash, before the ROP byte was written
        self._doubted = False  # whether the chip is the part
        self._other_than_factory: list[str] = []  # what could be read of it before the ROP byte was written

    def attempt(self) -> None:
        """Remove the protection, restore the option bytes, and see both after a reset."""
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
            raise ProgramError(f"after its reset the chip shows {why}")
        self.left = [state.option.name for state in states if not state.is_factory]
        # A chip that was open all the time shows what it showed before. Blocks that are worn out are not blank.
        self.erased = self.removed and (not any(found.sample) or found.sample != self._before)
        if self.removed and not self.erased:  # it was open, and its option bytes were written all the same
            self.restored = list(dict.fromkeys([*self._other_than_factory, *self.restored]))

    def _remove(self) -> None:
        """Write the open value to the ROP byte, which starts the global erase, and what it needs to stay open."""
        with shield():
            self._write_rop()
            if not self._part.aa_locks:
                self._write_rop()  # the first write only starts the erase; the second one makes the chip open
            elif any(option.complement for option in option_table(self._part)):
                write_factory(self._flash, self._to_write_at_once())

    def _to_write_at_once(self) -> list[OptionByte]:
        """Return what is written between the erase and the reset, where values and complements are 0x00.

        It is all that is not right as 0x00, as ST's tool does it: no reset then finds pairs that do not match. What
        not every chip has is written only to a chip that shows a boot ROM: small ones have neither. Otherwise it waits
        for the reset, after which more of the chip is seen. One of the common pairs waits with it: until that is
        written the unlock is seen to be unfinished.
        """
        options = [o for o in option_table(self._part) if o.policy in ("normal", "after-unlock")]
        options = [option for option in options if option.complement or option.default]
        common = [option for option in options if in_every_layout(option)]
        return options if common == options or shows_a_boot_rom(self._core.read_surely) else common[:-1]

    def _write_rop(self) -> None:
        # The keys every time: the erase may take them back.
        self._flash.unlock(program=False)
        self._flash.begin_options()
        self.removed = True
        self._flash.write_rop(0x00 if self._part.aa_locks else _AA)
        try:
            self._flash.end_options()
        except LINK_ERRORS:
            self._core.enter_again()  # the erase may have cost the link; a reset is not due yet
            self._flash.end_options()

    def _restore(self) -> bool:
        """Bring option bytes to factory values; return whether those count that only an unlock may touch."""
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
                self._assume_locked = True  # UBC does not cover option bytes, so it may well be ROP
                raise
            self._core.reset_and_reconnect()
        return after_unlock

    def _tell_absent(self, absent: Sequence[OptionByte]) -> None:
        """Say once which option bytes the chip may not have: their addresses would be reserved ones."""
        if absent and not self._doubted:
            small = lacks_the_boot_rom_of(self._part, self._core.read_surely)
            sign = f"no boot ROM, which an {self._part.name} has" if small else "none of them"
            _log.warning(
                "left alone: %s, as the chip shows %s; is that the part? %s",
                _names(absent),
                sign,
                FamilyMismatchError.code,
            )
        self._doubted = self._doubted or bool(absent)


def _names(options: Iterable[OptionByte]) -> str:
    return ", ".join(option.name for option in options)
