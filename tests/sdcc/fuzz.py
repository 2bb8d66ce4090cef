"""By hand: random programs, as many as you like; each one that SDCC gets wrong is reduced.

python tests/sdcc/fuzz.py FIRST END [--options NAME,NAME] [--functions N] [--no-reduction] [--interrupts]

Each seed from FIRST on is one program; options change from seed to seed. With --interrupts the handler of interrupts.py
runs after every instruction of the program, and the results must be those of the program without it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Optional

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "tool")]

from sdcc import interrupts  # noqa: E402
from sdcc.machine import OPTIONS, RefusedError, compile_c, results  # noqa: E402
from sdcc.programs import Maker, Program  # noqa: E402
from sdcc.reduce import reduced  # noqa: E402


def came(program: Program, option: str, folder: Path) -> Optional[list[int]]:
    """Return the results of a program; None if SDCC refuses it."""
    try:
        return results(compile_c(program.text(), OPTIONS[option], folder))
    except RefusedError:
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--options", default=",".join(OPTIONS), help="names of option sets, separated by commas")
    parser.add_argument("--functions", type=int, default=5)
    parser.add_argument("--no-reduction", action="store_true")
    parser.add_argument("--interrupts", action="store_true")
    given = parser.parse_args()
    names = given.options.split(",")
    compiled = checks = refused = wrong = injected = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for seed in range(given.first, given.end):
            option = names[seed % len(names)]
            if given.interrupts:
                alone, disturbed, count = interrupts.compared(seed, OPTIONS[option], folder)
                injected += count
                compiled += 1
                if alone != disturbed:
                    wrong += 1
                    print(f"seed {seed} {option}: {alone} alone, {disturbed} with interrupts", flush=True)
                continue
            program = Maker(seed).program(given.functions)
            found, expected = came(program, option, folder), program.expected()
            if found is None:
                refused += 1
                continue
            compiled += 1
            checks += len(expected)
            if found == expected:
                continue
            wrong += 1
            print(f"seed {seed} {option}: wrong", flush=True)
            if not given.no_reduction:

                def is_wrong(other: Program, option: str = option) -> bool:
                    return came(other, option, folder) not in (None, other.expected())

                small = reduced(program, is_wrong)
                print(f"C: {small.expected()}, SDCC: {came(small, option, folder)}\n{small.text('')}", flush=True)
    print(f"{compiled} programs, {checks} results, {wrong} wrong, {refused} refused, {injected} interrupts")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
