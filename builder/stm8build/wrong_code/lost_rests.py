"""Code that SDCC leaves out as never reached, though the program gets there. Pure: no SCons in here.

SDCC turns `1 && (v && 0)` into jumps, of which one never jumps. It takes out the block after this one, and then the
rest of the function as well. The code as SDCC makes it first still has all jumps, so it tells where the program gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from .initialisers import procedures
from .syntax_tree import Function, Node
from .wrong_assembler import Place

Row = tuple[str, int, str]

_UNREACHED = re.compile(r"^(.+?):(\d+): warning 126:", re.MULTILINE)
_LABEL = re.compile(r"(\S+)\(\$\d+\) :$")
_JUMP = re.compile(r"(?:if (.*) ([!=])= 0 )?goto (\S+)\(\$\d+\)$")
_TABLE = "jtab\t"
_TARGET = re.compile(r"; (\w+)")
_CONSTANT = re.compile(r"(0x[0-9a-f]+|-?\d+) ?\{[^{}]*\}$")
_RETURN = re.compile(r"ret(?= \S)")
_CALL = re.compile(r"(?:.*\} :?= )?(p?call)(?= )")
_STORE = re.compile(r"(_\w+) ?\{(?:[^{}]|\{[^{}]*\})* fixed\} := ")  # into a variable with an address
# A store by way of a pointer does not tell: SDCC writes it in another way later.
_SHOWING = (_RETURN, _CALL, _STORE)
_BRANCHES = ("IF", "IFX")
_WITH_ZERO = ("ANDAND", "MULT", "&")
_USING = ("RETURN", "CALL", "PCALL", "SWITCH", "ASSIGN(=)", "IF")
_SETS = ("=)", "INC_OP", "DEC_OP", "ADDRESS_OF")  # the ends of kinds
_ASKS = re.compile(r"if |.*\((?:const-)?_Bool [^()]*\)|.*\} [=!<>]=? ?|.*= not ")


def lost_rests(code: str, later: str, messages: str) -> Iterator[Place]:
    """Yield where `code`, the one before any change, always gets, and `later` has nothing of it."""
    told = {(match[1], int(match[2])) for match in _UNREACHED.finditer(messages)}
    if not told:
        return
    held = {name: set(map(_shown, rows)) for name, rows in procedures(later)}
    for name, rows in procedures(code):
        if name not in held or not any(_never(text) for _, _, text in rows):
            continue
        following = _ways(rows)
        for place, row in enumerate(rows):
            shown = _shown(row) if row[:2] in told else ""
            if shown and shown not in held[name] and _is_always_reached(following, place):
                yield Place("lost-rest", *row[:2], name)
                break


def _shown(row: Row) -> str:
    """Return what an operation does that shows outside of a function: returns, calls, or the name of a variable."""
    matches = (pattern.match(row[2]) for pattern in _SHOWING)
    return next((match[1] if match.groups() else match[0] for match in matches if match), "")


def _never(text: str) -> bool:
    """Whether a jump never jumps."""
    jump = _JUMP.match(text)
    return bool(jump and jump[1] and _decided(jump[1], jump[2]) is False)


def _decided(asked: str, sign: str) -> Optional[bool]:
    """Return whether a jump on a constant jumps; None where it asks for a variable."""
    constant = _CONSTANT.match(asked)
    if constant is None:
        return None
    return (int(constant[1], 0) != 0) == (sign == "!")


def _ways(rows: list[Row]) -> list[list[int]]:
    """Return the places that may follow each row."""
    labels = {match[1]: place for place, row in enumerate(rows) for match in [_LABEL.match(row[2])] if match}
    ways: list[list[int]] = []
    for place, (_, _, text) in enumerate(rows):
        jump = _JUMP.match(text)
        if jump is None:
            targets = _TARGET.findall(text) if text.startswith(_TABLE) else []
            ways.append([labels.get(each, len(rows)) for each in targets] or [place + 1])
            continue
        jumps = _decided(jump[1], jump[2]) if jump[1] else True
        target = labels.get(jump[3], len(rows))
        ways.append([target] if jumps else [place + 1] if jumps is False else [place + 1, target])
    return ways


def _is_always_reached(following: list[list[int]], place: int) -> bool:
    """Whether each way from the beginning comes to a place, and no loop can keep it from there."""
    done: set[int] = set()
    waiting = [(0, False)]
    on_the_way: set[int] = set()
    while waiting:
        row, is_left = waiting.pop()
        if is_left:
            on_the_way.discard(row)
            done.add(row)
        elif row == place or row in done:
            continue
        elif row >= len(following) or row in on_the_way:
            return False  # the end, or a loop
        else:
            on_the_way.add(row)
            waiting.append((row, True))
            waiting += [(each, False) for each in following[row]]
    return True


def lost_conditions(functions: list[Function], later: str) -> Iterator[Place]:
    """Yield `v || (w && 0)` as a value where SDCC no longer asks for v: it takes the value for 1, or for 0."""
    held: dict[str, list[Row]] = {}
    for function in functions:
        for node in function.nodes():
            if node.kind != "OROR" or len(node.children) != 2 or not _is_used(node):
                continue
            asked, false = node.children
            if not _is_false(false) or not _is_open(asked, function):
                continue
            held = held or dict(procedures(later))
            rows = [text for *where, text in held.get(function.name, []) if where == [node.file, node.line]]
            # The program cannot reach a line without any code, or `lost_rests` finds it.
            if rows and not any(_ASKS.match(text) for text in rows):
                yield Place("lost-condition", node.file, node.line, function.name)


def _is_used(node: Node) -> bool:
    """Whether something is made of a value, as far as the tree tells, and not only a jump."""
    if node.parent is None or node.parent.kind in _BRANCHES:
        return False
    while node.parent:
        above = node.parent
        others = [child for child in above.children if child is not node]
        if above.kind in (*_WITH_ZERO, "OROR") and any(each.kind == "CONSTANT" for each in others):
            return False
        if above.kind == "COMMA(,)" and above.children[-1] is not node:
            return False
        if above.kind == "CAST" and not above.type.size and "_Bool" not in above.type.text:
            return False
        if above.kind == "ASSIGN(=)":
            return not above.children[0].is_local()
        node = above
    return node.kind in _USING


def _is_false(node: Node) -> bool:
    """Whether a value is `w && 0`."""
    last = node.children[-1] if node.kind == "ANDAND" and node.children else None
    return last is not None and last.kind == "CONSTANT" and last.value == 0


def _is_open(node: Node, function: Function) -> bool:
    """Whether SDCC cannot know a value: a global variable, or a parameter that nothing sets."""
    if node.kind != "SYMBOL" or not node.type.size:
        return False
    statements = (*function.nodes(), *(each for statement in function.initial for each in statement.walk()))
    return not any(
        each.children and each.kind.endswith(_SETS) and each.children[0].same_as(node) for each in statements
    )
