"""The rules of prose: what they find, what they let pass, and the list of files that keep them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from pio import ROOT, load


@pytest.fixture(scope="module")
def prose() -> ModuleType:
    return load(ROOT / "dev" / "prose.py")


def found(prose: ModuleType, text: str, read: str = "markdown") -> list[tuple[int, str, bool]]:
    """Return line, rule and whether it is to judge, of each finding."""
    return [(one.line, one.rule, one.judge) for one in prose.findings(getattr(prose, read)(text))]


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("stm8gal finds nobody.", "nobody"),
        ("The probe shall answer.", "shall"),
        ("It lies in the checkout, but for SDCC.", "but-for"),
        ("It needs nothing but Python.", "nothing-but"),
        ("The byte behind the code is 0.", "behind"),
        ("'x' is no number.", "is-no"),
        ("QEMU cannot be had here.", "be-had"),
        ("Make the folder if need be.", "old-words"),
        ("So is a name that is nearly one of these.", "inverted"),
        ("It is an error, as is an empty file.", "inverted"),
        ("It is an error, as does an empty file.", "inverted"),
        ("What is inside cannot be read out.", "what"),
        ("Where QEMU is missing, the test says so.", "where"),
        ("Who types commands is better served here.", "who"),
        ("One; two; three.", "semicolons"),
        (" ".join(["word"] * 26) + ".", "long"),
        (" ".join(["word"] * 25) + ".", ""),
        ("What is wrong?", ""),
        ("Where to look for probes", ""),
        ("There is no SDCC, and it is no longer needed.", ""),
        ("The hint says what to do; the chip leaves nothing behind.", ""),
        ("The boards `a`, `b`, `c`, `d` and `e` " + "are alike " * 10, ""),
    ],
)
def test_a_rule_finds_its_sentence_and_lets_its_neighbours_pass(prose: ModuleType, sentence: str, rule: str) -> None:
    assert [name for _, name, judge in found(prose, sentence) if not judge] == ([rule] if rule else [])


def test_a_page_is_read_without_code_links_and_comments(prose: ModuleType) -> None:
    page = """# What is here

<!-- nobody
shall -->
Plain [nobody](somebody.md) text and `nobody`.

    indented nobody

```sh
shall
```

| Head | shall |
|---|---|
| a `|nobody|` cell | a long cell; of two; parts |

* an item
  that shall go on.
"""
    assert found(prose, page) == [
        (5, "nobody", False),
        (13, "shall", False),
        (15, "semicolons", False),
        (17, "shall", False),
    ]


def test_a_sentence_ends_where_a_reader_sees_its_end(prose: ModuleType) -> None:
    text = "It runs at 3.3 V, e.g. a board.\nStop! See `a.md`. (Twice.) On"
    assert [" ".join(sentence.split()) for _, sentence in prose.sentences(text)] == [
        "It runs at 3.3 V, e.g. a board.",
        "Stop!",
        "See `a.md`.",
        "(Twice.)",
        "On",
    ]


def test_comments_docstrings_and_messages_of_a_program_are_read(prose: ModuleType) -> None:
    program = '''"""A module.

    code that shall stay

Args:
    name: It shall be
        a name.
"""

# What is done here is
# done by nobody.
x = 1  # a tail
WORDS = "nobody"


def f(x: int) -> str:
    raise ValueError(f"{x} is no number of bytes" " that shall be")
'''
    assert found(prose, program, "python") == [
        (6, "shall", False),
        (10, "nobody", False),
        (10, "what", True),
        (17, "shall", False),
        (17, "is-no", False),
    ]


def test_a_file_that_was_in_the_list_stays_in_it_while_it_exists(prose: ModuleType) -> None:
    once = {"README.md", "CONTRIBUTING.md", "docs/gone.md"}
    assert prose.left(["README.md"], once) == ["CONTRIBUTING.md"]


def test_the_check_names_files_that_left_or_are_gone(
    prose: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.md").write_text("Fine.\n", encoding="utf-8")
    (tmp_path / "two.md").write_text("Nobody.\n", encoding="utf-8")
    (tmp_path / "plain.txt").write_text("# a head\ntwo.md\nthree.md\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    monkeypatch.setattr(prose, "PLAIN", tmp_path / "plain.txt")
    monkeypatch.setattr(prose, "_once", lambda: {"one.md", "two.md"})
    assert prose.check() == 3
    assert capsys.readouterr().out.splitlines() == [
        "dev/plain.txt: three.md does not exist; write the file's new name",
        "dev/plain.txt: one.md was in this list before; put it back",
        "two.md:1: nobody (text): name who acts: the tool, you, the chip",
        "    Nobody.",
    ]
