"""The rows of selector.KINDS: each kind of probe has one, and its selectors are documented."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from cli.every_probe import PROBES
from documents import first_cells, read, section
from stm8tool import probe, selector

FOLDERS = sorted(path.parent.name for path in Path(str(probe.__file__)).parent.glob("*/__init__.py"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_probe_is_opened_by_the_selector(folder: str) -> None:
    text = Path(selector.__file__).read_text(encoding="utf-8")
    missing = f"tool/stm8tool/selector.py: add functions for tool/stm8tool/probe/{folder}/, and a row to KINDS"
    assert f"from .probe.{folder}" in text, missing


@pytest.mark.parametrize("result", ["SwimLink", "ProbeList"])
def test_a_function_for_a_kind_of_probe_is_in_its_row(result: str) -> None:
    found = {function for name, function in inspect.getmembers(selector, inspect.isfunction) if name.startswith("_")}
    for_kinds = {function for function in found if function.__annotations__.get("return") == result}
    used = {function for kind in selector.KINDS.values() for function in (kind.open, kind.attached)}
    missing = ", ".join(sorted(function.__name__ for function in for_kinds - used))
    assert missing == "", f"tool/stm8tool/selector.py: KINDS needs a row with {missing}"
    assert for_kinds


def test_a_kind_of_probe_has_a_chip_at_its_end_in_the_tests() -> None:
    kinds = [prefix for prefix, kind in selector.KINDS.items() if not kind.is_stlink]
    missing = ", ".join(repr(prefix) for prefix in kinds if prefix not in PROBES)
    assert missing == "", f"tests/cli/every_probe.py: PROBES needs a row for {missing}"


@pytest.mark.parametrize("prefix", selector.KINDS)
def test_what_a_selector_begins_with_is_a_word_and_a_colon_and_documented(prefix: str) -> None:
    word = prefix[:-1]
    wrong = f"tool/stm8tool/selector.py: in KINDS, {prefix!r} is not a word in small letters and a colon"
    assert prefix == f"{word.lower()}:", wrong
    assert word.isidentifier(), wrong
    cells = first_cells(section(read("docs/stm8tool.md"), "Which probe"))
    missing = f"docs/stm8tool.md, Which probe: add a row for `{prefix}…`"
    assert any(part.startswith(prefix) for cell in cells for part in cell.split(", ")), missing
