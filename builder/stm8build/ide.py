"""What an editor has to know of SDCC to read its C: keywords as macros, macros of the compiler, include folders.

Only for PlatformIO's IDE data; nothing of it reaches the compiler. Keywords: SDCC Compiler User Guide, chapter 3.
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
        predefined: What the preprocessor lists with `-dM`.
    """
    macros = re.findall(r"^#define (__SDCC\w*) (.+)$", predefined, re.MULTILINE)
    return [*sorted(macros), *((keyword, "") for keyword in KEYWORDS)]


def include_folders(toolchain: Path) -> list[Path]:
    """Return the folders of SDCC's own headers that are there; the second one is where Windows has them."""
    folders = (toolchain / "share" / "sdcc" / "include", toolchain / "include")
    return [folder for folder in folders if (folder / "stdint.h").is_file()]
