"""The constructs of C from which SDCC makes wrong code because it has worked out a condition.

SDCC takes the chosen value of `1 ? v : w` out of its tree and gives it the type of the whole, but does not convert it.
Each rule yields the nodes that come out wrong. Pure: no SCons in here.
"""

from __future__ import annotations

from collections.abc import Iterator

from .real_types import Real, as_tree, common, is_large_product, passed_on, returned, written_over
from .syntax_tree import Function, Node
from .tree_questions import BITWISE, COMPARISONS, EQUALITIES, operands, out_of_commas, widened_to

_ASKS_FOR_TRUTH = ("IF", "IFX", "ANDAND", "OROR", "NOT")
_FROM_LOW_BYTES = ("ADD", "SUB", "MULT", "UMINUS", "COMPL", *BITWISE)
_TAKING = ("CAST", "ASSIGN(=)", "RETURN")
_MOST = 8  # bytes
_MEETING = ("ADD", "SUB", "MULT", "DIV", "MOD", *BITWISE)


def minus_of_a_choice(function: Function) -> Iterator[Node]:
    """Yield minus of an unsigned value that has got a wider type: what SDCC leaves of a choice by a constant."""
    for node, real in written_over(function):
        above = node.parent
        if above and above.kind == "UMINUS" and not real.signed and real.size < node.type.size:
            yield above


def choice_by_a_constant(function: Function) -> Iterator[Node]:
    """Yield where a value has got another type, but was not converted to it, and this matters for what it is used."""
    for node, real in written_over(function):
        if any(is_lost(*each) for each in passed_on(node, real)):
            yield node


def is_lost(node: Node, real: Real, tree: Real) -> bool:
    """Tell whether it matters that a value has not got the type that C gives it."""
    return _loses_its_sign(node, real, tree) or _loses_its_width(node, real, tree)


def _loses_its_sign(node: Node, real: Real, tree: Real) -> bool:
    """Whether a value is widened, compared, divided or shifted right by another sign than that in C."""
    above = node.parent
    if above is None:
        return False
    becomes_unsigned = real.signed and not tree.signed
    if above.kind in ("CAST", "ASSIGN(=)"):
        return becomes_unsigned and above.type.size > tree.size and _used_bytes(above) > tree.size
    if above.kind == "RIGHT_SHIFT":
        return above.children[0] is node and becomes_unsigned and not _is_cut_again(above, real, tree)
    both = operands(above)
    if not both or above.kind not in (*_MEETING, *COMPARISONS, *EQUALITIES):
        return False
    other = both[0] if both[1] is node else both[1]
    in_c, in_code = common(tree, as_tree(other)), common(real, as_tree(other))
    if becomes_unsigned and in_c.size > tree.size:
        return True
    if above.kind in EQUALITIES:
        return in_code.size < in_c.size and real.signed and not other.type.signed and other.type.size >= in_code.size
    if above.kind not in (*COMPARISONS, "DIV", "MOD"):
        return False
    cut = real.signed and not in_code.signed and in_code.size < in_c.size
    if not cut and in_c.signed == in_code.signed:
        return False
    if not real.signed and (not other.type.signed or (other.kind == "CONSTANT" and (other.value or 0) >= 0)):
        return False  # neither value is negative
    return above.kind not in COMPARISONS or other.kind != "CONSTANT" or other.value != 0


def _used_bytes(node: Node) -> int:
    """Return how many bytes of a value are used, as far as the tree tells; sums and the like go from low to high."""
    while node.parent and node.parent.kind in _FROM_LOW_BYTES:
        node = node.parent
    above = node.parent
    return above.type.size if above and above.kind in _TAKING and above.type.size else _MOST


def _is_cut_again(node: Node, real: Real, tree: Real) -> bool:
    """Whether only the bits of a shifted value are used that it has in its real type, too."""
    above = node.parent
    into = above.type.size if above and above.kind in ("CAST", "ASSIGN(=)") else tree.size
    return into <= real.size < tree.size


def _loses_its_width(node: Node, real: Real, tree: Real) -> bool:
    """Whether a value was to become a wider one, and is used with values that are not."""
    above = node.parent
    if above is None or real.size >= tree.size or node.kind == "CONSTANT":
        return False
    if above.kind == "LEFT_SHIFT":
        return above.children[0] is node and _used_bytes(above) > real.size
    if above.kind == "RETURN":
        return real.signed
    both = operands(above) if above.kind in ("ADD", "SUB", "MULT") else None
    if not both or _used_bytes(above) <= 2 or tree.size < 4 or (real.size < 2 and not is_large_product(above)):
        return False
    return all(child is node or child.kind == "CONSTANT" or child.type.size <= 2 for child in both)


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
        if is_returned and node.children and returned(node).size == 1:
            yield node


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
