"""Option bytes: complements, the load at reset, read-out protection, UBC, and the ways to brick a chip.

Source: RM0016 4.5 and 6, RM0013, PM0054 4.1 to 4.5, datasheets (UBC page tables); traces and reports for the unlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from stm8tool.errors import UsageError
from stm8tool.parts.table import OptionByte, Part

from ..state import GIVEN, PART_OF_IT, State
from ..switches import Switches
from .memory import Memory

ROP_ADDRESS = 0x4800
UBC_ADDRESS = {"stm8s": 0x4801, "stm8l": 0x4802}
DATASIZE_ADDRESS = 0x4803
PCODE_ADDRESS = 0x4807
TMU_ADDRESS = 0x480B
LOADED = ("bricked", "rop", "ubc_end", "data_start", "fpr", "mismatch")
LOCK_VALUE = 0xAA  # where `Part.aa_locks`; elsewhere it opens


def is_l101(part: Part) -> bool:
    """True for STM8L101 and STM8L001: register map of the STM8L, read-out protection of the STM8S."""
    return part.flash_regs == "stm8l" and part.aa_locks


def ubc_size(part: Part, value: int) -> int:
    """Return how many bytes from the start of flash a loaded UBC value protects (datasheets, RM0016 figures 9-11)."""
    if part.flash_regs == "stm8s":
        if part.density == "low":
            pages, page = (128 if value >= 0x80 else value), 64
        else:
            pages, page = (value + 2 if value >= 2 else 2 * value), 512
    elif is_l101(part):
        value &= 0x7F
        pages, page = (2 if 0 < value < 3 else value), 64
    elif part.density == "low":
        pages, page = (128 if value >= 0x7F else value), 64
    elif part.density == "medium":
        pages, page = value, 128
    else:
        pages, page = value, 256
    return min(pages * page, part.flash.size)


class OptionBytes:
    """The option area, and the values that the chip took from it at its last reset."""

    STATE = State(
        left={
            **dict.fromkeys(("_part", "_switches", "table", "_defined", "has_tmu"), GIVEN),
            "memory": PART_OF_IT,
            **dict.fromkeys(LOADED, "saved by `store.py`, because the allowed values depend on the part"),
        }
    )

    def __init__(self, part: Part, table: Sequence[OptionByte], switches: Switches) -> None:
        self._part = part
        self._switches = switches
        self.table = tuple(table)
        self.memory = Memory("options", part.options.start, part.options.size, part.options.size)
        self.bricked: Optional[str] = None
        self.rop = False
        self.ubc_end = part.flash.start
        self.data_start = part.flash.end  # STM8L101: where DATASIZE turns flash into data EEPROM
        self.fpr = 0
        self.mismatch = False
        self._defined = {option.address for option in self.table}
        self._defined.update(option.address + 1 for option in self.table if option.complement)
        self.has_tmu = any(o.address == TMU_ADDRESS and o.name.upper().startswith("TMU") for o in self.table)
        self.to_defaults()

    def to_defaults(self) -> None:
        """Give every option byte and complement its factory value."""
        self.memory.write(self.memory.start, bytes(len(self.memory.data)))
        for option in self.table:
            self.memory.write(option.address, bytes([option.default]))
            if option.complement:
                self.memory.write(option.address + 1, bytes([option.default ^ 0xFF]))

    def lock(self) -> None:
        """Set ROP as a vendor would; in force from the next reset."""
        self.memory.write(ROP_ADDRESS, bytes([LOCK_VALUE if self._part.aa_locks else 0x00]))

    def set(self, text: str) -> None:
        """Change the array, as for a used chip; in force from the next reset.

        Args:
            text: `NAME=VALUE` sets an option byte with its complement, `ADDRESS=VALUE` one byte alone.

        Raises:
            UsageError: no such option byte, or no such value.
        """
        name, _, number = text.partition("=")
        try:
            value = int(number, 0).to_bytes(1, "big")
        except (ValueError, OverflowError):
            raise UsageError(f"'{text}' does not set an option byte", hint="try UBC=0x02, or 0x4803=0x01") from None
        for option in self.table:
            if name.upper() == option.name:
                self.memory.write(option.address, value)
                if option.complement:
                    self.memory.write(option.address + 1, bytes([value[0] ^ 0xFF]))
                return
        addresses = {f"0x{address:04X}": address for address in sorted(self._defined)}
        address = addresses.get("0x" + name[2:].upper() if name[:2].lower() == "0x" else "")
        if address is None:
            known = ", ".join(option.name for option in self.table)
            raise UsageError(f"the {self._part.name} has no option byte {name}", hint=f"it has {known}")
        self.memory.write(address, value)

    def byte(self, address: int) -> int:
        """Return the content of the array."""
        return self.memory.data[address - self.memory.start]

    def valid(self, option: OptionByte) -> bool:
        """True if the complement matches, or there is none."""
        return not option.complement or self.byte(option.address) ^ self.byte(option.address + 1) == 0xFF

    def loaded(self, address: int) -> int:
        """Return the value in force; a wrong complement means the default (PM0047 2.3.4)."""
        for option in self.table:
            if option.address == address:
                return self.byte(address) if self.valid(option) else option.default
        return 0

    def load(self) -> None:
        """Do what a reset does: take the option bytes into force."""
        self.mismatch = not all(map(self.valid, self.table))
        aa = self.byte(ROP_ADDRESS) == LOCK_VALUE
        self.rop = self.bricked is not None or aa == self._part.aa_locks
        ubc = self.loaded(UBC_ADDRESS[self._part.flash_regs])
        flash = self._part.flash
        self.ubc_end = flash.start + ubc_size(self._part, ubc)
        self.fpr = ubc & 0x3F
        pages = min(self.loaded(DATASIZE_ADDRESS), 32) if is_l101(self._part) else 0
        self.data_start = flash.end - 64 * pages

    def global_erase(self, value: int, *, again: bool) -> None:
        """Finish the erase that a write to the ROP byte of a locked chip started, or a second write after it.

        ROP is off until the next reset looks at the byte again. If 0xAA does not lock, that byte is now 00, which
        locks. Only the second write leaves its value there.
        """
        self.memory.erase()
        if not self._part.aa_locks:
            if self._switches.options_erase_to_default:
                self.to_defaults()
                self.memory.write(ROP_ADDRESS, b"\0")
        elif self._switches.lock_write_relocks:
            self.memory.write(ROP_ADDRESS, bytes([value]))
        if again:
            self.memory.write(ROP_ADDRESS, bytes([value]))
        self.rop = False

    def programmed(self, address: int, data: bytes) -> None:
        """Find out whether the last write ruins the chip: PCODE, TMU off, a reserved address."""
        for at, value in enumerate(data, address):
            reason = self._ruin(at, value)
            if reason and self.bricked is None:
                self.bricked = reason

    def _ruin(self, address: int, value: int) -> Optional[str]:
        if self._part.flash_regs == "stm8l" and address == PCODE_ADDRESS:
            return f"0x{value:02X} written to 0x004807: the area cannot be erased again" if value else None
        if self.has_tmu and address == TMU_ADDRESS and value & 0x0F == 5:
            return "TMU switched off: read-out protection is permanent"
        if address not in self._defined:
            return f"reserved option address 0x{address:06X} written"
        return None
