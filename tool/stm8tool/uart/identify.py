"""Which part is at the other end: by the version of its loader, and by the addresses that exist.

Source: the clients of the boot ROM (stm8gal): which addresses tell the family and the size of the die; confidence high.
"""

from __future__ import annotations

from ..errors import FamilyMismatchError, UsageError
from ..parts.table import Part, all_parts
from ..words import Hint
from . import loaders
from .link import LoaderLink, RefusedByLoaderError

_DIE_SIZES = {0x27FFF: 128, 0x17FFF: 64, 0xFFFF: 32, 0x9FFF: 8}  # KiB, by the last address that is tried (stm8gal)
_STM8S_EEPROM = 0x4000


def exists(link: LoaderLink, address: int) -> bool:
    """Tell whether the chip has memory at an address."""
    try:
        link.persist(lambda: link.read(address, 1))
    except RefusedByLoaderError:
        return False
    return True


def registers(link: LoaderLink) -> str:
    """Return "stm8s" or "stm8l", by the place of its EEPROM."""
    return "stm8s" if exists(link, _STM8S_EEPROM) else "stm8l"


def require_part(part: Part, link: LoaderLink, version: int) -> None:
    """Raise FamilyMismatchError if the loader contradicts the part."""
    loader = loaders.of(part)
    wrong = None
    if version not in loader.versions and version >> 4 != loader.versions[0] >> 4:
        wrong = f"its loader has version {loaders.version_text(version)}"
    elif registers(link) != part.flash_regs:
        wrong = f"it is an {'STM8L' if part.flash_regs == 'stm8s' else 'STM8S or STM8AF'}"
    elif not exists(link, part.flash.end - 1):
        wrong = f"it has no memory at 0x{part.flash.end - 1:06X}"
    if wrong:
        raise FamilyMismatchError(
            f"the chip is not an {part.name}: {wrong}", hint=Hint("check that {part} names the chip")
        )


def candidates(link: LoaderLink, version: int) -> tuple[Part, ...]:
    """Return the parts that the chip may be, by its loader and the size of its die."""
    seen = registers(link)
    size = next((kib for address, kib in _DIE_SIZES.items() if exists(link, address)), 0) * 1024
    found = []
    for part in all_parts():
        if part.flash_regs != seen or part.flash.size > size:
            continue
        try:
            known = loaders.of(part).versions
        except UsageError:
            continue
        if version in known:
            found.append(part)
    return tuple(found)
