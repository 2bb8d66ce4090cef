"""The pattern of a self-test means what it means in `re`, and every search ends."""

from __future__ import annotations

import random
import re

import pytest

from stm8tool.production.line_pattern import LONGEST_LINE, LinePattern, PatternError

_ATOMS = (
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "[]a]",
    r"[\]a]",
    r"\d",
    r"\W",
    r"\.",
    r"\x61",
    r"\141",
    r"\0",
    r"\u0061",
    "{",
    "}",
)
_PLACES = ("^", "$", r"\b", r"\B", r"\A", r"\Z")
_REPEATS = ("*", "+", "?", "{2}", "{1,2}", "{,2}", "{1,}", "{,}", "*?", "+?", "??", "{2}?")


def some_pattern(rng: random.Random, depth: int = 0) -> str:
    """Return a random pattern without a flag."""
    chance = rng.random()
    if depth > 3 or chance < 0.45:
        return rng.choice(_ATOMS)
    if chance < 0.5:
        return rng.choice(_PLACES)
    inner = some_pattern(rng, depth + 1)
    if chance < 0.7:
        return inner + some_pattern(rng, depth + 1)
    if chance < 0.8:
        return f"({inner}|{some_pattern(rng, depth + 1)})"
    if chance < 0.85:
        return f"(?P<n{rng.randrange(10**9)}>{inner})"
    return f"(?:{inner}){rng.choice(_REPEATS)}"


@pytest.mark.parametrize("flags", ["", "(?i)", "(?s)(?a)"])
def test_a_pattern_matches_the_lines_in_which_re_finds_it(flags: str) -> None:
    rng = random.Random(flags)
    answers = set()
    for _ in range(150):
        text = flags + some_pattern(rng)
        lines = ["".join(rng.choices("aAbB1 .{}]\0é", k=rng.randrange(7))) for _ in range(8)]
        pattern = LinePattern(text)
        expected = [re.search(text, line) is not None for line in lines]
        assert [pattern.is_in(line) for line in lines] == expected, (text, lines)
        answers.update(expected)
    assert answers == {True, False}


@pytest.mark.parametrize(
    ("text", "line", "fits"),
    [
        ("ok", "all is ok", True),
        ("", "", True),
        ("^PASS [0-9]+$", "PASS 12", True),
        ("^PASS [0-9]+$", "PASS 12 ", False),
        ("(?i)ready|done", "DONE", True),
        (r"\bok\b", "looks", False),
        ("a{2,3}$", "baaa", True),
        ("x{", "x{", True),
        ("a|", "b", True),
        ("(?:^a|b$){2}", "ab", True),
        ("(){3}(?:a*)*$", "b", True),
    ],
)
def test_usual_patterns(text: str, line: str, fits: bool) -> None:
    assert LinePattern(text).is_in(line) is fits


@pytest.mark.parametrize("text", ["(a+)+$", "(a|a)*b", "(a|aa)+$", "(?:a?){30}a{30}b", "a*a*a*a*a*a*b"])
def test_a_search_ends_for_which_re_would_take_years(text: str) -> None:
    pattern = LinePattern(text)
    assert not pattern.is_in("a" * 1000 + "!")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x(?=a)b", "'(?='"),
        ("x(?!a)b", "'(?!'"),
        ("x(?<=a)b", "'(?<'"),
        ("x(?<!a)b", "'(?<'"),
        (r"(a)\1", r"'\\1'"),
        ("(?P<n>a)(?P=n)", "'(?P'"),
        ("(a)?(?(1)b|c)", "'(?('"),
        ("(?#note)a", "'(?#'"),
        ("(?x) a", "'(?x'"),
    ],
)
def test_what_cannot_be_searched_step_by_step_is_refused_with_its_place(text: str, shown: str) -> None:
    with pytest.raises(PatternError, match="for which the tool does not search: a pattern may have") as raised:
        LinePattern(text)
    assert shown in str(raised.value)


@pytest.mark.parametrize("text", ["a{1001}", "((a{100}){100}){100}", "(?:(?:){0,1000}){1000}", "a{0,4000000000}"])
def test_a_pattern_with_too_many_steps_is_refused_at_once(text: str) -> None:
    with pytest.raises(PatternError, match="more than 1000 steps"):
        LinePattern(text)


def test_groups_of_nothing_take_no_steps() -> None:
    assert LinePattern("((((?:){1000}){1000}){1000}){1000}a").is_in("ba")


def test_a_line_that_is_too_long_matches_nothing() -> None:
    pattern = LinePattern("ok$")
    assert pattern.is_in("." * (LONGEST_LINE - 2) + "ok")
    assert not pattern.is_in("." * (LONGEST_LINE - 1) + "ok")
