"""The documents as tests see them: their sections, tables and console examples, and how an example is run."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from pio import ROOT
from stm8tool.cli import main as cli
from stm8tool.cli import stm8flash as compat

DOCS = {path.relative_to(ROOT).as_posix(): path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
PROGRAMS: dict[str, Callable[[list[str]], int]] = {"stm8tool": cli.main, "stm8flash-compat": compat.main}


class Example(NamedTuple):
    """A command of a console block as a user types it, and what the document says that it prints."""

    command: str
    expected: str

    @property
    def words(self) -> list[str]:
        """What follows the name of the program."""
        _, words = self._parts()
        return words[1:]

    def run(self) -> tuple[int, str]:
        """Run it in the current folder; return its exit code and what a terminal shows."""
        variables, words = self._parts()
        if words[0] == "mkdir":
            Path(words[1]).mkdir()
            return 0, ""
        with _environment(variables):
            return run(words[1:], PROGRAMS[words[0]])

    def fits(self, shown: str) -> bool:
        """Tell whether `shown` is what the document has: "…" is any text in a line, or, alone on one, any lines."""
        lines = self.expected.splitlines(keepends=True)
        pieces = ("(?:.*\\n)*" if line == "…\n" else ".*".join(map(re.escape, line.split("…"))) for line in lines)
        return re.fullmatch("".join(pieces), shown) is not None

    def _parts(self) -> tuple[dict[str, str], list[str]]:
        """Return the variables that are set in front of the command, and its words."""
        words = shlex.split(self.command)
        variables = {}
        while "=" in words[0]:
            name, _, variables[name] = words.pop(0).partition("=")
        return variables, words


def read(name: str) -> str:
    """Return a document by its path in the repository."""
    return DOCS[name].read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next of its rank or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n", text, re.MULTILINE)
    assert found, heading
    below = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", below, re.MULTILINE)
    return below[: end.start()] if end else below


def first_cells(text: str) -> list[str]:
    """Return the first cell of every table row but the heads, without back quotes."""
    rows = re.findall(r"^\| *(.*?) *\|", re.sub(r"^\|.*\n\|[-|]+\n", "", text, flags=re.MULTILINE), re.MULTILINE)
    return [row.replace("`", "") for row in rows]


def examples(text: str) -> Iterator[Example]:
    """Yield the commands of all console blocks in order."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            yield Example(command, expected)


class Terminal(StringIO):
    """What it shows."""

    encoding = "utf-8"


def run(words: list[str], program: Callable[[list[str]], int] = cli.main) -> tuple[int, str]:
    """Run stm8tool or another program; return its exit code and what a terminal shows."""
    shown = Terminal()
    with redirect_stdout(shown), redirect_stderr(shown):
        return program(words), shown.getvalue()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
