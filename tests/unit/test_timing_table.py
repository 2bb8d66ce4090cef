"""docs/timing.md: every time of the flasher is there, with the value that it has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import stm8tool
from documents import read

_PACKAGE = Path(stm8tool.__file__).parent
_FILES = [*sorted((_PACKAGE / "chip").rglob("*.py")), *sorted((_PACKAGE / "probe").rglob("*.py"))]
_FILES += sorted((_PACKAGE / "uart").rglob("*.py"))
_FILES += [_PACKAGE / "transport" / "in_flight.py", *sorted((_PACKAGE / "transport").glob("usb*.py"))]
_ROWS = re.findall(r"^\| `(\S+) (\S+)` \| (.*?) (us|ms|s) \| (.*?) \| (.*?) \| (.*?) \|$", read("docs/timing.md"), re.M)
_UNIT_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def _times() -> Iterator[tuple[str, str]]:
    """Yield module and name of every constant whose name says that it is a time."""
    for file in _FILES:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if name.endswith("_S") and name.isupper():
                    yield ".".join(file.relative_to(_PACKAGE).with_suffix("").parts), name


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, tuple) else [value]


def test_every_time_has_one_row_and_no_other() -> None:
    assert sorted((module, name) for module, name, *_ in _ROWS) == sorted(_times())


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[1])
def test_a_row_has_the_value_that_the_code_has_and_says_what_notices_a_change(row: tuple[str, ...]) -> None:
    module, name, value, unit, source, half, double = row
    shown = [float(number) * _UNIT_S[unit] for number in value.split(", ")]
    assert shown == pytest.approx(_numbers(getattr(import_module(f"stm8tool.{module}"), name)))
    assert re.search(r"\b(high|medium|ours)$", source)
    assert half
    assert double


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[1])
def test_a_change_is_noticed_by_a_test_or_does_no_harm(row: tuple[str, ...]) -> None:
    for said in row[5:]:
        assert re.search(r"`tests/\w+/test_\w+\.py`|^none: \w+|^it is 0$", said), said
