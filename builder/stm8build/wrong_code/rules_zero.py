"""Wrong code that SDCC makes of a sum with 0: it leaves out the sum, and the type of the 0 too. Pure: no SCons in here.

The tree still has the sum with its type in C. The code works with the type of the other operand.
"""

from __future__ import annotations

from collections.abc import Iterator

from .real_types import Real, as_tree, passed_on
from .rules_choices import is_lost
from .syntax_tree import Function, Node
from .tree_questions import operands

_INT = Real(2, True)
_BYTE = 8  # bits
_FACTOR = 0xFFFF // 0xFF  # the largest one by which an unsigned byte stays below 16 bits


def plus_zero(function: Function) -> Iterator[Node]:
    """Yield `v + 0u` and the like where it matters that v has not got the type of the sum."""
    for node in function.nodes():
        both = operands(node) if node.kind == "ADD" else None
        if both is None or both[1].kind != "CONSTANT" or both[1].value != 0 or not both[1].type.size:
            continue
        if not node.type.size or not both[0].type.size:
            continue  # a pointer or a float
        real = as_tree(both[0])
        if real != as_tree(node) and (_is_lost_as_byte(node) if _is_a_byte(both[0]) else _is_lost(node, real)):
            yield node


def _is_lost(node: Node, real: Real) -> bool:
    return any(is_lost(*each) or _is_cut_before_a_sign(*each) for each in passed_on(node, real))


def _is_cut_before_a_sign(node: Node, real: Real, tree: Real) -> bool:
    """Whether the upper bytes of `-v` or `~v` come of a value that lacks them."""
    above = node.parent
    if above is None or real.size >= tree.size:
        return False
    return above.kind == "UMINUS" or (above.kind == "COMPL" and real.signed)


def _is_a_byte(node: Node) -> bool:
    """Whether a value is an unsigned char or bit-field that was widened: it is never negative."""
    kind = node.from_type if node.kind == "CAST" else node.type
    return kind is not None and not kind.signed and 0 < kind.width <= _BYTE


def _is_lost_as_byte(node: Node) -> bool:
    """Whether it matters that an unsigned byte is an int."""
    above, tree = node.parent, as_tree(node)
    if above is None:
        return False
    if above.kind == "UMINUS":
        return tree.size > _INT.size or is_lost(above, _INT, tree)
    both = operands(above)
    if not both:
        return False
    other = both[1] if both[0] is node else both[0]
    if above.kind in ("LEFT_SHIFT", "MULT") and other.kind == "CONSTANT":
        is_large = abs(other.value or 0) > (_FACTOR if above.kind == "MULT" else _BYTE)
        return is_large and is_lost(node, _INT, tree)
    if other.kind == "CONSTANT" or other.type.size > tree.size or (above.kind in ("ADD", "MULT") and _is_a_byte(other)):
        return False
    if above.kind == "LEFT_SHIFT" or not other.type.signed:
        return tree.size > _INT.size and is_lost(node, _INT, tree)
    return any(is_lost(*each) for each in passed_on(node, _INT))
