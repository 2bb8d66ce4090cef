"""The pieces of a value: its members, its elements, and the value that a pointer leads to. No chip in here.

`watch` and the debugger read their texts in different ways, but `*`, `[]`, `.` and `->` mean the same to both.
"""

from __future__ import annotations

import difflib
from typing import NamedTuple

from ..errors import Code, UsageError
from .types import AnyType, ArrayType, MemberField, OpaqueType, PointerType, RecordType

_NEAR = 0.5  # how alike two names must be


class Whole(NamedTuple):
    """A value of which a piece is wanted.

    Attributes:
        text: The user's words, for messages.
        type: Its type.
        is_bits: It is a bit-field.
        elsewhere: How bytes without a type are shown, as a hint.
    """

    text: str
    type: AnyType
    is_bits: bool
    elsewhere: str

    @property
    def _name(self) -> str:
        return "bit-field" if self.is_bits else self.type.name

    def target(self) -> AnyType:
        """Return the type of the value that a pointer leads to. The name of an array leads to its first element."""
        kind = self.type
        if isinstance(kind, ArrayType):
            return kind.element
        target = kind.target() if isinstance(kind, PointerType) else None
        if target is None or isinstance(target, OpaqueType):
            hint = self.elsewhere
            if isinstance(kind, RecordType):
                hint = "this is a structure, not a pointer: write . in place of ->, and leave out *"
            raise UsageError(
                f"{self.text!r}: the type {self._name} does not lead to a value of a known type",
                code=Code.NO_VARIABLE,
                hint=hint,
            )
        return target

    def element(self, index: int, *, unbounded: bool = False) -> AnyType:
        """Return the type of an element of an array, or of the values that a pointer leads to.

        Args:
            index: Its number.
            unbounded: An array of unknown length has any element.
        """
        kind = self.type
        if isinstance(kind, PointerType):
            return self.target()
        if not isinstance(kind, ArrayType):
            raise self._without("elements")
        if not 0 <= index < kind.length and (kind.length or not unbounded):
            raise UsageError(
                f"{self.text!r}: the index {index} is outside of an array with {kind.length} elements",
                code=Code.NO_VARIABLE,
                hint=f"its indices are 0 to {kind.length - 1}"
                if kind.length
                else "the ELF does not say how many it has",
            )
        return kind.element

    def member(self, name: str) -> MemberField:
        """Return a member of a structure or union."""
        kind = self.type
        if isinstance(kind, PointerType) and isinstance(kind.target(), RecordType):
            raise UsageError(
                f"{self.text!r}: this is a pointer to a structure",
                code=Code.NO_VARIABLE,
                hint=f"write -> in front of {name}",
            )
        if not isinstance(kind, RecordType):
            raise self._without("members")
        for member in kind.members:
            if member.name == name:
                return member
        names = [member.name for member in kind.members]
        close = difflib.get_close_matches(name, names, 3, _NEAR) or names
        raise UsageError(
            f"{self.text!r}: {kind.name} has no member {name}",
            code=Code.NO_VARIABLE,
            hint=f"it has {', '.join(close)}",
        )

    def _without(self, pieces: str) -> UsageError:
        return UsageError(
            f"{self.text!r}: {self._name} has no {pieces}",
            code=Code.NO_VARIABLE,
            hint=f"leave out what asks for its {pieces}",
        )
