"""The rows of selector.LINKS: each kind of probe has one, and its selectors are documented."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from documents import first_cells, read, section
from stm8tool import probe, selector

KINDS = sorted(path.parent.name for path in Path(str(probe.__file__)).parent.glob("*/__init__.py"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_probe_is_opened_by_the_selector(kind: str) -> None:
    text = Path(selector.__file__).read_text(encoding="utf-8")
    assert f"from .probe.{kind}" in text, f"selector.py: add a function for probe/{kind}/, and its row to LINKS"


def test_a_function_that_opens_a_link_has_a_row() -> None:
    functions = {function for _, function in inspect.getmembers(selector, inspect.isfunction)}
    opening = {function for function in functions if function.__annotations__.get("return") == "SwimLink"}
    missing = {function.__name__ for function in opening - set(selector.LINKS.values())} - {"open_link"}
    assert missing == set(), f"selector.LINKS: add a row for {', '.join(missing)}"


@pytest.mark.parametrize("prefix", selector.LINKS)
def test_what_a_selector_begins_with_is_a_word_and_a_colon_and_documented(prefix: str) -> None:
    word = prefix[:-1]
    assert prefix == f"{word.lower()}:", f"selector.LINKS: {prefix!r} is not a word in small letters and a colon"
    assert word.isidentifier(), f"selector.LINKS: {prefix!r} is not a word in small letters and a colon"
    cells = first_cells(section(read("docs/stm8tool.md"), "Which probe"))
    missing = f"docs/stm8tool.md, Which probe: add a row for `{prefix}…`"
    assert any(part.startswith(prefix) for cell in cells for part in cell.split(", ")), missing
