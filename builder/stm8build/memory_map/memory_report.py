"""Show what fills the memories: as a table, as JSON, as a picture. No SCons in here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from . import treemap
from .owners import Gap, Item, Memory, gaps, shown

_HEIGHTS = {"flash": 460, "RAM": 200}  # pixels of a band in the picture
_OTHER_HEIGHT = 110


class Dropped(NamedTuple):
    """A function or constant that the build has left out."""

    symbol: str
    kind: str
    size: int
    file: str


class Use(NamedTuple):
    """A memory and its contents."""

    memory: Memory
    items: list[Item]
    gaps: list[Gap]

    @property
    def used(self) -> int:
        """The bytes in use."""
        return sum(item.size for item in self.items)

    @property
    def title(self) -> str:
        """The line above its table."""
        return f"{self.memory.name}: {self.used} of {self.memory.size} bytes"


def uses(found: Sequence[Item], memories: Iterable[Memory]) -> list[Use]:
    """Return the memories in which the program has something, and flash and RAM anyway."""
    rows = [Use(memory, [i for i in found if i.memory == memory.name], gaps(found, memory)) for memory in memories]
    return [use for use in rows if use.items or use.memory.name in _HEIGHTS]


class Removed(NamedTuple):
    """What the removal of unused functions has written beside the program."""

    dropped: list[Dropped]
    objects: dict[str, str]  # of the program that is left: the path, and the source


def read_removed(file: Path) -> Removed:
    """Return what the removal of unused functions has written. Nothing is in it if the file is not there."""
    if not file.is_file():
        return Removed([], {})
    report = json.loads(file.read_text(encoding="utf-8"))
    dropped = [
        Dropped(shown(row["symbol"], row["kind"]), row["kind"], int(row["size"]), row["file"])
        for row in report["dropped"]
        if row["size"]  # a function without a byte is only a name
    ]
    return Removed(dropped, report.get("objects", {}))


def by_file(found: Iterable[Item]) -> dict[str, list[Item]]:
    """Return file -> its items, largest first. Items of one name, such as texts, are one item."""
    files: dict[str, dict[tuple[str, str], Item]] = {}
    for item in found:
        held = files.setdefault(item.file, {})
        before = held.get((item.name, item.kind))
        held[item.name, item.kind] = item._replace(size=item.size + before.size) if before else item
    sizes = {file: sum(item.size for item in held.values()) for file, held in files.items()}
    return {
        file: sorted(files[file].values(), key=lambda item: (-item.size, item.name))
        for file in sorted(files, key=lambda file: (-sizes[file], file))
    }


def table(rows: Iterable[Use], dropped: Sequence[Dropped]) -> str:
    """Return everything as plain text."""
    lines: list[str] = []
    for use in rows:
        lines += [use.title, ""]
        for file, held in by_file(use.items).items():
            lines.append(f"{sum(item.size for item in held):7}  {file}")
            lines += [f"{item.size:7}    {item.name}  ({item.kind})" for item in held]
        lines += [
            f"{gap.size:7}  gap at 0x{gap.address:06X} to 0x{gap.address + gap.size - 1:06X}, not counted"
            for gap in use.gaps
        ]
        lines.append("")
    if dropped:
        lines += [f"left out as unused: {sum(row.size for row in dropped)} bytes", ""]
        lines += [f"{row.size:7}  {row.symbol}  ({row.kind}, {row.file})" for row in _largest_first(dropped)]
        lines.append("")
    return "\n".join(lines)


def data(rows: Iterable[Use], dropped: Sequence[Dropped], picture: str) -> dict[str, Any]:
    """Return everything for a program."""
    rows = list(rows)
    return {
        "memories": [
            {
                "name": use.memory.name,
                "start": use.memory.start,
                "size": use.memory.size,
                "used": use.used,
                "gaps": [{"address": gap.address, "size": gap.size} for gap in use.gaps],
            }
            for use in rows
        ],
        "items": [item._asdict() for use in rows for item in use.items],
        "dropped": [row._asdict() for row in dropped],
        "picture": picture,
    }


def picture(title: str, rows: Iterable[Use], dropped: Sequence[Dropped]) -> str:
    """Return everything as a treemap in SVG. Functions that were left out are grey."""
    bands: list[treemap.Band] = []
    for use in rows:
        groups = [_group(file, held) for file, held in by_file(use.items).items()]
        if use.memory.name == "flash" and dropped:
            leaves = [treemap.Leaf(row.symbol, row.size, row.file) for row in dropped]
            groups.append(treemap.Group("left out as unused", leaves, grey=True))
        if any(group.size for group in groups):
            height = _HEIGHTS.get(use.memory.name, _OTHER_HEIGHT)
            bands.append(treemap.Band(use.title, groups, height))
    return treemap.svg(title, bands)


def _group(file: str, held: Sequence[Item]) -> treemap.Group:
    return treemap.Group(file, [treemap.Leaf(item.name, item.size, item.kind) for item in held])


def _largest_first(dropped: Sequence[Dropped]) -> list[Dropped]:
    return sorted(dropped, key=lambda row: (-row.size, row.symbol))


def misplaced(found: Iterable[Item], symbols: dict[str, int]) -> Optional[str]:
    """Return a name that is not where the linker says, or None. Then the modules were put together wrongly."""
    places: dict[str, set[int]] = {}
    for item in found:
        if item.kind in ("code", "variable", "constant"):
            places.setdefault(f"_{item.name}", set()).add(item.address)
    return next((name for name, held in places.items() if name in symbols and symbols[name] not in held), None)
