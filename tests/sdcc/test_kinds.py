"""SDCC makes these programs wrong: a simulated chip executes them. The builder finds all of them, and no other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Union

import pytest

from sdcc.kinds import Programs, compiled
from sdcc.machine import RefusedError
from sdcc.spellings import SHAPES, SPELLINGS, TRIED, UNSEEN, Row
from stm8build.wrong_code.kind_row import REFUSED, Kind
from stm8build.wrong_code.kinds import BY_NAME, KINDS

pytestmark = pytest.mark.sdcc

# More compilers, such as SDCC 4.5.0 in a folder of its own: paths, as in PATH. dev.py sets it.
VERSIONS = ("4.2", "4.5")  # those in the table
MORE = [path for path in os.environ.get("STM8_MORE_SDCC", "").split(os.pathsep) if path]


@pytest.fixture(params=["", *MORE], ids=lambda path: path or "SDCC on PATH")
def sdcc(request: pytest.FixtureRequest) -> list[str]:
    """Each compiler at hand."""
    return [request.param or shutil.which("sdcc") or "sdcc"]


def programs_of(kind: Kind, code: str, sdcc: list[str], folder: Path) -> Union[Programs, str]:
    try:
        return Programs(sdcc, [Row("", code, kind.call, kind.expected)], folder, kind.options, kind.interrupted)
    except RefusedError:
        return REFUSED


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_smallest_program_of_a_kind_comes_to_what_the_table_says_and_so_does_its_cure(
    kind: Kind, sdcc: list[str], tmp_path: Path
) -> None:
    right = programs_of(kind, kind.cure, sdcc, tmp_path / "right")
    assert isinstance(right, Programs)
    assert right.result(0) == kind.expected
    assert right.found(0) == set()
    wrong = programs_of(kind, kind.program, sdcc, tmp_path / "wrong")
    result = wrong.result(0) if isinstance(wrong, Programs) else REFUSED
    if right.version in VERSIONS:  # another one may be right
        assert result == kind.seen[right.version]
    if isinstance(wrong, Programs):
        assert bool(wrong.found(0)) == (result != kind.expected)


@pytest.mark.parametrize("name", TRIED)
def test_a_spelling_is_found_if_and_only_if_it_comes_out_wrong(name: str, sdcc: list[str], tmp_path: Path) -> None:
    kind = BY_NAME[name]
    spelled = list(compiled(sdcc, TRIED[name], tmp_path, kind.options, kind.interrupted))
    states = [
        (programs.result(number) != programs.rows[number].expected, programs.found(number), programs.rows[number].code)
        for programs, number in spelled
    ]
    assert [state for state in states if state[0] != bool(state[1])] == []
    if spelled and kind.seen.get(spelled[0][0].version, kind.expected) != kind.expected:
        assert any(wrong for wrong, _, _ in states)


@pytest.mark.parametrize("option", ["--opt-code-size", "--opt-code-speed"])
@pytest.mark.parametrize("name", ["lost-borrow", "lost-low-byte", "negated-borrow"])
def test_a_difference_that_comes_out_wrong_is_found_with_other_options(
    name: str, option: str, sdcc: list[str], tmp_path: Path
) -> None:
    for programs, number in compiled(sdcc, TRIED[name], tmp_path, [option]):
        wrong = programs.result(number) != programs.rows[number].expected
        assert wrong == bool(programs.found(number)), programs.rows[number].code


def test_every_kind_is_tried_in_ten_spellings() -> None:
    """Those that are not made from one expression stand in spellings.csv."""
    assert len(SPELLINGS) == 10
    assert {kind.name for kind in KINDS} == set(TRIED)
    assert all(len(TRIED[kind.name]) >= 10 for kind in KINDS)
    by_hand = set(TRIED) - set(SHAPES)
    assert by_hand == {
        *("short-push", "popped-early", "shift-in-place", "unread", "untouched", "index-read-twice"),
        *("misplaced-false", "long-by-itself", "product-as-truth", "choice-of-bytes", "lost-high-byte"),
        *("lost-variable", "lost-argument", "lost-loop", "lost-middle-byte", "lost-offset"),
        *("choice-by-a-constant", "choice-of-false", "truth-of-a-choice", "compared-constants", "number-as-truth"),
        *("cut-fraction", "rounded-variable"),
        *("unloaded-byte", "unpushed-factor", "stored-as-a-field", "overwritten-byte-of-32"),
        *("value-of-an-assignment", "kept-sign-of-a-field"),
        *("remainder-of-true", "choice-with-a-field"),
        *("switch-of-unsigned", "lost-argument-of-a-pointer"),
        *("divided-byte", "lost-condition", "lost-rest", "plus-zero"),
    }


@pytest.mark.parametrize("name", UNSEEN)
def test_what_the_documents_say_is_not_found_is_wrong_and_not_found(name: str, sdcc: list[str], tmp_path: Path) -> None:
    programs = Programs(sdcc, UNSEEN[name], tmp_path)
    numbers = range(len(programs.rows))
    assert any(programs.result(number) != programs.rows[number].expected for number in numbers)
    assert [programs.found(number) for number in numbers] == [set()] * len(programs.rows)
