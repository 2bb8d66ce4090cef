"""Write to stdout and stderr, even if they are closed, full, or without a reader. The tool must not stop half-way."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Optional, TextIO


def set_up() -> None:
    """Open the null device for a closed stream, and make both streams accept every character.

    Otherwise the next open file would get the stream's number. Messages of a C library would go into it, and a child
    would read it as its stdin.
    """
    if sys.stdin is None:
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            null = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(null, "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name must not end the program


def put(stream: TextIO, text: str) -> Optional[OSError]:
    """Write and flush; return the error if that failed. Then the stream drops everything, even when Python ends."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as exc:
        with suppress(OSError), Path(os.devnull).open("w") as null:  # some streams have no file descriptor
            os.dup2(null.fileno(), stream.fileno())
        return exc
    return None


def take_escapes(stream: TextIO) -> bool:
    """Tell whether a terminal acts on escape sequences. A console of Windows has to be told to do so."""
    if sys.platform != "win32":
        return True
    import ctypes
    import msvcrt

    mode = ctypes.c_ulong()
    kernel = ctypes.windll.kernel32
    console = msvcrt.get_osfhandle(stream.fileno())
    enable = 0x0004  # ENABLE_VIRTUAL_TERMINAL_PROCESSING (Microsoft, "SetConsoleMode function")
    return bool(
        kernel.GetConsoleMode(console, ctypes.byref(mode)) and kernel.SetConsoleMode(console, mode.value | enable)
    )
