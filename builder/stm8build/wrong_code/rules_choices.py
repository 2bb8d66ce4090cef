"""The constructs of C from which SDCC makes wrong code because it has worked out a condition.

SDCC takes the chosen value of `1 ? v : w` out of its tree and gives it the type of the whole, but does not convert it.
Each rule yields the nodes that come out wrong. Pure: no SCons in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from .syntax_tree import Function, Node, Type, parse_type
from .tree_questions import BITWISE, COMPARISONS, operands, out_of_commas, widened_to

_PLACES = ("PTR_ACCESS", "ARRAY_OP", "DEREF")
_ASKS_FOR_TRUTH = ("IF", "IFX", "ANDAND", "OROR", "NOT")
_ARITHMETIC = ("ADD", "SUB", "MULT", *BITWISE)
_NARROW_INT = Type("", 2, True, 0)
_NARROW = Type("", 0, False, 0)  # SDCC does not tell the type of the place, but it has another one in the tree


def minus_of_a_choice(function: Function) -> Iterator[Node]:
    """Yield minus of a place that has got a wider type: what SDCC leaves of a choice by a constant."""
    for node in function.nodes():
        if node.kind != "UMINUS" or len(node.children) != 1:
            continue
        (place,) = node.children
        own = _own_type(place, function)
        if own and own.size < place.type.size:
            yield node


def choice_by_a_constant(function: Function) -> Iterator[Node]:
    """Yield where a value has got another type, but was not converted to it, and this matters for what it is used."""
    for node in function.nodes():
        own = _own_type(node, function)
        above = node.parent
        if own is None or above is None:
            continue
        if above.kind == "UMINUS":
            if (
                own.size == node.type.size
                and own.signed
                and not node.type.signed
                and _asks_for_the_sign(above, function)
            ):
                yield node
        elif _loses_its_sign(node, own, function) or _loses_its_width(node, own):
            yield node


def _own_type(node: Node, function: Function) -> Optional[Type]:
    """Return the type of a value as the program declares it; None if it is the one in the tree."""
    if not node.type.size:
        return None
    own: Optional[Type] = None
    if node.kind == "SYMBOL":
        own = (function.declared.get(node.name) or function.types.get(node.name)) if node.level else None
        own = own if node.level else function.types.get(f"_{node.name}")
    elif node.kind == "CALL" and node.children:
        own = _returned(node)
    elif node.kind in _PLACES and node.type.text.endswith(" register"):
        return _NARROW
    elif node.kind in _ARITHMETIC and node.type.size >= 4 and operands(node):
        sizes = [child.type.size for child in node.children]
        return _NARROW_INT if sizes in ([2, 2], [1, 2], [2, 1]) else None
    if (
        own is None
        or not own.size
        or "_Bool" in own.text
        or (own.size, own.signed) == (node.type.size, node.type.signed)
    ):
        return None
    return own


def _loses_its_sign(node: Node, own: Type, function: Function) -> bool:
    """Whether a signed value was to become unsigned, and is used as a wider one, or where the sign matters."""
    return own.signed and not node.type.signed and node.type.size >= 2 and _asks_for_the_sign(node, function)


def _asks_for_the_sign(node: Node, function: Function) -> bool:
    """Whether a value is compared with a signed one, divided, shifted right or widened."""
    above = node.parent
    if above is None:
        return False
    if above.kind in COMPARISONS:
        others = [child for child in above.children if child is not node]
        return all(child.value != 0 if child.kind == "CONSTANT" else child.type.signed for child in others)
    into = widened_to(node, function)
    return above.kind in ("DIV", "MOD", "RIGHT_SHIFT") or (into is not None and into[0] > node.type.size)


def _loses_its_width(node: Node, own: Type) -> bool:
    """Whether a value was to become a wider one, and is used with values that are not."""
    above = node.parent
    if above is None or own.size >= node.type.size:
        return False
    if above.kind == "LEFT_SHIFT":
        return above.children[0] is node
    if node.type.size < 4 or own.size < 2:
        return False
    if above.kind == "RETURN":
        return own.signed
    both = operands(above) if above.kind in ("ADD", "SUB", "MULT") else None
    return both is not None and all(child is node or child.kind == "CONSTANT" or child.type.size <= 2 for child in both)


def truth_of_a_choice(function: Function) -> Iterator[Node]:
    """Yield `!v`, or the returned call of a function that returns a char, with a type of more than one byte."""
    for node in function.nodes():
        above = out_of_commas(node).parent
        if node.type.size < 2 or above is None:
            continue
        if node.kind == "NOT" and above.kind not in _ASKS_FOR_TRUTH:
            into = widened_to(node, function)
            if into is None or into[0] != 1:
                yield node
        is_returned = node.kind == "CALL" and above.kind == "RETURN" and function.returns.size > 1
        if is_returned and node.children and _returned(node).size == 1:
            yield node


def _returned(node: Node) -> Type:
    """Return the type that a called function is declared with."""
    return parse_type(node.children[0].type.text.split(" function ")[0])


def minus_of_true(function: Function) -> Iterator[Node]:
    """Yield 65535 where the program may have the minus of a comparison that is always true; the source tells."""
    for node in function.nodes():
        if node.kind != "CONSTANT" or node.value != 0xFFFF or not node.type.text.endswith(" literal"):
            continue
        folded = node.type.text.startswith("const-_Bool") or not node.type.text.startswith("const-")
        into = widened_to(node, function)
        above = node.parent
        if folded and ((into and into[0] > 2) or (above and above.kind in (*COMPARISONS, "DIV", "MOD", "RIGHT_SHIFT"))):
            yield node


def choice_of_false(function: Function) -> Iterator[Node]:
    """Yield `c ? (v && 0) : w`: SDCC finds the first value to be 0, and leaves it out."""
    for node in function.nodes():
        if node.kind != "QUEST(?)" or [child.kind for child in node.children[1:]] != ["COLON(:)"]:
            continue
        below = node.children[1].children[0].walk()
        if any(
            one.kind == "ANDAND" and (one.children[-1].kind, one.children[-1].value) == ("CONSTANT", 0) for one in below
        ):
            yield node
