"""Tell an editor how to read SDCC's C: keywords as macros, macros of the compiler, include folders.

This is only for PlatformIO's IDE data. It does not reach the compiler. Keywords: SDCC Compiler User Guide, chapter 3.
"""

from __future__ import annotations

import re
from pathlib import Path

KEYWORDS = (
    "__asm",
    "__asm__(...)",
    "__at(address)",
    "__critical",
    "__data",
    "__endasm",
    "__far",
    "__interrupt(number)",
    "__naked",
    "__near",
    "__preserves_regs(...)",
    "__reentrant",
    "__sdcccall(number)",
    "__trap",
    "__using(number)",
    "__wparam",
    "__xdata",
)


def defines(predefined: str) -> list[tuple[str, str]]:
    """Return (name, value) of each macro that makes the editor see what SDCC sees.

    Args:
        predefined: The preprocessor's output with `-dM`.
    """
    macros = re.findall(r"^#define (__SDCC\w*) (.+)$", predefined, re.MULTILINE)
    return [*sorted(macros), *((keyword, "") for keyword in KEYWORDS)]


def include_folders(toolchain: Path) -> list[Path]:
    """Return the folder of SDCC's own headers, if it exists. In /usr, the second one has the headers of the system."""
    folders = (toolchain / "share" / "sdcc" / "include", toolchain / "include")  # the second one is for Windows
    return [folder for folder in folders if (folder / "stdint.h").is_file()][:1]
