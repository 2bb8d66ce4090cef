"""Errors that labgrid-client prints in one line, with exit code 1.

labgrid-client does that for a few classes only. `UserError` of its own is the one that adds no lines of advice. All
other errors end it with a traceback and exit code 2.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from labgrid.remote.client import UserError

from stm8tool import Code, ToolError
from stm8tool.words import LIBRARY, Word, Words

# The words of hints for a user of labgrid: parameters of the driver, and its methods.
WORDS: Words = {
    **LIBRARY,
    "part": Word("`part`", "part: {}"),
    "probe": Word("`address`", "address: {}"),
    "base": Word("`base`", "base: {}"),
    "place": Word("`base`", "the address of the {} as `base`"),
    "options_show": Word("`options()`"),
    "options_set": Word("`set_options()`", "`set_options('{}')`"),
    "unlock": Word("`unlock()`"),
    "unlock_target": Word("`unlock()`"),
    "unlock_never": Word("auto_unlock: false"),
    "erase": Word("`erase()`"),
    "reset": Word("`reset()`"),
    "write": Word("`load()`"),
    "list": Word("`stm8tool list`"),
    "allow_remote": Word("allow_remote: true below the driver"),
}


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
    """Turn an error of stm8tool into one that labgrid-client prints in one line.

    At SIGTERM labgrid-client leaves with exit code 0. A job that it cuts short is not a success, so the code changes.
    """
    try:
        yield
    except ToolError as exc:
        raise Stm8ToolError(
            str(exc), code=exc.code, exit_code=exc.exit_code, hint=exc.hint_in(WORDS), details=exc.details_in(WORDS)
        ) from exc
    except SystemExit as exc:
        if exc.code:
            raise
        raise SystemExit(128 + signal.SIGTERM) from exc
