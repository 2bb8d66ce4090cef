"""docs/boards.md, docs/options.md, and the tables of targets, faults and errors, from the tables that the code uses.

`python3 dev.py generate` writes them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent / name) for name in ("boards", "builder", "docs", "tool")]

import error_index  # noqa: E402
import make_boards  # noqa: E402

from stm8build import options, targets  # noqa: E402
from stm8tool.parts.table import all_parts  # noqa: E402
from stm8tool.sim import faults  # noqa: E402

BOARDS_HEAD = """# Boards

Write `board = …` in platformio.ini. Every part that the flasher can program has a board: one with a name, or a generic
one. The flasher knows {parts} parts of the STM8S, STM8L, STM8AF, STM8AL, STLUX and STNRG series. `stm8tool parts` lists
them.

Every board can be written by every [`upload_protocol`](options.md#protocols) `stlink…` and by `espstlink`. If a row
says `serial`, the chip also has a UART bootloader in its ROM. If the default protocol is `serial`, `upload` runs
stm8gal. To upload through an ST-LINK, set `upload_protocol`.

`F_CPU` is 16 MHz, the internal oscillator. A chip starts with an eighth of that, until the program writes its clock
divider.

Sizes are bytes. "Sure" says where the row comes from. *High*: a manual, or two sources that agree. *Medium*: one
source. *Low*: an assumption, which the note names. "Registers" is the file in the folder misc/svd that a debugger
shows.

Is another chip on your board? Use the generic board of that chip, or set `board_upload.part`,
`board_upload.maximum_size` and `board_upload.maximum_ram_size`.

`docs/make_docs.py` makes this page.

## Boards with a name
"""
GENERIC_HEAD = """
## Generic boards

There is one for each part without a board of its own. It says the chip, its memories and the default protocol
`stlinkv2`. Boards with an STM8S or STM8AF offer the framework `spl`. None of them has an Arduino variant. "Sure" is
the part table's word on the figures.
"""
OWN_BOARD = """
## A board of your own

Write a file `boards/my_board.json` in the project, or in PlatformIO's core folder for all projects. Do not put it
into the platform's own folder: the next version of the platform removes it there. The file needs only this:

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

This platform understands these options besides PlatformIO's own. A value that is not allowed stops the run. The
message names the option and its possible values. A name that is nearly one of these, or nearly one of PlatformIO's
own, also stops the run. An option of your own is safe if its name begins with `custom_`, or if platformio.ini or a
script of the project reads it.

All options count for every target that reaches a chip, not only for `upload`. If an option counts for fewer targets,
its meaning says so.

A value reaches the flasher as you wrote it: no shell reads it. `$NAME` and `${NAME}` are replaced only if PlatformIO
has a variable of that name, such as `$PROJECT_DIR` or `$PIOENV`. Write a percent sign twice, as everywhere in this
file. With an `upload_command` of your own a shell reads the values. A value that the shell would change is refused.

`docs/make_docs.py` makes this page from `builder/stm8build/options.py`, the table that the builder uses for its checks.

## Options
"""
PROTOCOLS_HEAD = """
## Protocols

`upload_protocol` is a wish. If one ST-LINK is attached, the flasher uses it, whatever its generation.
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
                    row["notes"],
                    row["source"],
                ]
            )
    sizes = ["Flash", "EEPROM", "RAM"]
    head = ["`board`", "Name", "Chip", *sizes, "Frameworks", "ST-LINK on it", "Default protocol", "`serial`"]
    first = table([*head, "Registers", "Sure", "Notes", "Source"], named)
    second = table(["`board`", *sizes, "`serial`", "Registers", "Sure"], generic)
    head_text = BOARDS_HEAD.format(parts=len(all_parts()))
    return f"{head_text}\n{first}{GENERIC_HEAD}\n{second}{OWN_BOARD}"


def _written(option: options.Option) -> str:
    """Return the default: in code type where it can be written in platformio.ini, else it is words."""
    return f"`{option.default}`" if option.has_default else option.default


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


PAGES = {DOCS / "boards.md": boards_page, DOCS / "options.md": options_page}
TARGETS_HEAD = ("`pio run -t …`", "does", "needs a build")


def with_targets(page: str) -> str:
    """Return a page with the rows of its table of targets as builder/stm8build/targets.py has them."""
    head = table(TARGETS_HEAD, [])
    rows = [[f"`{row.name}`", row.readme, "yes" if row.takes_firmware else "no"] for row in targets.TARGETS]
    made = table(TARGETS_HEAD, rows)
    return re.sub(rf"{re.escape(head)}(\|.*\n)*", lambda _: made, page)


FAULTS_HEAD = ("Fault", "What is wrong", "Exit")


def with_faults(page: str) -> str:
    """Return a page with a row for each new fault below its table: the exit code is a "?" until you write it."""
    head = table(FAULTS_HEAD, [])
    before, found, below = page.partition(head)
    rows, end, after = below.partition("\n\n")
    known = {row.split("`")[1].partition("=")[0] for row in rows.splitlines()}
    new = [[f"`{name}`", str(about["help"]), "?"] for name, about in faults.KNOWN.items() if name not in known]
    return "".join([before, found, rows, *(f"\n| {' | '.join(row)} |" for row in new), end, after]) if found else page


def with_counts(page: str) -> str:
    """Return a page with the number of parts in it as the part table has it."""
    return re.sub(r"\bknows \d+ parts\b", f"knows {len(all_parts())} parts", page)


def files() -> dict[Path, bytes]:
    """Return the pages that are made whole, and those with a table or the number of parts in them."""
    pages = {path: page() for path, page in PAGES.items()}
    for path in (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))):
        pages.setdefault(path, path.read_text(encoding="utf-8"))
    pages[DOCS / "errors.md"] = error_index.page_of(pages[DOCS / "errors.md"])
    return {path: with_counts(with_faults(with_targets(text))).encode() for path, text in pages.items()}
