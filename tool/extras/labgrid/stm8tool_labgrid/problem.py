"""Errors that labgrid-client prints in one line, with exit code 1.

labgrid-client does that for a few classes only. `UserError` of its own is the one that adds no lines of advice. All
other errors end it with a traceback and exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from labgrid.remote.client import UserError

from stm8tool import Code, ToolError


class Stm8ToolError(UserError):
    """A failure outside of the test: probe, chip, file or configuration.

    Attributes:
        code: The situation, as docs/errors.md names it.
        exit_code: The exit code that stm8tool has for it.
        hint: What to do next; None if there is no advice.
        details: The evidence, one line for each piece.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Code = Code.USAGE,
        exit_code: Optional[int] = None,
        hint: Optional[str] = None,
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{message} {code}" + (f"; hint: {hint}" if hint else ""))
        self.code = code
        self.exit_code = code.exit_code if exit_code is None else exit_code
        self.hint = hint
        self.details = details


@contextmanager
def told() -> Iterator[None]:
    """Turn an error of stm8tool into one that labgrid-client prints in one line."""
    try:
        yield
    except ToolError as exc:
        raise Stm8ToolError(
            str(exc), code=exc.code, exit_code=exc.exit_code, hint=exc.hint, details=exc.details
        ) from exc
