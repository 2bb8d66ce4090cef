"""The types with which SDCC really works where it has worked out the condition of a choice. Pure: no SCons in here.

SDCC takes the chosen value of `1 ? v : w` out of its tree, and writes the type of the whole over its type. It makes the
code by the type that the value had before. That one stands in a declaration, in the intermediate code, or in what the
value is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Optional

from .syntax_tree import Function, Node, Type, parse_type
from .tree_questions import operands

_PLACES = ("PTR_ACCESS", "ARRAY_OP", "DEREF")
_SUMS = ("ADD", "SUB", "MULT", "DIV", "MOD")
_OF_THE_FIRST = ("UMINUS", "LEFT_SHIFT", "RIGHT_SHIFT")
_INT = 2  # bytes
_LARGEST_FACTOR = 0x7FFF // 0xFF


class Real(NamedTuple):
    """A whole number, as SDCC works with it."""

    size: int  # bytes
    signed: bool


def as_tree(node: Node) -> Real:
    """Return the type that a node has in the tree."""
    size = node.type.size or (node.type.bits + 7) // 8
    return Real(size, node.type.signed)


def common(one: Real, two: Real) -> Real:
    """Return the type in which two values meet."""
    one, two = _promoted(one), _promoted(two)
    if one.size != two.size:
        return max(one, two)
    return Real(one.size, one.signed and two.signed)


def _promoted(kind: Real) -> Real:
    return kind if kind.size >= _INT else Real(_INT, True)


def written_over(function: Function) -> Iterator[tuple[Node, Real]]:
    """Yield each value that has another type in the tree, and the type that it has really."""
    for node in function.nodes():
        real = _own(node, function)
        if real and node.type.size and real != as_tree(node):
            yield node, real


def _own(node: Node, function: Function) -> Optional[Real]:
    if node.kind == "SYMBOL":
        return declared(node, function)
    if node.kind == "CALL" and node.children:
        return _real(returned(node))
    if node.kind == "CONSTANT":
        value = node.value or 0
        return None if value >= 0 or node.type.signed else Real(_INT if value >= -0x8000 else 4, True)
    if node.kind in _PLACES:
        return _loaded(node, function)
    return _made(node) if node.type.size >= _INT else None


def declared(node: Node, function: Function) -> Optional[Real]:
    """Return the type with which a variable is declared, if that is known."""
    named = node.name if node.level else f"_{node.name.lstrip('_')}"
    return _real((function.declared.get(named) or function.types.get(named)) if node.name else None)


def returned(node: Node) -> Type:
    """Return the type that a called function is declared with."""
    return parse_type(node.children[0].type.text.split(" function ")[0])


def _real(kind: Optional[Type]) -> Optional[Real]:
    if kind is None or "_Bool" in kind.text or not kind.width:
        return None
    return Real(kind.size or (1 if kind.bits <= 8 else _INT), kind.signed)


def _loaded(node: Node, function: Function) -> Optional[Real]:
    """Return the type that the code of the line reads; None if it reads several, or the one in the tree."""
    kinds = {_real(kind) for kind in function.loaded.get((node.file, node.line), ())} - {None}
    return kinds.pop() if len(kinds) == 1 else None


def _made(node: Node) -> Optional[Real]:
    """Return the type of what a value is made of, where the tree says a wider one, or an unsigned one."""
    real: Optional[Real] = None
    both = operands(node)
    if node.kind in _SUMS and both:
        if not any(one.type.size > 1 or one.type.signed for one in both):
            return None
        real = common(as_tree(both[0]), as_tree(both[1])) if all(one.type.size for one in both) else None
    elif node.kind in _OF_THE_FIRST and node.children and node.children[0].type.size:
        real = as_tree(node.children[0])
    if real is None or real.size < _INT:
        return None
    widened = node.type.size > real.size
    return real if widened or (node.type.size == real.size and real.signed and not node.type.signed) else None


def passed_on(node: Node, real: Real, in_c: Optional[Real] = None) -> Iterator[tuple[Node, Real, Real]]:
    """Yield a value, and what SDCC makes of it: sums and the like, each with its real type and that of C.

    The tree has the type of C, unless it is given: then the nodes have the real one, and a cast to it may follow.
    """
    yield node, real, in_c or as_tree(node)
    if in_c and node.parent and node.parent.kind == "CAST" and node.parent.type.size <= max(_INT, real.size):
        node = node.parent
        yield node, real, in_c
    above = node.parent
    while above and above.type.size:
        if above.kind in _SUMS and len(above.children) == 2:
            other = above.children[0] if above.children[1] is node else above.children[1]
            if not real.signed and real.size < _INT and _stays_small(above, other):
                return
            real = common(real, as_tree(other))
            in_c = in_c and common(in_c, as_tree(other))
        elif above.kind not in _OF_THE_FIRST or above.children[0] is not node:
            return
        if real == (in_c or as_tree(above)):
            return
        yield above, real, in_c or as_tree(above)
        node, above = above, above.parent


def _stays_small(node: Node, other: Node) -> bool:
    """Whether what is made of an unsigned byte is neither negative nor too large for an int."""
    if (other.kind == "CONSTANT" and (other.value or 0) < 0) or (other.kind != "CONSTANT" and other.type.signed):
        return False
    return node.kind in ("ADD", "DIV", "MOD") or (node.kind == "MULT" and not is_large_product(node))


def is_large_product(node: Node) -> bool:
    """Whether a byte times the constant of a product may be too large for an int."""
    return node.kind == "MULT" and any(
        child.kind == "CONSTANT" and abs(child.value or 0) > _LARGEST_FACTOR for child in node.children
    )
