"""`stm8flash-compat` as a script calls it, for the tests of its rows in docs/compat.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from cli.desk import STM8S, Desk, Result, check_form
from stm8tool.cli import stm8flash as compat

Test = TypeVar("Test", bound=Callable[..., None])
FOLDER = Path(__file__).parent


def row(name: str) -> Callable[[Test], Test]:
    """Mark a test as one for the row of docs/compat.md's table whose first cell is `name`; `marked_rows` reads it."""
    return lambda test: test


def marked_rows() -> set[str]:
    """Return the names of all rows that have a test, whichever files pytest runs."""
    files = sorted(FOLDER.glob("test_compat_*.py"))
    return {name for file in files for name in re.findall(r'^@row\("(.*)"\)$', file.read_text("utf-8"), re.MULTILINE)}


class Flash:
    """`stm8flash-compat` as a script calls it, in the folder of a desk."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        self.desk = desk
        self._capsys = capsys

    def words(self, *words: str) -> Result:
        """Run it with these words alone."""
        result = Result(compat.main(words), *self._capsys.readouterr())
        check_form(result)
        return result

    def __call__(self, *words: str, part: str = STM8S, chip: str = "board.chip") -> Result:
        """Run it with a simulated board and a part."""
        return self.words("-c", f"sim:{chip}", "-p", part, *words)


def raw(name: str, content: bytes) -> str:
    """Write a file; return its name."""
    Path(name).write_bytes(content)
    return name


def usage(result: Result, message: str) -> None:
    """Assert that the command line was refused with `message`."""
    assert (result.code, result.reason) == (2, f"error: {message} [E-USAGE]")
    assert result.hint
