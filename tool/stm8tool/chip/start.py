"""Find out if a reset starts a program, from the reset vector and the memory that it leads to.

Sources: PM0044: the STM8's reset vector is an instruction of four bytes at 0x008000, INT with an address of 24 bits.
UM0560: a boot ROM starts a program only if the first byte is INT or JPF, and waits for a host otherwise (confidence
high). A part without a boot ROM executes any byte there. A compiler still puts INT there, so any other byte means that
the flash has no program.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Optional

from ..errors import LINK_ERRORS, Code, ProbeError, TargetError
from ..image import Image
from ..parts.table import Part, Region
from .flash.controller import Flash
from .link.core import Core
from .options import protection

VECTOR = 0x8000
VECTOR_SIZE = 4
_LOCKED_VECTOR = b"\x71" * VECTOR_SIZE  # the bytes that most locked chips show
INT, JPF = 0x82, 0xAC
# A blank byte is 0x00, which is also the first half of an instruction (NEG): no program begins with eight of those.
BLANK_SIZE = 16

_ANY_FLASH = Region("flash", VECTOR, 0x20000)  # of the largest part

Read = Callable[[int, int], bytes]  # address, size

_log = logging.getLogger(__name__)


def look(core: Core, part: Optional[Part], known: Image) -> Optional[bool]:
    """Tell whether the connected chip has a program, and warn if not; None if that cannot be seen.

    Args:
        core: The chip.
        part: The part; without it, the flash is taken to be as large as that of the largest part.
        known: Bytes that the chip is known to hold, perhaps from before it was locked: they are not read again.
    """
    flash = part.flash if part else _ANY_FLASH
    try:
        try:
            found = flaw(from_image(known), flash)
        except LookupError:
            found = flaw(_reader(core), flash)
            if found and _is_locked(core, part):
                return None
    except (*LINK_ERRORS, ProbeError, TargetError) as exc:
        # If the link is lost here, it is still lost when the tool leaves the chip. The error is raised there.
        _log.debug("it cannot be seen if there is a program: %s", exc)
        return None
    if found:
        advice = "write one that has a `main`, or the boot loader that starts it"
        _log.warning("no program runs: %s; %s %s", found, advice, Code.NO_PROGRAM)
    return found is None


def _reader(core: Core) -> Read:
    """Return a `Read` of the chip; it raises ProbeError if the probe would read at another address."""

    def reached(address: int, size: int) -> bytes:
        core.check_reaches(address + size)
        return core.read_surely(address, size)

    return reached


def _is_locked(core: Core, part: Optional[Part]) -> bool:
    if part is None:
        return core.read_surely(VECTOR, VECTOR_SIZE) == _LOCKED_VECTOR
    return protection.detect(Flash(core, part)).locked


def from_image(image: Image) -> Read:
    """Return a `Read` of `image`; it raises LookupError for an address that the image does not hold."""

    def held(address: int, size: int) -> bytes:
        found = image.slice(Region("wanted", address, size))
        if sum(len(segment.data) for segment in found) < size:
            raise LookupError(f"the image does not hold 0x{address:06X}")
        return b"".join(segment.data for segment in found)

    return held


def flaw(read: Read, flash: Region) -> Optional[str]:
    """Return why no reset starts a program, a sentence; None if one does.

    Args:
        read: Reads the bytes that the chip holds at an address of `flash`.
        flash: The part's flash; a program in any other memory is not there after power-on.
    """
    vector = read(VECTOR, VECTOR_SIZE)
    if not any(vector):
        return f"the flash is blank at 0x{VECTOR:06X}, where the reset vector belongs"
    if vector[0] not in (INT, JPF):
        return (
            f"0x{VECTOR:06X} holds 0x{vector[0]:02X}, which is not a reset vector (INT 0x{INT:02X} or JPF 0x{JPF:02X})"
        )
    target = int.from_bytes(vector[1:], "big")
    if not flash.start <= target < flash.end:
        return f"the reset vector leads to 0x{target:06X}, which is not in {flash}"
    if not any(read(target, min(BLANK_SIZE, flash.end - target))):
        return f"the reset vector leads to 0x{target:06X}, where the flash is blank"
    return None
