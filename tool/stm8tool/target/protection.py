"""Read-out protection (ROP): see it, remove it, and prove that it is gone.

The same byte means opposite things: 0xAA locks STM8S, STM8AF, STM8L101 and STM8L001, and opens the other
STM8L and STM8AL (RM0016 4.5.1, PM0054 4.1, datasheets; confidence high). `Part.rop_mode` says which.
"""

from __future__ import annotations

from typing import NamedTuple

from ..devices import Part, option_table
from ..errors import LINK_ERRORS, FamilyMismatchError, ProgramError, ReadoutProtectedError
from ..interrupts import shield
from . import registers as reg
from .core import Core
from .flash import Flash
from .options import read_options, restorable, write_factory

_AA = 0xAA
_LOCKED_PATTERN = 0x71  # what protected memory reads (STM8S: several reports, confidence medium)
_SAMPLE_SIZE = 128
_L101_STACK = 0x05FF
_UNLOCK_HINT = (
    "check the supply, the capacitor at VCAP and the wires, power the board off and on, and run unlock again; "
    "what the chip held may be erased already"
)
# One trace of an STM8S shows 3 ms, another tool waits for up to 2 s (confidence medium).
_GLOBAL_ERASE_LIMIT_S = 2.0


class Protection(NamedTuple):
    """Whether ROP is on.

    Attributes:
        locked: It is.
        by_pattern: Memory reads as that of a locked chip; False where only the ROP byte says so.
        evidence: What was seen, a line for the user.
    """

    locked: bool
    by_pattern: bool
    evidence: str


class Unlocked(NamedTuple):
    """What `unlock` did.

    Attributes:
        erased: ROP was on: flash, EEPROM and option bytes were erased.
        restored: Names of the option bytes brought back to their factory values on an open chip.
    """

    erased: bool
    restored: tuple[str, ...]


def detect(core: Core, flash: Flash, part: Part) -> Protection:
    """Tell whether `part` is read-protected; reads only.

    Locked is what any of these shows: the ROP byte by the family's polarity, or 128 bytes of 0x71 where a
    program should be (on STM8S the option area itself may read 0x71). IAPSR bit 7 confirms and never decides.
    """
    sample = core.read(part.flash.start, _SAMPLE_SIZE)
    rop = core.read(reg.ROP_ADDRESS, 1)[0]
    status = flash.status()
    pattern = sample == bytes([_LOCKED_PATTERN]) * _SAMPLE_SIZE
    by_byte = rop != _AA if part.rop_mode == "stm8l" else rop == _AA
    seen = [f"ROP byte 0x{rop:02X}"]
    if pattern:
        seen.append("flash reads 0x71 throughout")
    if status & reg.IAPSR_ROP_ACTIVE:
        seen.append("IAPSR bit 7 set")
    return Protection(pattern or by_byte, pattern, ", ".join(seen))


def require_open(core: Core, flash: Flash, part: Part) -> None:
    """Raise ReadoutProtectedError if the chip is locked."""
    found = detect(core, flash, part)
    if found.locked:
        raise ReadoutProtectedError(
            f"the chip is read-protected ({found.evidence})",
            hint="`unlock` (pio run -t unlock) removes the protection and erases the whole chip; nothing can be saved",
        )


def unlock(core: Core, flash: Flash, part: Part, *, assume_locked: bool = False) -> Unlocked:
    """Remove ROP if it is on and bring all option bytes to factory values; say so only once it reads back.

    A locked chip is erased whole by its hardware: flash, EEPROM, option bytes. An open chip keeps its memory.
    If the link fails on the way the whole is begun again from what the chip then shows: by that time there is
    nothing left to lose, and no write here can lock.

    Args:
        core: A connected chip.
        flash: Its flash controller.
        part: Its row of the device table.
        assume_locked: Treat the chip as locked whatever it shows (it refused a write, and UBC is clear).

    Raises:
        ProgramError: The chip does not show the open state after all tries.
        FamilyMismatchError: The ROP byte of this chip seems to mean the opposite; nothing was changed.
    """
    erased = False
    restored: list[str] = []

    def attempt() -> None:
        nonlocal erased
        found = detect(core, flash, part)
        if found.locked or (assume_locked and not erased):
            if not found.by_pattern and not erased:
                _check_polarity(core, part)
            with shield():
                flash.unlock()
                flash.begin_options()
                erased = True  # from here on nothing that the chip held is left
                _remove(flash, part)
                if any(option.complement for option in option_table(part)):
                    # The erase left values and complements at 0x00. All of them are written before the reset, as
                    # ST's tool does; the ROP byte itself keeps its 0x00.
                    zeroed = [option for option in option_table(part) if option.policy in ("normal", "after-unlock")]
                    write_factory(core, flash, zeroed)
            core.reset_and_reconnect()
        states = read_options(core, part)
        # Without their complements they are what an unlock that was cut short leaves.
        after_unlock = erased or not all(state.consistent for state in states)
        wrong = restorable(states, after_unlock=after_unlock)
        if wrong:
            restored.extend(option.name for option in wrong if option.name not in restored)
            with shield():
                write_factory(core, flash, wrong)
            core.reset_and_reconnect()
        _prove(core, flash, part, after_unlock=after_unlock)

    try:
        core.persist(attempt, (*LINK_ERRORS, ProgramError))
    except ProgramError as exc:
        raise ProgramError(f"the unlock did not take: {exc}", hint=_UNLOCK_HINT) from exc
    return Unlocked(erased, () if erased else tuple(restored))


def _check_polarity(core: Core, part: Part) -> None:
    """Refuse to unlock by the ROP byte alone where the chip seems to read that byte the other way round.

    STM8L101 and STM8L001 share their register map with the other STM8L, but not the meaning of 0xAA: the value
    that opens one locks the other. Their RAM of 1.5 KB is like no other's, and the stack pointer is at the end
    of RAM after a reset (confidence medium).
    """
    if part.flash_regs != "stm8l":
        return
    stack_pointer = int.from_bytes(core.read(reg.STACK_POINTER, 2), "big")
    expected = part.ram.end - 1
    if stack_pointer != expected and _L101_STACK in (stack_pointer, expected):
        chip = "an STM8L101 or STM8L001" if stack_pointer == _L101_STACK else "no STM8L101 or STM8L001"
        raise FamilyMismatchError(
            f"the chip seems to be {chip} (stack pointer 0x{stack_pointer:04X}), not {part.name}: nothing was changed",
            hint="name the part that is printed on the chip (--part, or `board` / `board_upload.part`)",
        )


def _prove(core: Core, flash: Flash, part: Part, *, after_unlock: bool) -> None:
    """Raise ProgramError unless the chip, after its reset, is open and its option bytes are at factory values."""
    found = detect(core, flash, part)
    left = restorable(read_options(core, part), after_unlock=after_unlock)
    if found.locked or left:
        why = found.evidence if found.locked else f"other than factory values in {', '.join(o.name for o in left)}"
        raise ProgramError(f"after its reset the chip shows {why}")


def _remove(flash: Flash, part: Part) -> None:
    """Write the open value to the ROP byte, which starts the global erase; in option mode."""
    if part.rop_mode == "stm8l":
        # The first write only starts the erase; the second one is what makes the chip open.
        flash.write_rop(_AA, _GLOBAL_ERASE_LIMIT_S)
        flash.write_rop(_AA, _GLOBAL_ERASE_LIMIT_S)
    else:
        flash.write_rop(0x00, _GLOBAL_ERASE_LIMIT_S)
    flash.end_options()
