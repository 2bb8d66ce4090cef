"""Run a command and take its output line by line, until the reader has enough or a time is over."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from enum import Enum
from types import TracebackType
from typing import IO, Optional

_LEAVE_S = 10.0  # how long a command may take to end; the flasher leaves the chip in order meanwhile


class Source(Enum):
    """Where a line came from."""

    OUT = "stdout"
    ERR = "stderr"
    END = "the end"


class SilenceError(Exception):
    """No line came for the time that was given."""


class Command:
    """A running command: a context manager. Its standard input stays open until it is left.

    Args:
        words: The program and its arguments.
        ends_with_stdin: It ends in order when its standard input ends. Otherwise a signal ends it.
    """

    def __init__(self, words: Sequence[str], *, ends_with_stdin: bool = False) -> None:
        self._ends_with_stdin = ends_with_stdin
        self._lines: queue.Queue[tuple[Source, str]] = queue.Queue()
        self._process = subprocess.Popen(
            [*words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        self._readers = [
            threading.Thread(target=self._read, args=(source, stream), daemon=True)
            for source, stream in ((Source.OUT, self._process.stdout), (Source.ERR, self._process.stderr))
        ]
        for reader in self._readers:
            reader.start()
        threading.Thread(target=self._wait, daemon=True).start()

    def _read(self, source: Source, stream: IO[bytes]) -> None:
        for line in stream:
            self._lines.put((source, line.decode("utf-8", "backslashreplace")))

    def _wait(self) -> None:
        for reader in self._readers:
            reader.join()
        self._lines.put((Source.END, ""))

    def line(self, seconds: float) -> tuple[Source, str]:
        """Return the next line with its source; SilenceError if none comes in that time."""
        try:
            return self._lines.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise SilenceError from None

    @property
    def exit_code(self) -> int:
        """The exit code of a command whose output has ended."""
        return self._process.wait(_LEAVE_S)

    def __enter__(self) -> Command:
        """Return it."""
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """End the command: its standard input ends, then it gets signals."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        ends = [self._process.terminate, self._process.kill]
        if self._ends_with_stdin:
            ends.insert(0, lambda: None)
        for end in ends:
            end()
            try:
                self._process.wait(_LEAVE_S)
                return
            except subprocess.TimeoutExpired:
                continue


def deadline(seconds: float) -> float:
    """Return when that time will be over."""
    return time.monotonic() + seconds


def left(until: float) -> float:
    """Return the seconds until then."""
    return until - time.monotonic()
