"""The result of `parts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...parts.table import Part
    from ..console import Console


class MemoryRange(TypedDict):
    """A memory: its first address, and its size in bytes."""

    start: int
    size: int


class OptionFacts(TypedDict):
    """All that is known of an option byte.

    Attributes:
        name: Its name.
        address: Its address.
        factory: Its factory value.
        also_factory: Other factory values that were seen.
        complement: Whether its complement follows it.
        policy: Whether it is written: rop, normal, after-unlock, never.
        source: Where the facts come from.
        confidence: How sure they are.
    """

    name: str
    address: int
    factory: int
    also_factory: list[int]
    complement: bool
    policy: str
    source: str
    confidence: str


class PartFacts(TypedDict):
    """All that is known of a part.

    Attributes:
        part: Its name.
        block: The size of a block of flash or EEPROM.
        unique_id: The address of the unique ID; null if none is documented.
        nrst: Whether the package has the pin.
        registers: The register map, and addresses of registers.
        rop: The address of the byte, and whether 0xAA there locks or opens the chip.
        uncertain: Why the part cannot be programmed; null if it can be.
    """

    part: str
    family: str
    density: str
    flash: MemoryRange
    block: int
    eeprom: Optional[MemoryRange]
    ram: MemoryRange
    options: MemoryRange
    boot_rom: Optional[MemoryRange]
    unique_id: Optional[int]
    nrst: bool
    registers: dict[str, Any]
    rop: dict[str, Any]
    option_bytes: list[OptionFacts]
    confidence: str
    sources: list[str]
    notes: str
    disagreements: list[dict[str, str]]
    uncertain: Optional[str]


class PartsData(TypedDict):
    """The result of `parts` for programs.

    Attributes:
        parts: The parts that were asked for.
    """

    parts: list[PartFacts]


class PartsResult(NamedTuple):
    """The result of `parts`: the parts that were asked for."""

    parts: Sequence[Part]

    def data(self) -> PartsData:
        """Return all facts, for programs."""
        from ..catalogue import facts

        return {"parts": [cast("PartFacts", facts(part)) for part in self.parts]}

    def show(self, console: Console) -> None:
        """Print a table, or all facts about one part."""
        from ..parts import table, whole

        for line in whole(self.parts[0]) if len(self.parts) == 1 else table(self.parts):
            console.say(line)
