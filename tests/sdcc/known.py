"""The constructs of which SDCC is known to make wrong code, so that a random program does not show them again.

The comments have the names of the kinds: see docs/compilers.md.
"""

from __future__ import annotations

from .standard import COMPARISONS, INT, S8, UINT, Type, common
from .tree import Assign, Binary, Call, Cast, Choice, Expression, Literal, Place, Unary


def is_byte(node: Expression) -> bool:
    """Whether SDCC can hold the value in 8 bits: by its type, or by how it is made."""
    if isinstance(node, Cast):
        return node.to.bits <= 8 or is_byte(node.operand)
    if isinstance(node, Literal):
        return 0 <= node.value <= 255
    if isinstance(node, Binary):
        if node.sign in COMPARISONS or node.sign in ("&&", "||"):
            return True
        if node.sign in ("|", "^", "+", "-", "*", "/", "%"):
            return is_byte(node.left) and is_byte(node.right)
        if node.sign == "&":
            return is_byte(node.left) or is_byte(node.right)
        return node.sign == ">>" and is_byte(node.left)
    if isinstance(node, Unary):
        return node.sign == "!" or is_byte(node.operand)
    if isinstance(node, Choice):
        return is_byte(node.yes) or is_byte(node.no)
    if isinstance(node, Place):
        return node.type_.bits <= 8 or 0 < node.width <= 8
    return node.type.bits <= 8


def has_field(node: Expression) -> bool:
    """Whether the value comes from a bit-field as it is."""
    if isinstance(node, Cast):
        return has_field(node.operand)
    if isinstance(node, Choice):
        return has_field(node.yes) or has_field(node.no)
    if isinstance(node, Binary) and node.sign in ("&", "|", "^"):
        return has_field(node.left) or has_field(node.right)
    return isinstance(node, Place) and bool(node.width)


def constant(node: Expression) -> bool:
    if isinstance(node, Literal):
        return True
    if isinstance(node, (Cast, Unary)):
        return constant(node.operand)
    if isinstance(node, Choice):
        return constant(node.yes) or constant(node.no)
    return isinstance(node, Binary) and constant(node.left) and constant(node.right)


def is_truth(node: Expression) -> bool:
    """Whether the value is that of ! && || or a comparison."""
    if isinstance(node, Unary):
        return node.sign == "!"
    return isinstance(node, Binary) and (node.sign in COMPARISONS or node.sign in ("&&", "||"))


def known(node: Expression) -> bool:
    """Whether a node, without the nodes below it, is of a known kind."""
    if isinstance(node, Binary):
        return _binary(node.sign, node.left, node.right)
    if isinstance(node, Assign):
        if node.sign and _binary(node.sign, node.place, node.value):
            return True
        return bool(node.place.width) and (has_field(node.value) or node.place.width <= 8)
    if isinstance(node, Cast):
        if has_field(node.operand):  # field-cast
            return True
        inner = node.operand
        return node.to is UINT and (inner.type is S8 or (isinstance(inner, Cast) and inner.to is S8))  # kept-sign
    if isinstance(node, Unary):
        return node.sign == "~" and (node.operand.type.bits > 16 or has_field(node.operand))  # complemented-twice
    if isinstance(node, Call):
        return any(
            isinstance(argument, Unary) and argument.sign == "~" for argument in node.arguments
        )  # complemented-twice
    return False


def _binary(sign: str, left: Expression, right: Expression) -> bool:
    kind = common(left.type, right.type)
    if sign == "-":
        return (is_byte(right) and not isinstance(right, Literal)) or (
            constant(left) and kind.bits > 16
        )  # lost-borrow, negated-borrow
    if sign in COMPARISONS:
        if has_field(left) or has_field(right):  # field-against-negative
            return True
        if (is_truth(left) and is_byte(right)) or (is_truth(right) and is_byte(left)):  # byte-against-truth
            return True
        return _compared(left, right, kind) or _compared(right, left, kind)  # cut-constant, upper-half
    if sign in ("<<", ">>"):
        return (is_byte(left) and sign == ">>") or (kind.bits == 64 and constant(left))  # shift-count, shifted-constant
    if sign == "^" and (left == right or kind.bits == 64):  # short-push, mixed-bytes
        return True
    if sign in ("&", "|", "^") and {left.type, right.type} == {INT, UINT}:  # signed-or-unsigned
        return True
    wide = kind.bits == 64 or (sign == "^" and kind.bits > 16)  # long-constant, modulo, complemented-sign
    return wide and (constant(left) or constant(right))


def _compared(value: Expression, other: Expression, kind: Type) -> bool:
    if not constant(other):
        return False
    if kind.bits == 64:
        return True
    narrow = isinstance(value, Cast) or is_byte(value) or value.type != kind
    return narrow or not isinstance(other, Literal) or value.type.signed != other.type.signed
