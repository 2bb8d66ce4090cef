"""stdout and stderr as they come: closed, full, or with nobody reading; none of that is a reason to stop half-way."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Optional, TextIO


def set_up() -> None:
    """Open the null device for a stream that is closed, and let both take every text.

    Otherwise the next file that is opened would get the stream's number, and what a C library says would go there.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            null = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(null, "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name must not end the program


def put(stream: TextIO, text: str) -> Optional[OSError]:
    """Write and flush; return why that failed, after which the stream swallows everything, also at Python's end."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as exc:
        with suppress(OSError), Path(os.devnull).open("w") as null:  # some streams of other programs have no number
            os.dup2(null.fileno(), stream.fileno())
        return exc
    return None
