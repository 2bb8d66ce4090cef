"""The state in which a run that was cut off has left its log: a torn last line, and numbers without a result."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_CHUNK = 1 << 20
_RUN = b'{"event":"run",'
_OF_NUMBERS = (b'{"event":"serial",', b'{"event":"chip",', b'{"event":"gap",')
_ASIDE = ".torn"


class Mended(NamedTuple):
    """What was found and done.

    Attributes:
        torn: The number of bytes that were taken off the end of the log; 0 if it was whole.
        aside: The file that has these bytes now.
        numbers: The serial numbers that were announced, and that have no result.
    """

    torn: int
    aside: Path
    numbers: list[int]


def opened(path: Path) -> tuple[int, bool]:
    """Return a descriptor of the log that appends, and whether the log is new.

    Raises:
        OSError: It cannot be opened, or is not a regular file.
    """
    flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    is_new = False
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o666)
        is_new = True
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return descriptor, is_new


def is_log(first_line: bytes) -> bool:
    """Tell whether a file with this first line may be a log. An empty one may, and one with a torn first line."""
    return not first_line.strip(b"\0") or _RUN.startswith(first_line[: len(_RUN)]) or _is_event(first_line)


def mend(descriptor: int, path: Path) -> Mended:
    """Take torn lines off the end of a log, and find the numbers without a result.

    The torn bytes go to a file beside the log first: a power cut in between only makes them go there twice.

    Raises:
        OSError: The disk does not take it.
    """
    at = whole = 0
    numbers = _Numbers()
    for line in _lines(descriptor):
        at += len(line)
        if line.endswith(b"\n") and (_is_known(line) or _is_event(line)) and numbers.takes(line):
            whole = at
    size = os.fstat(descriptor).st_size
    aside = path.with_name(path.name + _ASIDE)
    if size > whole:
        _keep(descriptor, whole, aside)
        os.ftruncate(descriptor, whole)
        os.fsync(descriptor)
    return Mended(size - whole, aside, numbers.open())


class _Numbers:
    """The numbers of the last run of a log."""

    def __init__(self) -> None:
        self._open: dict[int, None] = {}

    def takes(self, line: bytes) -> bool:
        """Take a line; False: it has a number, and is damaged."""
        if line.startswith(_RUN):  # a run begins with the results of all numbers before it
            self._open.clear()
        elif line.startswith(_OF_NUMBERS):
            try:
                event = json.loads(line)
            except ValueError:
                return False
            number = event.get("serial")
            if not isinstance(number, int):
                return True
            if event["event"] == "serial":
                self._open[number] = None
            elif event["event"] == "gap" or event.get("result") == "pass":
                self._open.pop(number, None)
        return True

    def open(self) -> list[int]:
        return list(self._open)


def _is_known(line: bytes) -> bool:
    """Tell quickly that a line is whole: each write begins with this and ends with the brace and the line feed."""
    return line.startswith(b'{"event":"') and line.endswith(b"}\n") and b"\0" not in line


def _is_event(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and "event" in found


def _lines(descriptor: int) -> Iterator[bytes]:
    """Yield the lines of a file from its start; the last one may lack its line feed."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    rest = b""
    while True:
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


def _keep(descriptor: int, start: int, aside: Path) -> None:
    """Append the bytes of the log from `start` on to the file `aside`, and wait until the disk has them."""
    os.lseek(descriptor, start, os.SEEK_SET)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    target = os.open(aside, flags, 0o666)
    try:
        while True:
            piece = os.read(descriptor, _CHUNK)
            if not piece:
                break
            os.write(target, piece)
        os.write(target, b"\n")
        os.fsync(target)
    finally:
        os.close(target)
