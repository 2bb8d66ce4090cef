"""The text of a program: it is passed on as it comes, and its end is kept for the result of the command."""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .console import Console

MOST = 1 << 16  # characters that are kept; our choice


class Heard:
    """Takes the bytes that a program sends.

    Args:
        console: Where its text goes.

    Attributes:
        size: How many bytes the program has sent.
    """

    def __init__(self, console: Console) -> None:
        self.size = 0
        self._console = console
        self._kept = ""
        self._decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8")("backslashreplace"), translate=True
        )

    @property
    def text(self) -> str:
        """The last characters of its text."""
        return self._kept[-MOST:]

    def put(self, data: bytes) -> None:
        """Take bytes of the program."""
        self.size += len(data)
        self._pass_on(self._decoder.decode(data))

    def end(self) -> None:
        """Take no more: show bytes that are not whole characters, and end the line."""
        self._pass_on(self._decoder.decode(b"", final=True))
        self._console.interrupt()

    def _pass_on(self, text: str) -> None:
        self._console.output(text)
        self._kept += text
        if len(self._kept) > 2 * MOST:
            self._kept = self._kept[-MOST:]
