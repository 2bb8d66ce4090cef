"""The simulated board of `upload_protocol = simulator`: its file, and stm8tool's words to make it and to run it.

Pure: no SCons in here. `pio test` reads this, too.
"""

from __future__ import annotations

import os
import re
from typing import Optional

PROTOCOL = "simulator"
_PREFIX = "sim:"


def given(port: str) -> Optional[str]:
    """Return the file of the board that `upload_port` names, or None."""
    return port[len(_PREFIX) :] if port.startswith(_PREFIX) else None


def port(board: str) -> str:
    """Return the value of `upload_port` for a board."""
    return f"{_PREFIX}{board}"


def board_file(build_dir: str, part: str) -> str:
    """Return the path of the board that an environment has in its build directory, relative to the project.

    Each part has its own: the board of another part cannot take its program.
    """
    name = re.sub(r"\W", "_", part, flags=re.ASCII).lower()
    try:
        folder = os.path.relpath(build_dir)
    except ValueError:  # on another drive of Windows
        folder = build_dir
    return os.path.join(folder, f"{name}.chip")  # noqa: PTH118 -- a text for a command line


def create(board: str, part: str, program: str = "") -> list[str]:
    """Return the words that make a board, and replace an older one if the new one holds a program."""
    holding = ["--program", program, "--force"] if program else []
    return ["sim", "create", board, "--part", part, "--probe", "v3", *holding]


def run(board: str, elf: str, *limits: str) -> list[str]:
    """Return the words that run the program of a board."""
    return ["sim", "run", board, "--elf", elf, *limits]
