"""Choices by a constant of which SDCC's tree has nothing left, as a line of C has them. Pure: no SCons in here.

These are in an argument of a call, in the value that a local variable begins with, and in `if (v != w)`. The code there
has the types with which SDCC works, and the line has those of C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from .constants import choices, constant, end_of_brackets, tokens
from .real_types import Real, as_tree, common, declared, passed_on
from .rules_choices import is_lost
from .rules_constants import is_taken_as_false
from .syntax_tree import Function, Node

_SIGNS = {"+": "ADD", "-": "SUB", "*": "MULT", "/": "DIV", "%": "MOD", "<<": "LEFT_SHIFT", ">>": "RIGHT_SHIFT"}
_PLACES = ("PTR_ACCESS", "ARRAY_OP", "DEREF")


def are_lost(text: str, nodes: list[Node], function: Function) -> bool:
    """Tell whether a line has a choice whose value does not get the type that C gives it.

    Args:
        text: The line, with the macros in it written out.
        nodes: Those of the line.
        function: To which the line belongs.
    """
    words = tokens(text) if "?" in text else []
    for chosen, other in _chosen(words):
        node = _place(chosen, words, nodes)
        real_other = _type_of(other, function)
        if node is None or real_other is None:
            continue
        real = as_tree(node)
        in_c = common(real, real_other)
        is_real = node.kind != "SYMBOL" or declared(node, function) in (None, real)
        if is_real and real != in_c:
            negated = node.parent is not None and node.parent.kind == "UMINUS" and not real.signed
            if (negated and real.size < in_c.size) or any(is_lost(*each) for each in passed_on(node, real, in_c)):
                return True
    return False


def _chosen(words: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the words of each value that a constant chooses, and those of the other value."""
    for choice in choices(words):
        if choice.condition.known and not choice.is_cast:
            is_first = bool(choice.condition.value) and not is_taken_as_false(choice.condition)
            chosen, other = (choice.first, choice.second) if is_first else (choice.second, choice.first)
            yield _bare(chosen), _bare(other)


def _bare(words: list[str]) -> list[str]:
    """Return some words without the brackets around them."""
    while len(words) > 2 and words[0] == "(" and end_of_brackets(words) == len(words) - 1:
        words = words[1:-1]
    return words


def _place(chosen: list[str], words: list[str], nodes: list[Node]) -> Optional[Node]:
    """Return the node of a chosen value; None if several of the line may be it."""
    if len(chosen) == 1 and chosen[0].isidentifier():
        kinds: tuple[str, ...] = ("SYMBOL",)
        if words.count(chosen[0]) > 1:
            return None
    else:
        kinds = _kinds(chosen)
    found = [node for node in nodes if node.kind in kinds and node.type.width]
    if kinds == ("SYMBOL",):
        found = [node for node in found if _name(node) == chosen[0]]
    return found[0] if len(found) == 1 else None


def _kinds(chosen: list[str]) -> tuple[str, ...]:
    """Return the kinds of node that some words with an operator, a bracket or a dot may be."""
    signs = [word for word in chosen if word in _SIGNS]
    if signs == ["-"] and chosen[0] == "-":
        return ("UMINUS",)
    if len(signs) == 1 and chosen[0] not in _SIGNS:
        return (_SIGNS[signs[0]],)
    if signs or chosen[:1] == ["("]:
        return ()
    if "." in chosen or "->" in chosen or chosen[-1:] == ["]"]:
        return _PLACES
    return ("CALL",) if chosen[-1:] == [")"] else ()


def _type_of(words: list[str], function: Function) -> Optional[Real]:
    number = constant(words)
    if number:
        return None if isinstance(number.value, float) else Real(number.size, number.signed)
    kind = (function.declared.get(words[0]) or function.types.get(f"_{words[0]}")) if len(words) == 1 else None
    return Real(kind.size, kind.signed) if kind and kind.size else None


def _name(node: Node) -> str:
    return node.name if node.level else node.name.lstrip("_")
