"""Each program of docs/compilers.md compiles as the page shows it: without the `$` of the numbers."""

from __future__ import annotations

import re

import pytest

from stm8build.wrong_code.kind_row import Kind
from stm8build.wrong_code.kinds import KINDS

NUMBERED, PLAIN = re.compile(r"\b(\w+)\$"), re.compile(r"\b([A-Za-z_]\w*)\b(?!\$)")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_program_names_nothing_twice_without_the_numbers(kind: Kind) -> None:
    for program in (kind.program, kind.cure):
        assert set(NUMBERED.findall(program)).isdisjoint(PLAIN.findall(program))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_call_of_a_program_needs_no_declaration_of_the_tests(kind: Kind) -> None:
    assert not re.search(r"\bU\b|\bu?int\d+_t\b", kind.call)
