"""Write docs/boards.md, docs/options.md and the index of docs/errors.md from the tables that the code itself uses.

    python3 docs/make_docs.py

A test compares what is committed with what this would write.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "boards"))

import make_boards  # noqa: E402

# The scripts of this folder are loaded by their paths: the folder is not on the module search path of who loads this.
error_index = SimpleNamespace(**runpy.run_path(str(DOCS / "error_index.py")))

# The builder's files are loaded one by one, as the builder does it: a name of theirs must not hide an installed module.
options = SimpleNamespace(**runpy.run_path(str(DOCS.parent / "builder" / "options.py")))

BOARDS_HEAD = """# Boards

`board = …` in platformio.ini. Every part that the flasher can program has a board: one with a name, or a generic one.
All are written by every [`upload_protocol`](options.md#protocols) `stlink…` and by `espstlink`; where `serial` is
listed, the chip has a UART bootloader in its ROM. `F_CPU` is 16 MHz, the internal oscillator; a chip starts with an
eighth of that, until the program writes its clock divider.

Sizes are bytes. "Sure" is how well the row is founded: *high*, a manual or two sources that agree; *medium*, one
source; *low*, an assumption that the note names. Where the chip on your board is another one, take its generic board,
or set `board_upload.part`, `board_upload.maximum_size` and `board_upload.maximum_ram_size`. "Registers" is the file
in the folder misc/svd that a debugger shows.

This page is made by `docs/make_docs.py`.

## Boards with a name
"""
GENERIC_HEAD = """
## Generic boards

One for each part without a board of its own: the chip, its memories, the default protocol `stlinkv2`. Those with an
STM8S or STM8AF offer the framework `spl`; none has an Arduino variant. "Sure" is the part table's word on the
figures.
"""
OWN_BOARD = """
## A board of your own

A file `boards/my_board.json` in the project, or in PlatformIO's core folder for all projects. A file in the platform's
own folder is lost with its next version. Nothing of it is needed but this:

```json
{
  "name": "My board",
  "vendor": "me",
  "url": "https://example.org",
  "build": {"cpu": "stm8", "f_cpu": "16000000L", "mcu": "stm8l151k4t6"},
  "upload": {"maximum_ram_size": 2048, "maximum_size": 16384}
}
```

Without `upload.protocol` it is `stlink`.
"""
OPTIONS_HEAD = """# Options in platformio.ini

What this platform understands besides PlatformIO's own. A value that is not allowed stops the run with a message that
names the option and what it may be. So does a name that is nearly one of these, or nearly one of PlatformIO's own. An
option of your own is safe if its name begins with `custom_`, or if platformio.ini or a script of the project reads it.
All count for every target that reaches a chip, not only for `upload`, where the meaning does not say otherwise.

A value reaches the flasher as it stands: no shell reads it. `$NAME` and `${NAME}` are replaced only if PlatformIO has a
variable of that name, such as `$PROJECT_DIR` or `$PIOENV`. A percent sign is written twice, as everywhere in this file.
With an `upload_command` of your own a shell reads the values, and one that the shell would change is refused.

This page is made by `docs/make_docs.py` from `builder/options.py`, the table that the builder checks with.

## Options
"""
PROTOCOLS_HEAD = """
## Protocols

`upload_protocol` is a wish: with one ST-LINK attached, that one is used, whatever its generation.
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; bars in cells are escaped."""
    lines = [head, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    text = ["|" + "|".join(f" {cell} " if cell else " " for cell in line) + "|\n" for line in lines]
    return "".join([text[0], "|---" * len(head), "|\n", *text[1:]])


def _memories(board: make_boards.Board) -> list[str]:
    part = board.part
    return [str(part.flash.size), str(part.eeprom.size) if part.eeprom else "", str(part.ram.size)]


def _registers(board: make_boards.Board) -> str:
    return str(board.manifest["debug"].get("svd_path", ""))[: -len(".svd")]


def boards_page() -> str:
    """Return docs/boards.md."""
    named: list[list[str]] = []
    generic: list[list[str]] = []
    for board in make_boards.boards():
        upload, row = board.manifest["upload"], board.row
        serial = "yes" if "serial" in upload["protocols"] else ""
        if board.id.startswith("generic_"):
            generic.append([f"`{board.id}`", *_memories(board), serial, _registers(board), row["confidence"]])
        else:
            named.append(
                [
                    f"`{board.id}`",
                    f"[{row['name']}]({row['url']})",
                    board.part.name,
                    *_memories(board),
                    " ".join(board.manifest["frameworks"]),
                    row["onboard_probe"],
                    f"`{upload['protocol']}`",
                    serial,
                    _registers(board),
                    row["confidence"],
                    "; ".join(filter(None, [row["notes"], f"source: {row['source']}"])),
                ]
            )
    sizes = ["Flash", "EEPROM", "RAM"]
    head = ["`board`", "Name", "Chip", *sizes, "Frameworks", "ST-LINK on it", "Default protocol", "`serial`"]
    first = table([*head, "Registers", "Sure", "Notes"], named)
    second = table(["`board`", *sizes, "`serial`", "Registers", "Sure"], generic)
    return f"{BOARDS_HEAD}\n{first}{GENERIC_HEAD}\n{second}{OWN_BOARD}"


def _written(option: Any) -> str:
    """Return the default: in code type where it can be written in platformio.ini, else it is words."""
    code = re.match(r"[$\d]", option.default) or option.default in option.values
    return f"`{option.default}`" if code else option.default


def options_page() -> str:
    """Return docs/options.md."""
    rows = [
        [
            f"`{option.name}`",
            ", ".join(f"`{value}`" for value in option.values) or option.form,
            _written(option),
            f"`{option.example}`",
            option.meaning,
        ]
        for option in options.OPTIONS.values()
    ]
    meanings = {**options.STLINK_PROTOCOLS, **options.OTHER_PROTOCOLS}
    listed = table(["Option", "Values", "Default", "Example", "Meaning"], rows)
    protocols = table(["`upload_protocol`", "Meaning"], [[f"`{name}`", text] for name, text in meanings.items()])
    return f"{OPTIONS_HEAD}\n{listed}{PROTOCOLS_HEAD}\n{protocols}"


def errors_page() -> str:
    """Return docs/errors.md, of which only the index is made."""
    page: str = error_index.page_of((DOCS / "errors.md").read_text(encoding="utf-8"))
    return page


PAGES = {"boards.md": boards_page, "options.md": options_page, "errors.md": errors_page}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_bytes(page().encode())


if __name__ == "__main__":
    main()
