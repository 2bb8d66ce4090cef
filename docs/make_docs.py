"""Pages and tables of the docs: boards, options, compilers, targets, faults and errors, from tables that the code uses.

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
from stm8build.wrong_code import divided_bytes, file_findings, lost_in_assembler, lost_values, wrong_assembler  # noqa: E402
from stm8build.wrong_code.kind_row import Kind, Result  # noqa: E402
from stm8build.wrong_code.kinds import KINDS  # noqa: E402
from stm8tool.parts.table import all_parts  # noqa: E402
from stm8tool.sim import faults  # noqa: E402

BOARDS_HEAD = """# Boards

Write `board = …` in platformio.ini. Every part that the flasher can program has a board: one with a name, or a generic
one. The flasher knows {parts} parts of the STM8S, STM8L, STM8AF, STM8AL, STLUX and STNRG series. `stm8tool parts` lists
them.

Every board can be written by every [`upload_protocol`](options.md#protocols) `stlink…`, by `espstlink` and `rp2040`.
If a row says `serial`, the chip also has a loader in its boot ROM, for its [serial port](serial.md). If the default
protocol is `serial`, `upload` uses that. To upload through an ST-LINK, set `upload_protocol`.

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

There is one for each part without a named board. It sets the chip, its memories and the default protocol `stlinkv2`.
Boards with an STM8S or STM8AF offer the framework `spl`. None of them has an Arduino variant. "Sure" is the confidence
of the figures in the part table.
"""
OWN_BOARD = """
## A board of your own

Write a file `boards/my_board.json` in the project. For all projects, write it in PlatformIO's core folder. Do not put
it into the platform's own folder: the next version of the platform removes it there. The file needs only this:

```json
{
  "name": "My board",
  "vendor": "me",
  "url": "https://example.org",
  "build": {"cpu": "stm8", "f_cpu": "16000000L", "mcu": "stm8l151k4t6"},
  "upload": {"maximum_ram_size": 2048, "maximum_size": 16384}
}
```

If `upload.protocol` is missing, the protocol is `stlink`.
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
    """Return the default: in code type if you can write it in platformio.ini, otherwise as words."""
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


COMPILERS_HEAD = """# Wrong code by SDCC

SDCC makes wrong code for STM8 from some plain C, with default options, and it does not warn. Every build looks for the
kinds on this page. A finding is a warning with the file, the line, what comes out wrong, and how to write it:

```text
src/main.c:5: warning: SDCC 4.2.0 makes wrong code here: the difference loses the borrow from its low byte
(lost-borrow); add the complement instead: v + ~(unsigned long)a + 1
```

| You want | Write |
|---|---|
| a list of all places, libraries too | `pio run -t check-compiler` |
| the same as JSON, on one line | `pio run -t check-compiler -a --json` |
| a build that ends where something is wrong | `board_build.wrong_code = error` |
| a build that does not look | `board_build.wrong_code = off` |
| one line left alone | the comment `// wrong-code: ok` on it; a reason may follow |
| some kinds in one line left alone | the comment `// wrong-code: ok lost-borrow, cut-constant` |

With the option `-s`, PlatformIO shows only warnings and errors. Then read the JSON in `check-compiler.json` in the
build directory.

In libraries, a build only counts the places, one line for each library. The project's folder `lib` has libraries, too.
A place in a library's header counts as one of the library. `board_build.wrong_code = error` ends no build for these.

## How the build finds them

SDCC shows its own syntax tree while it compiles (`--dump-ast`), with the type of each node. So macros, typedefs and
SDCC's keywords need no second parser, and no file is read twice. The value that a local variable begins with is not in
that tree. Conditions with `!=`, `<=` and `>=`, such as `while (a != b)`, are not in it either. SDCC's intermediate code
(`--dump-i-code`) has both, as SDCC makes it of the tree before it changes anything.

Kinds that depend on registers are looked for in the assembler that SDCC writes: there, the sequence of instructions
itself is wrong. A variable that SDCC loses is missing in its intermediate code of a later step. A few kinds need that
code after its last changes, with the register of each byte, and the assembler beside it. Some kinds need a look at the
line of C, too, as SDCC folds constants before it shows the tree. The build works such constants out itself, with an int
of 16 bits. The findings are kept for each file until the file changes.

A rule speaks only of the versions of SDCC that make its kind.

## What it does not find

* A signed variable against a wider unsigned constant that fits, such as `v < 5UL`, or against `sizeof`: SDCC takes both
  for signed. It is wrong for negative values only, and most variables in such a place are never negative. So the build
  warns only of a difference, a minus or a complement, such as `v - 3 < 5UL`.
* Other arithmetic with `sizeof`, such as `sizeof b - 10 > 0` and `v / sizeof b`: it is signed there, too.
* Constants of an enum, macros with parameters, and macros with two definitions: the build does not know their values.
  It reads only headers beside the source and in `../include`.
* Comparisons that SDCC works out itself, such as `~s.a < 0` of a bit-field, and an unsigned value `> -0.5f`.
* `v ^ v` where both are one value by way of another variable.
* `v + 0u` of a signed variable as the initial value of another variable, or as a float. A sum that SDCC folds to a
  constant, such as `12L + (v - 65534u)` and `(v - 19L) + (16u || w)`: it takes the constants as numbers of one type.
* `1 && (v && 0)` and `0 || (v && 0)` after a loop, in a loop or in a branch: the rest of the function is lost there,
  too. `v || (w && 0)` that a local variable gets, or in a line with another condition.
* An initialiser that SDCC takes for a constant, such as `int t = (a << 1u) - 100 < 0;`. One with a constant 1 that SDCC
  works out, such as `int t = c > 2 - 1;`.
* A choice by a constant in an argument, in an initialiser or in `if (v != w)`, where the chosen value is a constant.
  The same where the other value is a global variable, or where the line has the name or the operator twice.
  Elsewhere, the chosen value may be a char: `0 ? s.bits : (unsigned char)254` is negative.
* `&`, `|` and `^` of a char where SDCC works out a comparison of the result, such as `(v ^ -1) < 0`. `|` and `^` with a
  bit-field instead of a char.
* A float divided by itself by way of another variable.
* The value of an assignment in an initialiser, such as `int t = c = -v`, and `int t = c ? v : s.m` of a signed char
  and an unsigned bit-field.
* A signed char that gets `-v` and is used in the next line, if its address is taken. SDCC may take it as unsigned.
* A loop that is lost because of `v && z`, where z is a variable that is 0; or one that stands in the line of `v && 0`.
* The low byte of an address that is stored at that address, such as `p[6] = (unsigned char)(p + 6)`.
* shift-count, shift-out-of-a-byte, and a volatile that is compared with a value out of its range, where an option hides
  SDCC's warnings 116 and 94: `--less-pedantic` or `--disable-warning`.
* A local long long that holds one constant of more than 53 bits, in `/`, `%`, `+=` and `if (v & 1)`: SDCC rounds it
  there, too.
* A local variable of one byte that is stored where a global pointer leads to, as in the kind unloaded-byte. It may be
  in A, and then the store is right.
* A bit-field in the initial values of an array, such as `unsigned char a[2] = {s.f, 1}`, as in the kind
  stored-as-a-field.
* A condition that nothing uses and that asks for a member of a struct, such as `s.a && (s.b ? 1 : s.b);`. SDCC 4.2.0
  may load the member into a register that holds another value.
* An unsigned char or an unsigned int % the smallest long, -2147483648. The result is 0.
* A long minus an int that a long long cast has widened, and minus of a long that a pointer leads to, with
  `--max-allocs-per-node 100`. SDCC 4.2.0 may lose the third byte.
* Kinds that are not on this page. SDCC has more.

## False alarms

318 C files of 31 public projects (98,031 lines) compile with SDCC 4.2.0 outside of their own build. 316 of them
compile with 4.5.0. The search named 28 places in them with 4.2.0, and seven of these also with 4.5.0. We looked at
each one in the assembler. In all of them, the instructions do not do what C says. So none is a false alarm.

| Kind | 4.2.0 | 4.5.0 | Does the program notice it? |
|---|---|---|---|
| lost-argument | 19 | 0 | mostly yes: a function gets another byte, and a display gets a wrong command |
| shift-in-place | 4 | 4 | no: nothing else reads the variable before the shift ends |
| lost-borrow | 2 | 0 | no: the difference is never negative |
| unread | 1 | 1 | yes: a driver of ST's library does not clear a flag |
| byte-against-truth | 1 | 1 | no: the value, compared with `2 - 1`, is never above 127 |
| field-and-byte | 1 | 1 | no: both values are below 128 |

With `--max-allocs-per-node 500`, 90 of these files have one place more, of the kind lost-borrow.

SDCC's own tests, its library, and public code for other chips went through the search, too. SDCC 4.2.0 compiled 1,654
files of the tests and 241 others; SDCC 4.5.0 compiled 1,507 and 210. We found five false alarms, and the rules for them
are stricter now:

* a member of a union that is changed by `&=`
* a remainder of two constants
* a constant that is cast to a signed type
* `(1UL << 8) - 1` in a char or a bit-field
* a sum in an index, in a line with a shift

The other places that we looked at are true. Some are in tests that SDCC's developers wrote for the same fault.

## The kinds

Each program was compiled with SDCC 4.2.0 and 4.5.0 and executed on a simulated STM8. "C says" is the value that the
standard gives, with an int of 16 bits. For a volatile it is the accesses to the register at 0x5000: `r5000` is a read,
`w5000=0c` a write. "asm" means that the kind is found in the assembler, "tree" in the syntax tree, and "code" in the
intermediate code.
SDCC 4.4.0, built from its source, gave the results of 4.5.0 in every row. SDCC 4.1, 4.3 and 4.6 were not tried: the
build looks for the kinds of 4.2 in 4.1, and for those of 4.5 in 4.6.
A row with "interrupts" was executed with an interrupt after each instruction.

The tests try each kind in ten spellings or more: typedef, macro, global variable, member, element, parameter, compound
assignment, initialiser, return value, conditional. A spelling is found if and only if it comes out wrong.
"""
COMPILERS_END = """
## If you want to tell SDCC's developers

The text of a report is ready for each kind. In a checkout, this compiles and executes the program of a kind, and
prints the text:

    .venv/bin/python -I tests/sdcc/report.py lost-borrow

It has the version, the options, the program, what C says, what came out, and the assembler. `--sdcc PATH` takes another
SDCC. Nothing is sent. First look in [SDCC's bug tracker](https://sourceforge.net/p/sdcc/bugs/) whether the kind is
known, and try SDCC's newest version. Then make one ticket for each kind: the first line is its title.
"""


def _result(value: Result) -> str:
    if isinstance(value, int):
        return f"0x{value:X}"
    return f"`{value}`" if value[:1] in ("r", "w") else value or "no access"


def _found_in(name: str) -> str:
    if name in (*wrong_assembler.KINDS, *lost_in_assembler.KINDS):
        return "asm"
    return "code" if name in (*file_findings.IN_THE_CODE, *lost_values.KINDS, *divided_bytes.KINDS) else "tree"


def compilers_page() -> str:
    """Return docs/compilers.md."""
    kinds = KINDS
    rows = [
        [
            f"[{kind.name}](#{kind.name})",
            kind.construct,
            _result(kind.expected) + (" (interrupts)" if kind.interrupted else ""),
            *(_result(kind.seen[version]) if kind.seen[version] != kind.expected else "right" for version in VERSIONS),
            _found_in(kind.found_as or kind.name),
        ]
        for kind in kinds
    ]
    summary = table(["Kind", "In C", "C says", *(f"SDCC {version}" for version in VERSIONS), "Found in"], rows)
    return f"{COMPILERS_HEAD}\n{summary}{''.join(map(_kind, kinds))}{COMPILERS_END}"


def _kind(kind: Kind) -> str:
    """Return the section of one kind."""
    options = f" It needs `{' '.join(kind.options)}`." if kind.options else ""
    note = f" {kind.note}" if kind.note else ""
    note += f" The build calls it {kind.found_as}." if kind.found_as else ""
    return (
        f"\n### {kind.name}\n\n{kind.construct[0].upper()}{kind.construct[1:]}. Then {kind.wrong}.{options}{note}\n\n"
        f"```c\n{kind.program.replace('$', '')}\n"
        f"// {kind.call.replace('$', '')} is {_result(kind.expected)} in C\n```\n\n"
        f"Right is: {kind.right}.\n\n```c\n{kind.cure.replace('$', '')}\n```\n"
    )


VERSIONS = ("4.2", "4.5")
PAGES = {DOCS / "boards.md": boards_page, DOCS / "compilers.md": compilers_page, DOCS / "options.md": options_page}
TARGETS_HEAD = ("`pio run -t …`", "does", "needs a build")


def with_targets(page: str) -> str:
    """Return a page with the rows of its table of targets from builder/stm8build/targets.py."""
    head = table(TARGETS_HEAD, [])
    rows = [[f"`{row.name}`", row.readme, "yes" if row.takes_firmware else "no"] for row in targets.TARGETS]
    made = table(TARGETS_HEAD, rows)
    return re.sub(rf"{re.escape(head)}(\|.*\n)*", lambda _: made, page)


FAULTS_HEAD = ("Fault", "What is wrong", "Exit")


def with_faults(page: str) -> str:
    """Return a page with a row for each new fault below its table: its exit code is "?" until you write it."""
    head = table(FAULTS_HEAD, [])
    before, found, below = page.partition(head)
    rows, end, after = below.partition("\n\n")
    known = {row.split("`")[1].partition("=")[0] for row in rows.splitlines()}
    new = [[f"`{name}`", str(about["help"]), "?"] for name, about in faults.KNOWN.items() if name not in known]
    return "".join([before, found, rows, *(f"\n| {' | '.join(row)} |" for row in new), end, after]) if found else page


def with_counts(page: str) -> str:
    """Return a page with the number of parts in the part table."""
    return re.sub(r"\bknows \d+ parts\b", f"knows {len(all_parts())} parts", page)


def files() -> dict[Path, bytes]:
    """Return the pages that are made whole, and those with a table or the number of parts in them."""
    pages = {path: page() for path, page in PAGES.items()}
    for path in (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))):
        pages.setdefault(path, path.read_text(encoding="utf-8"))
    pages[DOCS / "errors.md"] = error_index.page_of(pages[DOCS / "errors.md"])
    return {path: with_counts(with_faults(with_targets(text))).encode() for path, text in pages.items()}
