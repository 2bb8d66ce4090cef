"""Values that SDCC uses, but no longer works out: its intermediate code tells. Pure: no SCons in here.

SDCC 4.4.0 and later join the two casts of `long v = c; … (char)v` to one. They take the first one out, and the second
one then reads a variable that nothing sets. Each operation is still there in the code of the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .initialisers import operations, procedures
from .wrong_assembler import Place

_BLOCK = re.compile(r"^Basic Block \S+ \(df:(-?\d+) [^)]*\):(.*)$", re.MULTILINE)
_UNREACHED = "noPath"
_PROC = re.compile(r"proc _(\w+)")
_SET = re.compile(r"(iTemp\d+) ?(?:\{(?:[^{}]|\{[^{}]*\})*\})+ :?= ")
_BEGINS, _NAMED = re.compile(r"\t(iTemp\d+) "), re.compile(r"iTemp\d+")  # fast, as each begins with a letter
_USED = re.compile(r"\biTemp\d+\b")


def lost_variables(code: str, later: str) -> Iterator[Place]:
    """Yield each use of a value that `code`, the one before any change, still sets, and `later` does not."""
    before: dict[str, set[str]] = {}
    for blocks in _functions(later):
        before = before or {name: _set(rows) for name, rows in procedures(code)}
        reached = [row for block in blocks if block.is_reached for row in block.rows]
        heads = ((file, match[1]) for file, _, text in reached for match in [_PROC.match(text)] if match)
        file, name = next(heads, ("", ""))
        lost = before.get(name, set()) - _set(row for block in blocks for row in block.rows)
        for beginning, line, text in reached if lost else []:
            if lost.intersection(_USED.findall(text)):
                # Inline assembler may stand before the name of the file.
                yield Place("lost-variable", file if beginning.endswith(file) else beginning, line, name)


class _Block(NamedTuple):
    is_reached: bool
    rows: list[tuple[str, int, str]]


def _functions(later: str) -> Iterator[list[_Block]]:
    """Yield the blocks of each function that may use what is not set.

    The depths of a function's blocks grow, but the first block need not be the entry.
    """
    texts: list[tuple[bool, str]] = []
    last = 0
    heads = list(_BLOCK.finditer(later))
    for head, following in zip(heads, [*heads[1:], None]):
        depth = int(head[1])
        if depth < last:
            yield from _blocks(texts)
            texts = []
        last = depth
        text = later[head.end() : following.start() if following else len(later)]
        texts.append((_UNREACHED not in head[2], text))
    yield from _blocks(texts)


def _blocks(texts: list[tuple[bool, str]]) -> Iterator[list[_Block]]:
    """Yield the blocks of one function; nothing where each variable in it begins an operation, so that it is set."""
    whole = "".join(text for _, text in texts)
    if not set(_BEGINS.findall(whole)).issuperset(_NAMED.findall(whole)):
        yield [_Block(is_reached, list(operations(text))) for is_reached, text in texts]


def _set(rows: Iterable[tuple[str, int, str]]) -> set[str]:
    """Return the temporary variables that some operations set."""
    return {match[1] for _, _, text in rows for match in [_SET.match(text)] if match}
