"""By hand: the text of a report for SDCC's bug tracker about one kind of wrong code.

python tests/sdcc/report.py KIND [--sdcc PATH]

The compiler compiles the smallest program of the kind, and a simulated STM8 executes it. The text says what came out.
KIND is a name of docs/compilers.md. Nothing is sent.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Optional

_TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(_TESTS), str(_TESTS.parent / "tool"), str(_TESTS.parent / "builder")]

from sdcc.kinds import Programs  # noqa: E402
from sdcc.machine import RefusedError  # noqa: E402
from sdcc.spellings import Row, Value  # noqa: E402
from stm8build import sdcc  # noqa: E402
from stm8build.wrong_code.kind_row import NEVER_BACK, REFUSED, Kind  # noqa: E402
from stm8build.wrong_code.kinds import BY_NAME  # noqa: E402

TEXT = """\
Title: STM8: wrong code for {construct}

{banner}
{command}

{program}

Expected by the C standard, with an int of 16 bits: {expected}
Seen{interrupts}: {seen}
What happens: {wrong}.

This program comes out right:

{cure}

The assembler that SDCC writes for the functions of the first program:

{assembler}"""
INTERRUPTS = " where an interrupt comes after each instruction"
_FUNCTIONS = re.compile(r"; code\n;-+\n\t\.area CODE\n(.*?)\t\.area C", re.DOTALL)


def report(kind: Kind, path: str, folder: Path) -> Optional[str]:
    """Return the report; None if this compiler makes no wrong code of the program."""
    try:
        result = Programs(
            [path], [Row("", kind.program, kind.call, kind.expected)], folder, kind.options, kind.interrupted
        ).result(0)
    except RefusedError:
        result = REFUSED
    if result == kind.expected:
        return None
    call = kind.call.replace("$", "")
    return TEXT.format(
        construct=kind.construct,
        banner=sdcc.ask(path).banner,
        command=shlex.join(["sdcc", "-mstm8", *kind.options, "-c", "wrong.c"]),
        program=kind.program.replace("$", ""),
        expected=_shown(call, kind.expected),
        seen=_shown(call, result),
        interrupts=INTERRUPTS * kind.interrupted,
        wrong=kind.wrong,
        cure=kind.cure.replace("$", ""),
        assembler=_assembler(kind, path, folder),
    )


def _shown(call: str, value: Value) -> str:
    if isinstance(value, int):
        return f"{call} is 0x{value:X}"
    if value in (NEVER_BACK, REFUSED):
        return f"{call}: {value}"
    return f"{call} makes these accesses from 0x5000 on (r: read, w: write): {value or 'none'}"


def _assembler(kind: Kind, path: str, folder: Path) -> str:
    (folder / "wrong.c").write_text(kind.program.replace("$", "") + "\n", encoding="ascii")
    command = [path, "-mstm8", *kind.options, "-S", "wrong.c", "-o", "wrong.asm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    written = folder / "wrong.asm"
    if done.returncode or not written.is_file():
        return done.stderr
    found = _FUNCTIONS.search(written.read_text(encoding="utf-8"))
    return found[1] if found else written.read_text(encoding="utf-8")


def main() -> int:
    """Print a report."""
    parser = argparse.ArgumentParser(usage="report.py KIND [--sdcc PATH]")
    parser.add_argument("kind", choices=list(BY_NAME), metavar="KIND")
    parser.add_argument("--sdcc", default=shutil.which("sdcc") or "sdcc")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = report(BY_NAME[given.kind], given.sdcc, Path(folder))
    if text is None:
        print(f"{given.sdcc} makes no wrong code of the program of {given.kind}: there is nothing to report")
        return 1
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
