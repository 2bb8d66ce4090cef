"""The pattern of a line: a regular expression whose search takes a time that grows only with the line.

Python's `re` tries one way after the other, and some patterns have more ways than it can ever try. Nothing can end such
a search, and no other thread runs meanwhile. So this search follows all ways at once, character by character.

A pattern has the meaning that it has in `re`, which judges each single character and each place between two characters.
Patterns that cannot be searched in this manner are refused: references to groups, look-arounds, possessive repeats.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import NamedTuple, Optional, Union

LONGEST_LINE = 4096  # characters; our choice: a longer line matches no pattern
_LONGEST_PATTERN = 1000  # characters; our choice
_MOST_STEPS = 1000  # of a pattern; our choice: together with the longest line it limits the time of a search
_USABLE = "a pattern may have characters, groups, | and the repeats * + ? {m,n}"

_FLAGS = re.compile(r"(?:\(\?[aimsu]+\))*")
_GROUP = re.compile(r"\((?:\?:|\?P<\w+>|(?!\?))")
_PLACE = re.compile(r"[\^$]|\\[AbBZz]")
_CHARACTER = re.compile(
    r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|[0-3][0-7]{2}|0[0-7]?|[^1-9])"
    r"|\[\^?\]?(?:[^\\\]]|\\.)*\]"
    r"|[^\\\[*+?|()]",
    re.DOTALL,
)
_REPEAT = re.compile(r"(?:([*+?])|\{(?=[0-9,]+\})([0-9]*)(,?)([0-9]*)\})([?+]?)")
_BOUNDS: dict[str, tuple[int, Optional[int]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class PatternError(ValueError):
    """The text is not a pattern that can be searched. The message says why."""


class _Character(NamedTuple):
    """One character."""

    fits: Callable[[str], object]


class _Place(NamedTuple):
    """A place before, between or after characters."""

    fits: Callable[[str, int], object]


class _Either(NamedTuple):
    """One of several branches; each is a list of parts that follow one another."""

    branches: list[list[_Part]]


class _Repeat(NamedTuple):
    """A part that comes `least` to `most` times; `most` is None if it may come any number of times."""

    part: _Part
    least: int
    most: Optional[int]


class _Fork(NamedTuple):
    """A step from which the search goes on at all these steps."""

    ways: tuple[int, ...]


_Part = Union[_Character, _Place, _Either, _Repeat]
_Step = Union[_Character, _Place, _Fork]


class LinePattern:
    """A pattern of lines.

    Args:
        text: A regular expression.

    Raises:
        PatternError: It is not one, or it cannot be searched in a limited time.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps = _Steps(_Reader(text).all()).made

    def is_in(self, line: str) -> bool:
        """Tell whether the pattern matches anywhere in a line of up to LONGEST_LINE characters."""
        if len(line) > LONGEST_LINE:
            return False
        waiting: list[int] = []
        for at in range(len(line) + 1):
            found = self._waiting(line, at, {0, *waiting})
            if found is None:
                return True
            waiting = [number + 1 for number, step in found if at < len(line) and step.fits(line[at])]
        return False

    def _waiting(self, line: str, at: int, seen: set[int]) -> Optional[list[tuple[int, _Character]]]:
        """Return the steps that wait for the character at a place; None if the search has reached the end.

        Args:
            line: The line.
            at: The place.
            seen: The steps at which the search is.
        """
        found: list[tuple[int, _Character]] = []
        to_do = list(seen)
        while to_do:
            number = to_do.pop()
            if number == len(self._steps):
                return None
            step = self._steps[number]
            if isinstance(step, _Character):
                found.append((number, step))
                continue
            ways = step.ways if isinstance(step, _Fork) else (number + 1,) if step.fits(line, at) else ()
            to_do += [way for way in ways if way not in seen]
            seen.update(ways)
        return found


class _Reader:
    """Reads the text of a pattern, which `re` has found to be right."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST_PATTERN:
            raise PatternError(f"has more than {_LONGEST_PATTERN} characters")
        try:
            _compiled(text)
        except (re.error, OverflowError, RecursionError) as exc:
            raise PatternError(f"is not a regular expression: {exc}") from exc
        found = _FLAGS.match(text)
        self._flags = found[0] if found else ""
        self._text = text
        self._at = len(self._flags)

    def all(self) -> _Either:
        """Return the whole pattern."""
        try:
            return self._either()
        except RecursionError as exc:
            raise PatternError("has too many groups in groups") from exc

    def _either(self) -> _Either:
        branches = [self._branch()]
        while self._text.startswith("|", self._at):
            self._at += 1
            branches.append(self._branch())
        return _Either(branches)

    def _branch(self) -> list[_Part]:
        parts: list[_Part] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            part = self._part()
            repeat = _REPEAT.match(self._text, self._at)
            if repeat:
                self._at = repeat.end()
                part = self._repeated(part, repeat)
            parts.append(part)
        return parts

    def _part(self) -> _Part:
        group = _GROUP.match(self._text, self._at)
        if group:
            self._at = group.end()
            inner = self._either()
            self._at += 1  # its parenthesis
            return inner
        place = _PLACE.match(self._text, self._at)
        found = place or _CHARACTER.match(self._text, self._at)
        if not found:
            raise self._refused(self._text[self._at : self._at + 3])
        self._at = found.end()
        judge = _compiled(self._flags + found[0])
        return _Place(judge.match) if place else _Character(judge.match)

    def _repeated(self, part: _Part, repeat: re.Match[str]) -> _Repeat:
        sign, least, comma, most, more = repeat.groups()
        if more == "+":
            raise self._refused(repeat[0])
        if sign:
            return _Repeat(part, *_BOUNDS[sign])
        low = int(least or 0)
        return _Repeat(part, low, low if not comma else int(most) if most else None)

    def _refused(self, shown: str) -> PatternError:
        return PatternError(f"has {shown!r}, for which the tool does not search: {_USABLE}")


class _Steps:
    """Makes steps of a pattern. The step after the last one is the end of the search."""

    def __init__(self, whole: _Either) -> None:
        self.made: list[_Step] = []
        self._put(whole)

    def _add(self, step: _Step) -> int:
        if len(self.made) == _MOST_STEPS:
            raise PatternError(f"is too long: with its repeats it has more than {_MOST_STEPS} steps")
        self.made.append(step)
        return len(self.made) - 1

    def _put(self, part: _Part) -> None:
        if isinstance(part, _Either):
            self._put_branches(part.branches)
        elif isinstance(part, _Repeat):
            self._put_repeat(part)
        else:
            self._add(part)

    def _put_branches(self, branches: list[list[_Part]]) -> None:
        ends = []
        for branch in branches[:-1]:
            fork = self._add(_Fork(()))
            for part in branch:
                self._put(part)
            ends.append(self._add(_Fork(())))
            self.made[fork] = _Fork((fork + 1, len(self.made)))
        for part in branches[-1]:
            self._put(part)
        self._lead(ends)

    def _put_repeat(self, repeat: _Repeat) -> None:
        for _ in range(repeat.least):
            before = len(self.made)
            self._put(repeat.part)
            if len(self.made) == before:
                return  # nothing is in it, however often it comes
        if repeat.most is None:
            fork = self._add(_Fork(()))
            self._put(repeat.part)
            self._add(_Fork((fork,)))
            self.made[fork] = _Fork((fork + 1, len(self.made)))
            return
        forks = []
        for _ in range(repeat.most - repeat.least):
            forks.append(self._add(_Fork(())))
            self._put(repeat.part)
        for fork in forks:
            self.made[fork] = _Fork((fork + 1, len(self.made)))

    def _lead(self, forks: list[int]) -> None:
        """Let steps lead to the next one that is added."""
        for fork in forks:
            self.made[fork] = _Fork((len(self.made),))


def _compiled(text: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are for programmers, and name a file of the tool
        return re.compile(text)
