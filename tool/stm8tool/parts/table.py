"""Parts and their option bytes, loaded from tables in `data/`.

    devices.csv        a row per part: sizes in bytes, flash controller, option layout, source, confidence
    options.csv        a row per option byte of each layout, with its factory value; its fields: parts/option_fields.py
    uncertain.csv      parts whose facts are too uncertain to program them, with the reason
    disagreements.csv  figures of other sources that differ from those here, with the reason for the choice

A part name such as STM8S103F3 is the beginning of an order code such as STM8S103F3P6TR, up to the package.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NoReturn, Optional

from ..errors import UnknownPartError

UNIQUE_ID_SIZE = 12  # bytes, of every part that has one

_DATA = Path(__file__).with_name("data")

# Package, temperature range, variant and packing of an order code ("P6TR", "UCX", "ITCY"; "TR" on STLUX and STNRG).
_ORDER_CODE_TAIL = re.compile(r"TR|I?[BMPTUY]([0-9A-D][A-Z0-9]{0,6})?")

_USUAL_LENGTH = 10  # of a part name; the package comes after it
_LEAST_LENGTH = 5  # of a word that is like some names: each of them begins with four letters such as STM8


@dataclass(frozen=True)
class Region:
    """A contiguous memory: `end` is one past the last byte."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """One past the last address."""
        return self.start + self.size

    def __str__(self) -> str:
        return f"{self.name} 0x{self.start:06X}..0x{self.end - 1:06X}"


@dataclass(frozen=True)
class OptionByte:
    """One option byte and, if the layout has one, its complement at address + 1."""

    name: str
    address: int
    default: int
    complement: bool
    policy: str  # "rop", "normal", "after-unlock" (written only to restore it after an unlock), "never"
    accepted: tuple[int, ...]  # factory values that were seen; `default` is one of them
    source: str
    confidence: str


@dataclass(frozen=True)
class Part:
    """One row of the device table. Sizes in bytes."""

    name: str
    family: str
    density: str
    flash: Region
    eeprom: Optional[Region]
    ram: Region
    options: Region
    block: int
    aa_locks: bool  # True: the value 0xAA in the ROP byte turns read protection on; False: it turns it off
    flash_regs: str  # "stm8s" or "stm8l": the register map of the flash controller
    boot_rom: Optional[Region]
    unique_id: Optional[int]
    has_nrst: bool  # False: the package has no NRST pin, so there is no entry under reset
    option_layout: str
    source: str
    confidence: str
    notes: str
    uncertain: str = ""  # the reason why it cannot be programmed; only `known_parts` returns such parts

    @property
    def memories(self) -> tuple[Region, ...]:
        """The non-volatile memories, by address."""
        eeprom = () if self.eeprom is None else (self.eeprom,)
        return (*eeprom, self.options, self.flash)

    @property
    def programmable(self) -> tuple[Region, ...]:
        """Flash and, if there is one, EEPROM: the memories that blocks are written to."""
        return (self.flash,) if self.eeprom is None else (self.flash, self.eeprom)

    @property
    def readable(self) -> tuple[Region, ...]:
        """The non-volatile memories, RAM and, if there is one, boot ROM."""
        boot_rom = () if self.boot_rom is None else (self.boot_rom,)
        return (*self.memories, self.ram, *boot_rom)


@dataclass(frozen=True)
class Disagreement:
    """A source with a different figure for a part."""

    figure: str  # a column of devices.csv: "block", "density", "aa_locks", …; for a memory its size or start
    here: str
    elsewhere: str
    who: str
    why: str


def all_parts() -> tuple[Part, ...]:
    """Return every part that can be programmed, sorted by name."""
    return tuple(_load_part(name) for name in sorted(_rows_by_part("devices.csv")))


def known_parts() -> tuple[Part, ...]:
    """Return every part, even those that are too uncertain to program, sorted by name."""
    unsure = (_part(row, "uncertain.csv") for row in _rows_by_part("uncertain.csv").values())
    return tuple(sorted((*all_parts(), *unsure), key=lambda part: part.name))


def find_part(name: str) -> Part:
    """Return the part for a part name, order code or stm8flash pattern, in any case.

    A pattern may have the end of an order code, too ("stm8s103?3p6"), as in stm8flash. A pattern ("stm8s208?b") is
    accepted if all its parts are programmed alike. They may differ in EEPROM size: then the smallest is returned,
    because every one of them has that much.

    Raises:
        UnknownPartError: there is no such part (the hint has near names), the parts of the pattern differ, or the
            part is too uncertain to program.
    """
    wanted = name.strip().upper()
    parts = _rows_by_part("devices.csv")
    uncertain = _rows_by_part("uncertain.csv")
    known = {**parts, **uncertain}
    matches = [wanted] if wanted in known else _fits_pattern(wanted, known) or _fits_order_code(wanted, known)
    if not matches:
        _raise_unknown(name, wanted, known)
    for match in matches:
        if match in uncertain:
            raise UnknownPartError(
                f"the tool does not know {match} well enough to program it: {uncertain[match]['reason']}",
                hint="it can be added when a datasheet or a chip answers this question",
            )
    candidates = sorted((_load_part(match) for match in matches), key=_eeprom_size)
    if len({_programming(part) for part in candidates}) > 1:
        raise UnknownPartError(
            f"{name} names parts that are programmed differently",
            hint=f"choose one of {', '.join(sorted(matches))}",
        )
    return candidates[0]


def option_table(part: Part) -> tuple[OptionByte, ...]:
    """Return the option bytes of `part`, by address."""
    return _load_layout(part.option_layout)


def disagreements(part: Part) -> tuple[Disagreement, ...]:
    """Return the known disagreements of sources about `part`."""
    known = _load_disagreements()
    # In place of fnmatchcase, which compiles each pattern: every command asks this.
    return tuple(other for patterns, other in known if any(_fits_pattern(pattern, [part.name]) for pattern in patterns))


def names_meant(word: str, names: Iterable[str]) -> list[str]:
    """Return the `names` that a part name, order code, pattern (`?` and `*`) or beginning of a name means."""
    wanted, known = word.strip().upper(), list(names)
    if wanted in known:
        return [wanted]
    if "?" in wanted or "*" in wanted:
        return [name for name in known if fnmatchcase(name, wanted.replace("[", "[[]"))]
    return _fits_order_code(wanted, known) or [name for name in known if wanted and name.startswith(wanted)]


def _fits_pattern(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if len(name) == len(pattern) and all(p in ("?", c) for p, c in zip(pattern, name))]


def _fits_order_code(code: str, names: Iterable[str]) -> list[str]:
    """Return the longest name that fits the order code `code`; several if it has a `?` in place of a letter."""
    fitting = [
        name
        for name in names
        if _fits_pattern(code[: len(name)], [name]) and _ORDER_CODE_TAIL.fullmatch(code, len(name))
    ]
    longest = max(map(len, fitting), default=0)
    return [name for name in fitting if len(name) == longest]


def names_near(word: str, known: Iterable[str]) -> list[str]:
    """Return at most four part names that are like `word`, which means none: it may be a beginning, or have a slip."""
    from difflib import get_close_matches

    wanted, names = word.strip().upper()[:_USUAL_LENGTH], sorted(known)
    if len(wanted) < _LEAST_LENGTH:
        return []
    beginnings = {name[: len(wanted)] for name in names}
    near = [wanted] if wanted in beginnings else get_close_matches(wanted, sorted(beginnings), n=4, cutoff=0.75)
    swapped = [beginning for beginning in near if sorted(beginning) == sorted(wanted)]
    found = [name for beginning in swapped or near for name in names if name.startswith(beginning)]
    return found[:4]


def _raise_unknown(name: str, wanted: str, known: Iterable[str]) -> NoReturn:
    near = names_near(wanted, known)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = "give the name that is printed on the chip, such as stm8s103f3 or STM8S103F3P6"
    raise UnknownPartError(f"unknown part '{name}'", hint=hint)


def _eeprom_size(part: Part) -> int:
    return part.eeprom.size if part.eeprom else 0


def _programming(part: Part) -> tuple[object, ...]:
    """Return the facts that decide how `part` is programmed, except the EEPROM size."""
    eeprom_start = part.eeprom.start if part.eeprom else None
    options = tuple((o.address, o.default, o.complement, o.policy) for o in option_table(part))
    return part.flash, part.ram, part.options, part.block, part.aa_locks, part.flash_regs, eeprom_start, options


def read_table(file: str) -> list[dict[str, str]]:
    """Return the rows of a table in `data/`."""
    with (_DATA / file).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


@cache
def _rows_by_part(file: str) -> Mapping[str, Mapping[str, str]]:
    return {row["part"]: row for row in read_table(file)}


@cache
def _load_part(name: str) -> Part:
    return _part(_rows_by_part("devices.csv")[name], "devices.csv")


def _part(row: Mapping[str, str], table: str) -> Part:
    """Build one part; ValueError if its row cannot be right."""
    name = row["part"]

    def optional_region(region: str, column: str) -> Optional[Region]:
        start = row[f"{column}_start"]
        return Region(region, int(start, 16), int(row[f"{column}_size"])) if start else None

    part = Part(
        name=name,
        family=row["family"],
        density=row["density"],
        flash=Region("flash", int(row["flash_start"], 16), int(row["flash_size"])),
        eeprom=optional_region("eeprom", "eeprom"),
        ram=Region("ram", 0, int(row["ram_size"])),
        options=Region("options", int(row["option_start"], 16), int(row["option_size"])),
        block=int(row["block"]),
        aa_locks=row["aa_locks"] == "yes",
        flash_regs=row["flash_regs"],
        boot_rom=optional_region("boot ROM", "boot_rom"),
        unique_id=int(row["unique_id"], 16) if row["unique_id"] else None,
        has_nrst=row["nrst"] == "yes",
        option_layout=row["option_layout"],
        source=row["source"],
        confidence=row["confidence"],
        notes=row["notes"],
        uncertain=row.get("reason", ""),
    )
    if part.block not in (64, 128) or any(memory.size < 1 or memory.size % part.block for memory in part.memories):
        raise ValueError(f"{table}: {name}: a memory is not whole blocks of 64 or 128 bytes")
    if part.flash_regs not in ("stm8s", "stm8l"):
        raise ValueError(f"{table}: {name}: flash_regs is stm8s or stm8l")
    if not {row["aa_locks"], row["nrst"]} <= {"yes", "no"}:
        raise ValueError(f"{table}: {name}: aa_locks and nrst are yes or no")
    return part


@cache
def _load_disagreements() -> tuple[tuple[list[str], Disagreement], ...]:
    """Return each row of the table with the patterns of its parts."""
    rows = read_table("disagreements.csv")
    return tuple((row.pop("parts").split(), Disagreement(**row)) for row in rows)


@cache
def _load_layout(layout: str) -> tuple[OptionByte, ...]:
    """Build the option bytes of one layout; ValueError if it is not in the table or a row cannot be right."""
    options = tuple(_option_byte(row) for row in read_table("options.csv") if row["layout"] == layout)
    if not options:
        raise ValueError(f"options.csv: no layout {layout}")
    return options


def _option_byte(row: Mapping[str, str]) -> OptionByte:
    default = int(row["default"], 16)
    option = OptionByte(
        name=row["name"],
        address=int(row["address"], 16),
        default=default,
        complement=row["complement"] == "yes",
        policy=row["policy"],
        accepted=tuple(int(value, 16) for value in row["accepted"].split()) or (default,),
        source=row["source"],
        confidence=row["confidence"],
    )
    if option.policy not in ("rop", "normal", "after-unlock", "never") or default not in option.accepted:
        raise ValueError(f"options.csv: {row['layout']}: {option.name}: unknown policy or default not accepted")
    return option
