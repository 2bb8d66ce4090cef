"""An error as a value: a message, a situation, a hint, evidence and numbers. It never changes.

Code that knows more makes a copy, and raises the copy from the first error:

    raise error.with_(code=Code.ROP_UPLOAD) from error

`code` is the situation (docs/errors.md). It stays the same from version to version, even if the message changes. Each
type has a usual code. If more is known, the error has a more exact code. The exit code is always the one of the code.
`details` is the evidence, with one line for each piece. `hint` is the next step: the error's own, or that of its code.
Both are in the words of the library. `hint_in` and `details_in` return them in other words (`words.py`).
Numbers are fields: an address, a count, the bytes that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional, TypeVar

from .codes import Code as Code
from .words import LIBRARY, Advice, Words, said

_Error = TypeVar("_Error", bound="ToolError")
# Python sets these after an error is raised, and so does `add_note`.
_SET_ON_THE_WAY = frozenset(("__traceback__", "__cause__", "__context__", "__suppress_context__", "__notes__"))


class ToolError(Exception):
    """Base of all expected failures. The message is one line. An error never changes.

    Attributes:
        code: The situation.
        advice: The hint, before the words of a vocabulary are filled in.
        evidence: The details, in the same form.
        cut: Addresses of the blocks whose programming began and was not seen to end.
        supply_mv: The supply that the probe measured, in mV, if it may be the cause; otherwise None.
    """

    code: Code
    advice: Optional[Advice]
    evidence: tuple[Advice, ...]
    cut: tuple[int, ...]
    supply_mv: Optional[int]

    def __init__(
        self,
        message: str,
        *,
        code: Optional[Code] = None,
        hint: Optional[Advice] = None,
        details: Sequence[Advice] = (),
        **fields: object,
    ) -> None:
        """Make the error.

        Args:
            message: One line.
            code: The situation; without it, the code of the type.
            hint: What to do next; without it, the hint of the code.
            details: The evidence, with one line for each piece.
            fields: The numbers of the type.
        """
        super().__init__(message)
        code = code or type(self).code
        advice = code.hint if hint is None else hint
        own = {"code": code, "advice": advice, "evidence": tuple(details), "cut": (), "supply_mv": None}
        vars(self).update({**own, **fields})

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this error: the one of its code."""
        return self.code.exit_code

    @property
    def hint(self) -> Optional[str]:
        """The next step, in words of the library; None if there is no hint."""
        return self.hint_in(LIBRARY)

    @property
    def details(self) -> tuple[str, ...]:
        """The evidence, one line for each piece, in words of the library."""
        return self.details_in(LIBRARY)

    def hint_in(self, words: Words) -> Optional[str]:
        """Return the hint in the words of a vocabulary."""
        return said(self.advice, words) or None

    def details_in(self, words: Words) -> tuple[str, ...]:
        """Return the evidence in the words of a vocabulary."""
        return tuple(said(line, words) or "" for line in self.evidence)

    def with_(
        self: _Error,
        *,
        code: Optional[Code] = None,
        hint: Optional[Advice] = None,
        details: Optional[Sequence[Advice]] = None,
        **fields: object,
    ) -> _Error:
        """Return a copy with the given changes; raise it from this error.

        Args:
            code: Another situation, which also gives the exit code.
            hint: Another hint; "" for none.
            details: Other details, which replace all details.
            fields: Other numbers.
        """
        unknown = fields.keys() - vars(self).keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        given = {"code": code, "advice": hint, "evidence": None if details is None else tuple(details)}
        changes = {name: value for name, value in given.items() if value is not None}
        return _made(type(self), self.args, {**vars(self), **changes, **fields})

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: an error does not change."""
        if name not in _SET_ON_THE_WAY:
            raise AttributeError(f"an error does not change: use with_({name.lstrip('_')}=…)")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        """Refuse, as `__setattr__` does."""
        if name not in _SET_ON_THE_WAY:
            raise AttributeError(f"an error does not change: {name} stays")
        super().__delattr__(name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to copy and pickle it: with all fields, and without a call of `__init__`."""
        return _made, (type(self), self.args, vars(self))


def _made(kind: type[_Error], args: tuple[Any, ...], fields: dict[str, Any]) -> _Error:
    """Return an error with these fields, without its `__init__`."""
    error = kind.__new__(kind, *args)
    vars(error).update(fields)
    return error
