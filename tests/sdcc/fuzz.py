"""By hand: random programs, as many as you like; each one that SDCC gets wrong is reduced.

python tests/sdcc/fuzz.py FIRST END [options]

Each seed from FIRST on is one program; options change from seed to seed.

    --programs plain       C without anything else
               assembler   the same with inline assembler that changes flags and saves registers
               handler     the same with an interrupt handler, which comes at random places
               library     memcpy, strtol, printf, qsort, variable arguments, floats and the like
               each        all of these, one after the other
    --known                also constructs that are known to come out wrong
    --search               does the search for wrong code find what comes out wrong?
    --sdcc PATH            another SDCC than the one on PATH
    --options NAME,NAME    only these option sets
    --functions N          of a program
    --processes N          how many programs at once
    --no-reduction
    --interrupts           the handler of interrupts.py runs after every instruction of the program
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple, Union

_TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(_TESTS), str(_TESTS.parent / "tool"), str(_TESTS.parent / "builder")]

from intelhex import IntelHex  # noqa: E402

from sdcc import interrupts, with_assembler  # noqa: E402
from sdcc.library_programs import Steps  # noqa: E402
from sdcc.library_steps import StepMaker  # noqa: E402
from sdcc.machine import OPTIONS, RefusedError, compile_c, compile_searched, results  # noqa: E402
from sdcc.programs import Maker, Program  # noqa: E402
from sdcc.reduce import reached_names, reduced, reduced_steps  # noqa: E402
from stm8build.wrong_code.file_findings import Finding  # noqa: E402

PROGRAMS = ("plain", "assembler", "handler", "library")
EACH = "each"


class Work(NamedTuple):
    """What a process does."""

    programs: str
    known: bool
    search: bool
    sdcc: str
    options: list[str]
    functions: int
    reduction: bool


class Outcome(NamedTuple):
    """What came of one program."""

    seed: int
    programs: str
    option: str
    state: str  # right, wrong, refused
    checks: int = 0
    interrupts: int = 0
    found: tuple[str, ...] = ()  # kinds of wrong code in the program
    explained: tuple[str, ...] = ()  # those of them in what the first wrong result comes from
    text: str = ""


def outcome(seed: int, work: Work) -> Outcome:
    """Make one program, compile and execute it."""
    kind = PROGRAMS[seed % len(PROGRAMS)] if work.programs == EACH else work.programs
    option = work.options[seed // (len(PROGRAMS) if work.programs == EACH else 1) % len(work.options)]
    with tempfile.TemporaryDirectory() as folder:
        return _Trial(seed, kind, option, work, Path(folder)).outcome()


class _Trial:
    def __init__(self, seed: int, kind: str, option: str, work: Work, folder: Path) -> None:
        self.seed, self.kind, self.option, self.work, self.folder = seed, kind, option, work, folder

    def outcome(self) -> Outcome:
        if self.kind == "library":
            return self._judged(StepMaker(self.seed).program())
        if self.kind == "handler":
            return self._handled()
        maker = Maker(self.seed, avoid=lambda node: False) if self.work.known else Maker(self.seed)
        program = maker.program(self.work.functions)
        if self.kind == "assembler":
            program = with_assembler.with_assembler(program, self.seed)
        return self._judged(program)

    def _judged(self, program: Union[Program, Steps]) -> Outcome:
        expected = program.expected()
        try:
            came, places = self._came(program)
        except RefusedError:
            return Outcome(self.seed, self.kind, self.option, "refused")
        found = tuple(sorted({place.kind for place in places}))
        if came == expected:
            return Outcome(self.seed, self.kind, self.option, "right", len(expected), 0, found)
        explained = _explained(program, came, expected, places)
        text = self._small(program) if self.work.reduction and not explained else ""
        return Outcome(self.seed, self.kind, self.option, "wrong", len(expected), 0, found, explained, text)

    def _image(self, text: str) -> tuple[IntelHex, list[Finding]]:
        """Return a program as SDCC makes it, and what the search for wrong code finds in it."""
        options, sdcc = OPTIONS[self.option], self.work.sdcc or "sdcc"
        if self.work.search:
            return compile_searched(text, options, self.folder, sdcc)
        return compile_c(text, options, self.folder, sdcc), []

    def _came(self, program: Union[Program, Steps]) -> tuple[list[int], list[Finding]]:
        """Return the results of a program, and what the search for wrong code finds in it."""
        image, places = self._image(program.text())
        return results(image), places

    def _small(self, program: Union[Program, Steps]) -> str:
        small = self._reduced(program)
        return f"C: {small.expected()}, SDCC: {self._came(small)[0]}\n{small.text('')}"

    def _reduced(self, program: Union[Program, Steps]) -> Union[Program, Steps]:
        def is_wrong(other: Union[Program, Steps]) -> bool:
            """Tell whether it is wrong, and not in a way that the search knows."""
            try:
                came, places = self._came(other)
            except RefusedError:
                return False
            expected = other.expected()
            return came != expected and not _explained(other, came, expected, places)

        return reduced(program, is_wrong) if isinstance(program, Program) else reduced_steps(program, is_wrong)

    def _handled(self) -> Outcome:
        made = interrupts.handled(self.seed)
        try:
            image, places = self._image(made.text())
        except RefusedError:
            return Outcome(self.seed, self.kind, self.option, "refused")
        came, expected, count = interrupts.disturbed(made, image, self.seed)
        found = tuple(sorted({place.kind for place in places}))
        if came == expected:
            return Outcome(self.seed, self.kind, self.option, "right", len(expected), count, found)
        explained = _explained_with_a_handler(made, came, expected, places)
        text = "" if explained else self._without_interrupts(made) or f"C: {expected}, SDCC: {came}\n{made.text()}"
        return Outcome(self.seed, self.kind, self.option, "wrong", len(expected), count, found, explained, text)

    def _without_interrupts(self, made: interrupts.Handled) -> str:
        """Return the program, or that of the handler, in a small form if it is as wrong without an interrupt."""
        if not self.work.reduction:
            return ""
        texts = []
        for program in (made.program, made.handler):
            came, places = self._came(program)
            expected = program.expected()
            if came != expected and not _explained(program, came, expected, places):
                texts.append(self._small(program))
        return "\n".join(texts)


def _explained(
    program: Union[Program, Steps], came: list[int], expected: list[int], places: list[Finding]
) -> tuple[str, ...]:
    """Return the kinds that the search finds in what the first wrong result comes from."""
    if not places or isinstance(program, Steps):
        return tuple(sorted({place.kind for place in places}))
    call = _first_difference(came, expected) // (len(program.places) + 1)
    names = {*reached_names(program, call), "main"}
    return tuple(sorted({place.kind for place in places if place.function in names}))


def _explained_with_a_handler(
    made: interrupts.Handled, came: list[int], expected: list[int], places: list[Finding]
) -> tuple[str, ...]:
    """Return the kinds that the search finds in what the first wrong result comes from: a call, or the handler."""
    held = len(expected) - len(made.handler.places)
    if _first_difference(came, expected) < held:
        return _explained(made.program, came, expected, places)
    names = {call.function.name for call in made.handler.calls}
    return tuple(sorted({place.kind for place in places if place.function in names}))


def _first_difference(one: list[int], two: list[int]) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, two)) if a != b), min(len(one), len(two)))


def _outcomes(first: int, end: int, work: Work, processes: int) -> Iterator[Outcome]:
    if processes == 1:
        yield from (outcome(seed, work) for seed in range(first, end))
        return
    with ProcessPoolExecutor(processes) as pool:
        seeds = range(first, end)
        yield from pool.map(outcome, seeds, [work] * len(seeds), chunksize=4)


def _interrupted(first: int, end: int, names: list[str]) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, end):
            option = names[seed % len(names)]
            alone, came, count = interrupts.compared(seed, OPTIONS[option], Path(folder))
            text = "" if alone == came else f"{alone} alone, {came} with interrupts"
            state = "wrong" if text else "right"
            yield Outcome(seed, "interrupts", option, state, len(alone), count, text=text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("first", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--programs", default="plain", choices=[*PROGRAMS, EACH])
    parser.add_argument("--options", default=",".join(OPTIONS))
    parser.add_argument("--functions", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--sdcc", default="")
    for word in ("--known", "--search", "--no-reduction", "--interrupts"):
        parser.add_argument(word, action="store_true")
    given = parser.parse_args()
    names = given.options.split(",")
    work = Work(
        *(given.programs, given.known, given.search, given.sdcc, names, given.functions, not given.no_reduction)
    )
    if given.interrupts:
        came = _interrupted(given.first, given.end, names)
    else:
        came = _outcomes(given.first, given.end, work, given.processes)
    return _report(came)


def _report(outcomes: Iterator[Outcome]) -> int:
    """Print what is wrong as it comes, and the sums at the end."""
    sums: Counter[tuple[str, str]] = Counter()
    kinds: Counter[str] = Counter()
    for one in outcomes:
        sums[one.programs, one.state] += 1
        sums[one.programs, "results"] += one.checks
        sums[one.programs, "interrupts"] += one.interrupts
        if one.found and one.state == "right":
            sums[one.programs, "right, but found"] += 1
        if one.state == "wrong":
            sums[one.programs, "wrong and explained"] += bool(one.explained)
            kinds.update(one.explained or ("(none)",))
            told = ", ".join(one.explained) or f"not explained; elsewhere: {', '.join(one.found) or 'nothing'}"
            print(f"seed {one.seed} {one.programs} {one.option}: wrong: {told}", flush=True)
            if one.text:
                print(one.text, flush=True)
    for (programs, what), count in sorted(sums.items()):
        if count:
            print(f"{programs}: {count} {what}")
    for name, count in kinds.most_common():
        print(f"explained by {name}: {count}")
    return int(any(state == "wrong" for _, state in sums))


if __name__ == "__main__":
    sys.exit(main())
