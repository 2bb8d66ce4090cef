"""The constructs of C from which SDCC makes wrong code in numbers of 64 bits.

Each rule yields the nodes that come out wrong. Pure: no SCons in here.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Optional

from .syntax_tree import Function, Node
from .tree_questions import (
    BITWISE,
    COMPARISONS,
    EQUALITIES,
    assignments,
    is_volatile,
    is_whole_upper_half,
    operands,
    out_of_commas,
    variable_and_constant,
    widened_to,
)

_NARROWING = ("CAST", "RETURN", "ASSIGN(=)", "ADD", "SUB", "MULT", *BITWISE)
_CUT = ("ADD", "SUB", "MULT", *BITWISE)  # SDCC does these in fewer bits if no more are used


def upper_half(function: Function) -> Iterator[Node]:
    """Yield `v > K` and `v <= K` of an unsigned long long, where the low 32 bits of K are 0.

    SDCC turns the first one into `v ? 1 : K`, and the second one into `!v`.
    """
    for node in function.nodes():
        if node.kind != "QUEST(?)" or len(node.children) != 2:
            continue
        tested, choice = node.children
        values = [child.value for child in choice.children if child.kind == "CONSTANT"]
        wide = tested.type.size == 8 and not tested.type.signed
        one = choice.children[0].type.text if choice.children else ""
        if not wide or len(values) != 2 or values[0] != 1 or one != "const-_Bool literal":
            continue
        if values[1] is not None and is_whole_upper_half(values[1] % (1 << 64)):
            yield node


def bare_test(function: Function) -> Iterator[Node]:
    """Yield where an unsigned long long is only asked whether it is 0; what SDCC makes of `v > K` looks like this."""
    for node in function.nodes():
        above = node.parent
        tests = above is not None and above.kind in ("NOT", "ANDAND", "OROR", "IF")
        if tests and node.kind not in COMPARISONS and node.type.size == 8 and not node.type.signed:
            yield node


def modulo(function: Function) -> Iterator[Node]:
    """Yield `v % K` of an unsigned long long, where K, as a double, is a power of two of 32 bits or more.

    Where v is a local variable that holds one constant, SDCC works the remainder out, and it is right.
    """
    held: Optional[dict[str, list[Optional[int]]]] = None
    for node in function.nodes():
        if node.kind != "MOD" or node.type.size != 8 or node.type.signed:
            continue
        found = variable_and_constant(node)
        if found and found[2] is node.children[1]:
            value = int(float(found[1] % (1 << 64)))
            if value < 1 << 32 or value & (value - 1):
                continue
            held = _held(function) if held is None else held
            values = held.get(found[0].name, []) if found[0].level and not is_volatile(found[0]) else []
            if len(values) != 1 or values[0] is None:
                yield node


def long_constant(function: Function) -> Iterator[Node]:
    """Yield & | ^ of a long long variable and a constant, where the low 32 bits alone give another result.

    SDCC may know the variable's value: the values that the function assigns to it.
    """
    known = [
        (both[0], value)
        for both, value in ((both, _constant(both[1])) for both in map(operands, assignments(function)) if both)
        if value is not None
    ]
    for node in function.nodes():
        found = variable_and_constant(node) if node.kind in BITWISE and node.type.size == 8 else None
        variable = found[0] if found else None
        while variable and variable.kind == "CAST" and variable.children:
            variable = variable.children[0]
        if found and variable and "volatile" not in variable.type.text and not _leaves_bytes(found[1]):
            values = (value for place, value in known if place.same_as(variable))
            into = widened_to(_in_eight_bytes(node), function)
            if into and 0 < into[0] <= 4:
                continue  # the low 32 bits are right
            if any(_is_cut(node.kind, value, found[1]) for value in values):
                yield node


def _leaves_bytes(value: int) -> bool:
    """Whether a constant keeps or clears whole bytes: then the instructions do not tell whether SDCC has folded it."""
    return all(byte in (0, 0xFF) for byte in (value % (1 << 64)).to_bytes(8, "big"))


def _constant(node: Node) -> Optional[int]:
    while node.kind == "CAST" and node.children:
        node = node.children[0]
    return node.value if node.kind == "CONSTANT" else None


def _is_cut(kind: str, one: int, two: int) -> bool:
    """Whether an operation of 32 bits has another result than one of 64 bits."""
    work = {"&": operator.and_, "OR": operator.or_, "XOR": operator.xor}[kind]
    low = (1 << 32) - 1
    return bool(work(one, two) % (1 << 64) != work(one & low, two & low))


def shifted_constant(function: Function) -> Iterator[Node]:
    """Yield a long long constant that is shifted left by a variable and cut to fewer bits."""
    for node in function.nodes():
        both = operands(node) if node.kind == "LEFT_SHIFT" and node.type.size == 8 else None
        if not both or both[0].kind != "CONSTANT" or both[1].kind == "CONSTANT" or both[0].value is None:
            continue
        used = node
        while used.parent and used.parent.kind in ("ADD", "SUB", *BITWISE) and used.parent.type.size == 8:
            used = used.parent
        into = widened_to(used, function)
        if into and 0 < into[0] < 8 and int(float(both[0].value)) != both[0].value:
            yield node


def rounded_constant(function: Function) -> Iterator[Node]:
    """Yield + - * & | ^ with a long long constant that a double cannot hold, where the result is cut to fewer bits."""
    for node in function.nodes():
        if node.kind not in _CUT or node.type.size != 8:
            continue
        values = [child.value for child in node.children if child.kind == "CONSTANT" and child.value is not None]
        used = _in_eight_bytes(node)
        size = 0 if _is_looked_at_whole(used, function) else _size_it_is_cut_to(used, function)
        if any(0 < size < 8 and _is_rounded(_as(value, node.type.signed), size) for value in values):
            yield node


_LOOKS_AT_ALL = (*COMPARISONS, *EQUALITIES, "NOT", "ANDAND", "OROR", "IF", "IFX", "SWITCH")


def _is_looked_at_whole(node: Node, function: Function) -> bool:
    """Whether a program compares a value, asks for its truth or leaves it unused."""
    top = out_of_commas(node)
    above = top.parent
    if above is None or above.kind in _LOOKS_AT_ALL:
        return True
    if above.kind in ("QUEST(?)", "COMMA(,)"):
        return above.children[0] is top
    return "_Bool" in (function.returns if above.kind == "RETURN" else above.type).text


def _size_it_is_cut_to(node: Node, function: Function) -> int:
    above = out_of_commas(node).parent
    if above is not None and above.type.bits:  # a bit-field
        return (above.type.bits + 7) // 8
    into = widened_to(node, function)
    return into[0] if into else 0


def _held(function: Function) -> dict[str, list[Optional[int]]]:
    """Return what each local variable gets, one by one: a constant, or None for what is not known."""
    held: dict[str, list[Optional[int]]] = {}
    for node in function.nodes():
        if node.kind == "ASSIGN(=)" and node.children and node.children[0].kind == "SYMBOL":
            place, given = node.children[0], node.children[-1]
            if place.level:
                known = given.value if given.kind == "CONSTANT" and len(node.children) == 2 else None
                held.setdefault(place.name, []).append(known)
        elif node.kind == "ADDRESS_OF" or node.kind.endswith(("INC_OP", "DEC_OP")):
            held.setdefault(node.children[0].name if node.children else "", []).append(None)
    return held


def rounded_variable(function: Function) -> Iterator[Node]:
    """Yield where a local long long that only ever holds one constant, which a double cannot hold, is cut."""
    held = _held(function)
    for node in function.nodes():
        if node.kind != "SYMBOL" or not node.level or node.type.size != 8 or "volatile" in node.type.text:
            continue
        values = held.get(node.name, [])
        whole = values[0] if len(values) == 1 else None
        used = _in_eight_bytes(node)
        into = widened_to(used, function) if _is_cut_by(used.parent, function) else None
        if whole is not None and into and 0 < into[0] < 8 and _is_rounded(_as(whole, node.type.signed), into[0]):
            yield node


def _is_cut_by(above: Optional[Node], function: Function) -> bool:
    """Whether a value goes into a number; a _Bool and a comparison take all of it."""
    if above is None or above.kind not in _NARROWING:
        return False
    return "_Bool" not in (function.returns if above.kind == "RETURN" else above.type).text


def _as(value: int, signed: bool) -> int:
    """Return a value as one of 64 bits."""
    value %= 1 << 64
    return value - (1 << 64) if signed and value >> 63 else value


def _in_eight_bytes(node: Node) -> Node:
    """Return the outermost sum or the like of eight bytes that a value is a part of."""
    while node.parent and node.parent.kind in (*_CUT, "UMINUS") and node.parent.type.size == 8:
        node = node.parent
    return node


def _is_rounded(value: int, size: int) -> bool:
    """Whether the low bytes of a constant change where it becomes a double."""
    return (int(float(value)) - value) % (1 << 8 * size) != 0


def narrowed_result(function: Function) -> Iterator[Node]:
    """Yield where a narrower type is returned, and a long long may be in it: only the instructions tell what comes."""
    nodes = function.nodes()
    sizes = {node.from_type.size if node.from_type else node.type.size for node in nodes}
    if 0 < function.returns.size < 8 and 8 in sizes:
        yield from (node for node in nodes if node.kind == "RETURN")


def divided_by_minus_one(function: Function) -> Iterator[Node]:
    """Yield an unsigned long long that is divided by -1, or by the same as an unsigned number."""
    for node in function.nodes():
        both = operands(node) if node.kind == "DIV" and node.type.size == 8 and not node.type.signed else None
        if both and both[1].kind == "CONSTANT" and (both[1].value or 0) % (1 << 64) == (1 << 64) - 1:
            yield node


def mixed_bytes(function: Function) -> Iterator[Node]:
    """Yield `(… q … - v) ^ q` of 64 bits that a function returns, with a signed char q that is cast to unsigned int."""
    for node in function.nodes():
        both = operands(node) if node.kind == "XOR" and node.type.size == 8 else None
        if not both or node.parent is None or node.parent.kind != "RETURN":
            continue
        left, right = both
        if right.type.size != 1 or not right.type.signed or left.kind != "SUB":
            continue
        casts = (below for below in left.walk() if below.kind == "CAST" and not below.type.signed)
        if any(cast.children[0].same_as(right) for cast in casts):
            yield node
