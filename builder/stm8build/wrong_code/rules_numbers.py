"""The constructs of C from which SDCC makes wrong code in numbers of up to 32 bits.

Each rule yields the nodes that come out wrong. Pure: no SCons in here.
"""

from __future__ import annotations

from collections.abc import Iterator

from .syntax_tree import Function, Node, Type
from .tree_questions import (
    BITWISE,
    COMPARISONS,
    EQUALITIES,
    operands,
    out_of_choices,
    variable_and_constant,
    widened_to,
)

_LESSENED = ("SUB", "UMINUS", "COMPL")
_ARITHMETIC = ("ADD", "SUB", "MULT", "UMINUS", "COMPL", *BITWISE)


def cut_constant(function: Function) -> Iterator[Node]:
    """Yield comparisons of a signed value with a wider unsigned constant that does not fit it.

    If the value is a difference, a minus or a complement, it may well be negative: then each such constant counts.
    """
    for node in function.nodes():
        found = variable_and_constant(node) if node.kind in COMPARISONS else None
        if not found:
            continue
        variable, value, constant = found
        narrow = variable.type
        if not narrow.signed or not narrow.size or constant.type.signed:
            continue
        too_large = value >= 1 << (8 * narrow.size - 1)
        if constant.type.size > narrow.size and (too_large or variable.kind in _LESSENED):
            yield node


def below_a_size(function: Function) -> Iterator[Node]:
    """Yield comparisons of an int that may well be negative with a constant that may be a size; the source tells."""
    for node in function.nodes():
        found = variable_and_constant(node) if node.kind in COMPARISONS else None
        if found and found[0].kind in _LESSENED and found[0].type.signed and found[0].type.size == 2 and found[1] > 0:
            yield node


def short_push(function: Function) -> Iterator[Node]:
    """Yield `v ^ v` of four bytes or more as an argument."""
    for node in function.nodes():
        both = operands(node) if node.kind == "XOR" and node.type.size >= 4 else None
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
            into = widened_to(node, function)
            if into and into[0] > outer.size and into[1]:
                yield node


def byte_against_truth(function: Function) -> Iterator[Node]:
    """Yield comparisons of an unsigned char with a _Bool, or with the result of `!`, `&&` or `||`."""
    for node in function.nodes():
        both = operands(node) if node.kind in COMPARISONS else None
        for byte, truth in (both, both[::-1]) if both else ():
            is_byte = byte.type.size == 1 and not byte.type.signed and "_Bool" not in byte.type.text
            is_truth = truth.kind in ("NOT", "ANDAND", "OROR") or (truth.type.size == 1 and "_Bool" in truth.type.text)
            if truth.kind == "NOT" and any(child.type.bits and "_Bool" in child.type.text for child in truth.children):
                continue  # `!` of a bit-field of _Bool is right
            if is_byte and is_truth and byte.kind != "CONSTANT":
                yield node


def signed_or_unsigned(function: Function) -> Iterator[Node]:
    """Yield `& | ^` of an int and a constant where the sign of the result matters.

    Whether the constant had a `u`, only the source tells.
    """
    for node in function.nodes():
        found = variable_and_constant(node) if node.kind in BITWISE else None
        if found and node.kind != "&" and _meets_a_signed_value(node):
            yield node
        if not found or node.type.size not in (1, 2, 4) or not node.type.signed or not found[0].type.signed:
            continue
        if node.kind == "&" and 0 <= found[1] < 1 << 8 * node.type.size - 1:
            continue  # the result is never negative
        used = _out_of_arithmetic(node)
        into = widened_to(used, function)
        if (into and into[0] > max(2, node.type.size)) or _asks_for_the_sign(used):
            yield node


def _meets_a_signed_value(node: Node) -> bool:
    """Whether an unsigned value of 8 bits is compared with a signed one, or one is divided by the other."""
    above = node.parent
    if node.type.size != 1 or node.type.signed or above is None or above.kind not in (*COMPARISONS, "DIV", "MOD"):
        return False
    return any(child.type.signed and child.kind != "CONSTANT" for child in above.children if child is not node)


def _out_of_arithmetic(node: Node) -> Node:
    """Return the outermost choice, sum or the like, of which a value is a part and that is still a signed int."""
    while True:
        node = out_of_choices(node)
        above = node.parent
        if not above or above.kind not in ("CAST", *_ARITHMETIC) or not above.type.signed:
            return node
        if above.type.size > max(2, node.type.size):
            return node
        if above.type.size < node.type.size:
            return node
        node = above


def _asks_for_the_sign(node: Node) -> bool:
    """Whether a value is compared with one that C takes as an int, divided by or into one, or shifted right."""
    above = node.parent
    if above is None or len(above.children) != 2:
        return False
    if above.kind == "RIGHT_SHIFT":
        return above.children[0] is node
    others = (child.type for child in above.children if child is not node)
    return above.kind in (*COMPARISONS, "DIV", "MOD") and all(
        _becomes_signed(other, node.type.size) for other in others
    )


def _becomes_signed(kind: Type, size: int) -> bool:
    """Whether C takes a value of a type as signed: a byte or a short bit-field becomes an int, an int a long."""
    return kind.signed or 0 < kind.size < max(2, size) or 0 < kind.bits < 16


def shift_by_unsigned(function: Function) -> Iterator[Node]:
    """Yield a signed value shifted left by an unsigned count, where it matters that SDCC takes it as unsigned then."""
    for node in function.nodes():
        both = operands(node) if node.kind == "LEFT_SHIFT" and node.type.signed and node.type.size >= 2 else None
        if (
            both
            and not both[1].type.signed
            and both[1].type.size >= node.type.size
            and _may_be_negative(node, function)
        ):
            yield node


def _may_be_negative(node: Node, function: Function) -> bool:
    """Whether the value, or another one that it meets, may be negative where it is compared, divided or widened."""
    negative = False
    while (
        node.parent
        and node.parent.kind in _ARITHMETIC
        and (node.parent.type.size, node.parent.type.signed) == (node.type.size, True)
    ):
        others = [child for child in node.parent.children if child is not node]
        lessened = node.parent.kind in ("SUB", "UMINUS") and not _is_mask(node.parent)
        negative = negative or lessened or any(map(_is_signed, others))
        node = node.parent
    above = node.parent
    if above and above.kind in EQUALITIES:
        return negative and any(child.type.size > node.type.size for child in above.children)
    if above and above.kind in (*COMPARISONS, "DIV", "MOD"):
        return any(negative or _is_signed(child) for child in above.children if child is not node and child.type.signed)
    into = widened_to(node, function)
    return negative and into is not None and into[0] > node.type.size


def _is_mask(node: Node) -> bool:
    """Whether a node is `(1 << n) - 1` or the like, which is never negative."""
    both = operands(node)
    if not both or both[0].kind != "LEFT_SHIFT" or both[1].kind != "CONSTANT":
        return False
    shifted = both[0].children[0]
    return shifted.kind == "CONSTANT" and (shifted.value or 0) >= (both[1].value or 0) >= 0


def _is_signed(node: Node) -> bool:
    return node.type.signed and (node.kind != "CONSTANT" or (node.value or 0) < 0)


def by_itself(function: Function) -> Iterator[Node]:
    """Yield a float that is divided by itself."""
    for node in function.nodes():
        both = operands(node) if node.kind == "DIV" and "float" in node.type.text else None
        if both and both[0].same_as(both[1]):
            yield node


def long_by_itself(function: Function) -> Iterator[Node]:
    """Yield a long that is divided by itself, and stored in a member or where a pointer leads to."""
    for node in function.nodes():
        both = operands(node) if node.kind == "DIV" and node.type.size >= 4 else None
        above = node.parent
        if not both or not above or above.kind != "ASSIGN(=)" or not _uncast(both[0]).same_as(_uncast(both[1])):
            continue
        if above.children[0].kind in ("PTR_ACCESS", "DEREF", "ARRAY_OP"):
            yield node


def _uncast(node: Node) -> Node:
    """Return what a cast to a type of the same size is made of."""
    while node.kind == "CAST" and node.from_type and node.from_type.size == node.type.size and node.children:
        node = node.children[0]
    return node


def itself_in_a_comparison(function: Function) -> Iterator[Node]:
    """Yield comparisons of a signed value with `v / v` or `v ^ v`: SDCC takes these for unsigned constants."""
    for node in function.nodes():
        both = operands(node) if node.kind in COMPARISONS else None
        for one, other in (both, both[::-1]) if both else ():
            if other.type.signed and other.kind != "CONSTANT" and _is_of_itself(one):
                yield node
                break


def _is_of_itself(node: Node) -> bool:
    """Whether a signed value is `v / v` or `v ^ v`."""
    while node.kind == "CAST" and node.children:
        node = node.children[0]
    both = operands(node) if node.kind in ("DIV", "XOR") and node.type.signed else None
    return both is not None and both[0].same_as(both[1])
