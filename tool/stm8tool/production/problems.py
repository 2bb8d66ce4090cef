"""Everything that is wrong with a job. It is collected, so that the user reads all of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from ..errors import Code, ToolError, UsageError
from ..words import JOB, said

_HINT = "correct the job file; docs/production.md has a row for each key"


class Problems:
    """The problems of one job file, in the order in which they were found."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found: list[str] = []

    def add(self, key: str, text: str, advice: Optional[str] = None) -> None:
        """Note that the value of `key` is wrong."""
        self._found.append(f"{key}: {text}" + (f" ({advice})" if advice else ""))

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        """Note an error inside as a problem of `key`."""
        try:
            yield
        except ToolError as exc:
            self.add(key, str(exc), said(exc.advice, JOB))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._found)

    def require_none(self) -> None:
        """Raise UsageError if there are problems: one as the message, several as the details."""
        if len(self._found) == 1:
            raise UsageError(f"{self._file}: {self._found[0]}", code=Code.JOB, hint=_HINT)
        if self._found:
            raise UsageError(
                f"{self._file}: {len(self._found)} things are wrong; no chip was touched",
                code=Code.JOB,
                hint=_HINT,
                details=self._found,
            )
