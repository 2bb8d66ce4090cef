"""The constructs of C from which SDCC makes wrong code, looked for in the syntax tree. Pure: no SCons in here.

Each rule has the name of its kind in `wrong_code_kinds.py`, and yields the nodes that come out wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Optional

from .syntax_tree import Function, Node

COMPARISONS = ("LT(<)", "GT(>)", "LE(<=)", "GE(>=)")
EQUALITIES = ("EQ(==)", "NE(!=)")
_INTO = ("ASSIGN(=)", "RETURN", "CAST")
_BITWISE = ("&", "OR", "XOR")
_NARROWED = (*_BITWISE, "ADD", "SUB", "MULT", "COMPL", "LEFT_SHIFT", "RIGHT_SHIFT")  # SDCC does these in 8 bits
_EXACT_BITS = 53  # of a double, in which SDCC keeps constants


def _operands(node: Node) -> Optional[tuple[Node, Node]]:
    return (node.children[0], node.children[1]) if len(node.children) == 2 else None


def _variable_and_constant(node: Node) -> Optional[tuple[Node, int, Node]]:
    """Return the operand that is not constant, the value of the other one, and that one."""
    both = _operands(node)
    for one, two in (both, both[::-1]) if both else ():
        if two.kind == "CONSTANT" and two.value is not None and one.kind != "CONSTANT":
            return one, two.value, two
    return None


def cut_constant(function: Function) -> Iterator[Node]:
    """Yield comparisons of a signed variable with a wider unsigned constant that does not fit it."""
    for node in function.nodes():
        found = _variable_and_constant(node) if node.kind in COMPARISONS else None
        if not found:
            continue
        variable, value, constant = found
        narrow = variable.type
        if variable.kind == "CAST" or not narrow.signed or not narrow.size or constant.type.signed:
            continue
        if constant.type.size > narrow.size and value >= 1 << (8 * narrow.size - 1):
            yield node


def field_copy(function: Function) -> Iterator[Node]:
    """Yield where a bit-field of more than 8 bits goes into one byte: a narrower bit-field, or a char."""
    for node in function.nodes():
        if node.kind not in _INTO:
            continue
        into = function.returns if node.kind == "RETURN" else node.type
        if not 0 < into.width <= 8 or into.text.startswith("_Bool"):
            continue
        sources = node.children[1:] if node.kind == "ASSIGN(=)" else node.children
        if any(_reads_wide_field(source) for source in sources):
            yield node


def _reads_wide_field(node: Node) -> bool:
    if node.kind in ("PTR_ACCESS", "ACCESS"):
        return node.type.bits > 8
    if node.kind == "CAST" and node.from_type and 0 < node.type.width <= 8:
        return False  # which is a place of its own
    if node.kind == "RIGHT_SHIFT" and len(node.children) == 2 and node.children[1].kind != "CONSTANT":
        return False
    return node.kind in (*_NARROWED, "CAST") and any(_reads_wide_field(child) for child in node.children)


def short_push(function: Function) -> Iterator[Node]:
    """Yield `v ^ v` of four bytes or more as an argument."""
    for node in function.nodes():
        both = _operands(node) if node.kind == "XOR" and node.type.size >= 4 else None
        if both and both[0].same_as(both[1]) and _is_argument(node):
            yield node


def _is_argument(node: Node) -> bool:
    above = node.parent
    while above and above.kind in ("CAST", "PARAM", "ADD", "SUB"):
        above = above.parent
    return above is not None and above.kind in ("CALL", "PCALL")


def kept_sign(function: Function) -> Iterator[Node]:
    """Yield a signed value that is cast to a wider unsigned type, and widened again as a signed one."""
    for node in function.nodes():
        if node.kind != "CAST" or not node.from_type or node.parent is None:
            continue
        inner, outer = node.from_type, node.type
        if inner.signed and not outer.signed and 0 < inner.size < outer.size and not inner.bits:
            into = _widened_to(node, function)
            if into and into[0] > outer.size and into[1]:
                yield node


def _widened_to(node: Node, function: Function) -> Optional[tuple[int, bool]]:
    """Return size and sign of the type in which a value is used; None where that is not known."""
    above = node.parent
    if above is None:
        return None
    if above.kind == "RETURN":
        return function.returns.size, function.returns.signed
    return above.type.size, above.type.signed


def field_against_negative(function: Function) -> Iterator[Node]:
    """Yield comparisons of an unsigned bit-field of 8 bits with a negative constant."""
    for node in function.nodes():
        found = _variable_and_constant(node) if node.kind in (*COMPARISONS, *EQUALITIES) else None
        if found and found[1] < 0 and found[2].type.size == 1:
            field = found[0].type
            if field.bits == 8 and not field.signed:
                yield node


def field_cast(function: Function) -> Iterator[Node]:
    """Yield a bit-field that is cast to unsigned int and then meets a signed value."""
    for node in function.nodes():
        if node.kind != "CAST" or not node.from_type or node.type.signed or node.type.size != 2:
            continue
        above = node.parent
        if not 8 < node.from_type.bits < 16 or above is None:
            continue
        other = next((child for child in above.children if child is not node), None)
        if other is None or not other.type.signed or not other.type.size or other.type.size > 2:
            continue
        if above.kind in COMPARISONS and other.kind != "CONSTANT":
            yield above
        elif above.kind in ("SUB", "ADD") and (above.kind == "SUB" or other.kind != "CONSTANT"):
            into = _widened_to(above, function)
            used = above.parent.kind if above.parent else ""
            if (into and into[0] > 2 and into[1]) or used in COMPARISONS or used in ("DIV", "MOD", "RIGHT_SHIFT"):
                yield above


def _is_whole_upper_half(value: int) -> bool:
    return value >= 1 << 32 and value & 0xFFFFFFFF == 0


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
        if values[1] is not None and _is_whole_upper_half(values[1] % (1 << 64)):
            yield node


def bare_test(function: Function) -> Iterator[Node]:
    """Yield where an unsigned long long is only asked whether it is 0; what SDCC makes of `v > K` looks like this."""
    for node in function.nodes():
        above = node.parent
        tests = above is not None and above.kind in ("NOT", "ANDAND", "OROR", "IF")
        if tests and node.kind not in COMPARISONS and node.type.size == 8 and not node.type.signed:
            yield node


def modulo(function: Function) -> Iterator[Node]:
    """Yield `v % K` of an unsigned long long, where K, as a double, is a power of two of 32 bits or more."""
    for node in function.nodes():
        if node.kind != "MOD" or node.type.size != 8 or node.type.signed:
            continue
        found = _variable_and_constant(node)
        if found and found[2] is node.children[1]:
            value = int(float(found[1] % (1 << 64)))
            if value >= 1 << 32 and value & (value - 1) == 0:
                yield node


def long_constant(function: Function) -> Iterator[Node]:
    """Yield & | ^ of a local long long variable and a constant; SDCC may know the variable's value."""
    for node in function.nodes():
        found = _variable_and_constant(node) if node.kind in _BITWISE and node.type.size == 8 else None
        variable = found[0] if found else None
        while variable and variable.kind == "CAST" and variable.children:
            variable = variable.children[0]
        if variable and variable.kind == "SYMBOL" and variable.level and "volatile" not in variable.type.text:
            yield node


def mixed_bytes(function: Function) -> Iterator[Node]:
    """Yield `(… q … - v) ^ q` of 64 bits that a function returns, with a signed char q that is cast to unsigned int."""
    for node in function.nodes():
        both = _operands(node) if node.kind == "XOR" and node.type.size == 8 else None
        if not both or node.parent is None or node.parent.kind != "RETURN":
            continue
        left, right = both
        if right.type.size != 1 or not right.type.signed or left.kind != "SUB":
            continue
        casts = (below for below in left.walk() if below.kind == "CAST" and not below.type.signed)
        if any(cast.children[0].same_as(right) for cast in casts):
            yield node


RULES: dict[str, Callable[[Function], Iterator[Node]]] = {
    "cut-constant": cut_constant,
    "field-copy": field_copy,
    "short-push": short_push,
    "kept-sign": kept_sign,
    "field-against-negative": field_against_negative,
    "field-cast": field_cast,
    "upper-half": upper_half,
    "modulo": modulo,
    "long-constant": long_constant,
    "mixed-bytes": mixed_bytes,
}
