"""How an upload ended: its error, and the codes of the warnings."""

from __future__ import annotations

import logging
import re
from typing import Optional

import pytest

from session.bench import Board, image_of
from stm8tool.errors import ToolError


def outcome(board: Board, size: int = 400) -> Optional[ToolError]:
    """Return how an upload ends: its error, or None when the chip then holds the image."""
    image = image_of(board.part, size=size)
    try:
        board.upload(image)
    except ToolError as exc:
        return exc
    assert board.holds(image)
    return None


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the codes of all warnings."""
    texts = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    return [code for text in texts for code in re.findall(r"\[(E-[A-Z-]+)\]", text)]
