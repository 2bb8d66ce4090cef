"""A small part table for tests of functions: rows of the real one, which stay the same when the real one grows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stm8tool.chip.link import family
from stm8tool.parts import option_fields, table

DATA = Path(table.__file__).with_name("data")
FEW = frozenset(
    (
        *("STLUX285A", "STLUX325A", "STLUX383A", "STLUX385", "STLUX385A", "STNRG388A"),
        *("STM8AF5288", "STM8AF52A6", "STM8AF52A8", "STM8AF52A9", "STM8AF52AA"),
        *("STM8AF6126", "STM8AF6213", "STM8AF6223", "STM8AF6223A", "STM8AF6266", "STM8AL318A", "STM8AL31E8A"),
        *("STM8L050J3", "STM8L051F3", "STM8L101F1", "STM8L101F2", "STM8L101F3"),
        *(
            "STM8L151C2",
            "STM8L151F2",
            "STM8L151G2",
            "STM8L152C6",
            "STM8L151C3",
            "STM8L151F3",
            "STM8L151G3",
            "STM8L151K3",
            "STM8L151K4",
        ),
        *("STM8L151C6", "STM8L151G6", "STM8L151K6", "STM8L151R6"),
        *("STM8S001J3", "STM8S003F3", "STM8S005C6", "STM8S005K6", "STM8S007C8"),
        *("STM8S103F2", "STM8S103F3", "STM8S103K3", "STM8S105C6", "STM8S903F3", "STM8S903K3"),
        *("STM8S208CB", "STM8S208MB", "STM8S208RB", "STM8S208SB"),
        *("STM8SPLNB1", "STM8TL52F4", "STM8TL52G4", "STM8TL53C4", "STM8TL53F4", "STM8TL53G4"),
        *("STWBC", "STWBC-EP", "STWBC-MC", "STWBC-WA"),
    )
)


@contextmanager
def tables_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the tool read the tables of a folder."""
    caches = (
        *(table._rows_by_part, table._load_part, table._load_layout, table._load_disagreements),
        *(value for value in (*vars(family).values(), *vars(option_fields).values()) if hasattr(value, "cache_clear")),
    )
    with monkeypatch.context() as patched:
        patched.setattr(table, "_DATA", folder)
        for cache in caches:
            cache.cache_clear()
        yield
    for cache in caches:
        cache.cache_clear()


def copy_tables(folder: Path, names: frozenset[str] = frozenset()) -> None:
    """Copy the real tables; with names, only the rows of those parts."""
    for source in DATA.glob("*.csv"):
        with source.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        kept = rows if head[0] != "part" or not names else [row for row in rows if row[0] in names]
        with (folder / source.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *kept])
