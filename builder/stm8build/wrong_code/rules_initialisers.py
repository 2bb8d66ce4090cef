"""The constructs of other rules, as SDCC's intermediate code has them: in initialisers, and in `if (a != b)`.

SDCC has cut constants and casts there already. So `confirmations.py` compares with the source. Pure: no SCons in here.
"""

from __future__ import annotations

from collections.abc import Iterator

from .rules_bytes import equals_a_small_constant, is_taken_as_signed, is_widened
from .rules_fields import loses_the_sign, meet_in_a_byte
from .syntax_tree import Function, Node
from .tree_questions import COMPARISONS, EQUALITIES, is_volatile, is_whole_upper_half, operands, variable_and_constant


def _nodes(function: Function) -> Iterator[Node]:
    for statement in function.initial:
        yield from statement.walk()


def cut_constant(function: Function) -> Iterator[Node]:
    """Yield comparisons of a signed value with a constant of its own size."""
    for node in _nodes(function):
        found = variable_and_constant(node) if node.kind in COMPARISONS else None
        if found and found[0].type.signed and found[0].type.size and not _is_widened(found[0]):
            yield node


def _is_widened(node: Node) -> bool:
    return node.kind == "CAST" and (node.from_type is None or node.from_type.size <= node.type.size)


def byte_against_truth(function: Function) -> Iterator[Node]:
    """Yield comparisons of an unsigned char with the result of `!`, `&&` or `||`: both are cast to signed char."""
    for node in _nodes(function):
        both = operands(node) if node.kind in COMPARISONS else None
        if not both or not all(one.kind == "CAST" and one.type.size == 1 and one.type.signed for one in both):
            continue
        below = [one.children[0] for one in both if one.children]
        truths = [one for one in below if one.type.text.startswith("_Bool")]
        bytes_ = [one for one in below if one.type.size == 1 and not one.type.signed and one not in truths]
        if truths and bytes_:
            yield node


def choice_of_bytes(function: Function) -> Iterator[Node]:
    """Yield a choice of an unsigned char and a signed one; the code has no condition, but both values."""
    for node in _nodes(function):
        if node.kind != "QUEST(?)" or node.type.size != 1 or not node.type.signed:
            continue
        if (
            any(map(is_taken_as_signed, node.children))
            and is_widened(node, function)
            and not equals_a_small_constant(node)
        ):
            yield node


def minus_of_a_choice(function: Function) -> Iterator[Node]:
    """Yield minus in 8 bits that is widened."""
    for node in _nodes(function):
        above = node.parent
        if node.kind == "UMINUS" and node.type.size == 1 and above and above.kind == "CAST" and above.type.size > 2:
            yield node


def field_against_negative(function: Function) -> Iterator[Node]:
    """Yield comparisons of an unsigned bit-field of 8 bits with a constant of at least 128."""
    for node in _nodes(function):
        found = variable_and_constant(node) if node.kind in (*COMPARISONS, *EQUALITIES) else None
        if found and found[0].type.bits == 8 and not found[0].type.signed and 128 <= found[1] < 256:
            yield node


def field_cast(function: Function) -> Iterator[Node]:
    """Yield a sum or a difference of a bit-field that is widened as a signed one, or compared."""
    for node in _nodes(function):
        above = node.parent
        if node.kind not in ("ADD", "SUB") or node.type.size != 2 or not node.type.signed or above is None:
            continue
        fields = [one for one in node.children if one.kind == "CAST" and one.from_type and 8 < one.from_type.bits < 16]
        if fields and ((above.type.size > 2 and above.type.signed) or above.kind in (*COMPARISONS, "DIV", "MOD")):
            yield node


def field_and_byte(function: Function) -> Iterator[Node]:
    """Yield a bit-field and a byte that are compared or divided after a cast of one to the sign of the other."""
    for node in _nodes(function):
        both = operands(node) if node.kind in (*COMPARISONS, *EQUALITIES, "DIV", "MOD", "OR", "XOR") else None
        if not both or any(one.type.width > 8 for one in both):
            continue
        origins = [one.children[0] if one.kind == "CAST" and one.children else one for one in both]
        if meet_in_a_byte(node, origins[0], origins[1], function) or loses_the_sign(
            node, (origins[0], origins[1]), function
        ):
            yield node


def upper_half(function: Function) -> Iterator[Node]:
    """Yield the choice between 1 and a constant whose low 32 bits are 0."""
    for node in _nodes(function):
        values = [child.value for child in node.children if child.kind == "CONSTANT"]
        chooses = node.kind == "QUEST(?)" and node.type.size == 8 and len(values) == 2 and 1 in values
        if chooses and any(value is not None and is_whole_upper_half(value % (1 << 64)) for value in values):
            yield node


def shift_by_unsigned(function: Function) -> Iterator[Node]:
    """Yield a signed value that is cast to unsigned and shifted left, where the result is widened or compared."""
    for node in _nodes(function):
        both = operands(node) if node.kind == "LEFT_SHIFT" and not node.type.signed else None
        if not both or both[0].kind != "CAST" or not both[0].from_type or not both[0].from_type.signed:
            continue
        top = node
        while (
            top.parent
            and top.parent.kind in ("ADD", "SUB", "UMINUS", "COMPL")
            and top.parent.type.size == top.type.size
        ):
            top = top.parent
        above = top.parent
        if top is not node and above and above.kind in ("CAST", *COMPARISONS) and above.type.size != top.type.size:
            yield node


def index_read_twice(function: Function) -> Iterator[Node]:
    """Yield where a place with a volatile index is read and written."""
    for node in function.initial:
        both = operands(node)
        if not both or not any(map(is_volatile, _indices(both[0]))):
            continue
        if any(below.kind == "PTR_ACCESS" and below.children[0].same_as(both[0]) for below in both[1].walk()):
            yield node


def _indices(place: Node) -> Iterator[Node]:
    """Yield what is added to an address. The sum itself has the type of the place, such as a volatile member."""
    while place.kind == "ADD" and len(place.children) == 2:
        yield from place.children[1].walk()
        place = place.children[0]


def mixed_bytes(function: Function) -> Iterator[Node]:
    """Yield `(x - v) ^ q` of 64 bits, with a signed char q that is cast to unsigned int in x: a kind of SDCC 4.5.0."""
    for node in _nodes(function):
        both = operands(node) if node.kind == "XOR" and node.type.size == 8 else None
        if not both or both[0].kind != "SUB" or both[1].kind != "CAST" or not both[1].from_type:
            continue
        if both[1].from_type.size == 1 and both[1].from_type.signed:
            casts = (below for below in both[0].walk() if below.kind == "CAST" and not below.type.signed)
            if any(cast.children[0].same_as(both[1].children[0]) for cast in casts):
                yield node


def remainder_of_true(function: Function) -> Iterator[Node]:
    """Yield `!v % c` or the like with an unsigned char c: both are cast to signed char."""
    for node in _nodes(function):
        both = operands(node) if node.kind == "MOD" else None
        if not both or not all(
            one.kind == "CAST" and one.children and one.type.text.startswith("signed-char") for one in both
        ):
            continue
        truth, divisor = (one.children[0] for one in both)
        if "_Bool" in truth.type.text and divisor.kind != "CONSTANT" and is_taken_as_signed(divisor):
            yield node
