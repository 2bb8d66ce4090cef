"""`watch` and `set`: the variables of the program that runs in the chip."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import UsageError
from ..sim.gap import SimGapError
from ..support import files
from ..support.values import shortened
from .command import PartUse, command
from .simulation import duration_s

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator, Sequence

    from ..chip.running.live_variables import LiveVariables
    from ..dwarf.expressions import ValuePlace
    from ..dwarf.variables import Variables
    from .console import Console
    from .request import Request
    from .results.running import ListedVariable, SetResult, WatchResult
    from .watch_outputs import Output, Sample

_RATE = 10.0  # samples a second
_FASTEST, _SLOWEST = 1000.0, 0.01


class WatchArguments(NamedTuple):
    """The arguments of `watch`."""

    words: tuple[str, ...]
    rate: Optional[str]
    samples: Optional[str]
    duration: Optional[str]
    csv: Optional[str]
    teleplot: bool
    plot: Optional[str]
    listing: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        add = parser.add_argument
        add("words", metavar="ELF NAME", nargs="+", help="the program, then counter, temp[2], *p, 0x10:uint8_t …")
        add("--rate", metavar="N", help="samples a second (10)")
        add("--count", dest="samples", metavar="N", help="end after so many samples")
        add("--for", dest="duration", metavar="TIME", help="end after this time, such as 10s")
        add("--csv", metavar="FILE", help="also write a CSV file, with a row for each sample")
        add("--teleplot", action="store_true", help="also send each sample to Teleplot on this machine")
        add("--plot", metavar="FILE", help="draw a .svg or .png at the end; it needs matplotlib")
        add("--list", dest="listing", action="store_true", help="list the variables of the program, and end")


class ValuesArguments(NamedTuple):
    """The arguments of `set`."""

    words: tuple[str, ...]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("words", metavar="ELF NAME=VALUE", nargs="+", help="the program, then gain=12 …")


class _Program(NamedTuple):
    """The words of a command: the ELF, None if each name is an address with a type, and the rest."""

    elf: Optional[str]
    rest: Sequence[str]
    variables: Optional[Variables]


def _program(words: Sequence[str]) -> _Program:
    from ..dwarf import reading
    from ..dwarf.expressions import is_address
    from ..dwarf.variables import Variables

    first, sign, value = words[0].partition("=")
    if is_address(first):
        return _Program(None, words, None)
    if not os.path.exists(words[0]):
        _refuse_first_word(first, sign + value)
    return _Program(words[0], words[1:], Variables(reading.load(words[0])))


def _refuse_first_word(first: str, rest: str) -> None:
    """Raise UsageError if the first word, which is not a file, is an address without a type or sets a variable."""
    if re.fullmatch(r"0x[0-9A-Fa-f]+|\d+", first.strip(), re.ASCII):
        typed = f"{first.strip()}:uint8_t"
        raise UsageError(f"{first} is an address without a type", hint=f"write a type, such as {typed}{rest}")
    if rest:
        raise UsageError(
            f"{shortened(first + rest)} names no program", hint="name the ELF before it, such as firmware.elf gain=12"
        )


def _places(request: Request[WatchArguments], program: _Program) -> Sequence[ValuePlace]:
    from ..chip.running.live_variables import require_readable
    from ..dwarf.expressions import place_of

    names = [name.strip() for name in program.rest]
    if not names:
        raise UsageError(
            "which variables?",
            hint=f"name them, for example {_examples(program)}; --list shows all names",
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{twice} is given twice", hint="name each variable once")
    part = request.require_part()
    return [require_readable(part, place_of(name, program.variables)) for name in names]


def _examples(program: _Program) -> str:
    known = program.variables
    names = [variable.spelling(known) for variable in known.with_place] if known else []
    return " ".join(names[:2]) or "counter"


def watch(request: Request[WatchArguments], console: Console) -> WatchResult:
    from .results.running import WatchResult

    given = request.arguments
    pace = _Pace.of(given)
    program = _program(given.words)
    if given.listing:
        return WatchResult("list", 0, None, _listed(program))
    places = _places(request, program)
    if given.csv and program.elf and os.path.realpath(given.csv) == os.path.realpath(program.elf):
        raise UsageError(f"--csv {given.csv} is the ELF itself", hint="choose another name, such as values.csv")
    if given.csv and files.holds_board(Path(given.csv)):
        raise UsageError(f"--csv {given.csv} holds a simulated board", hint="choose another name, such as values.csv")
    outputs = _outputs(given, places, console)
    _warn_of_doubts(places, console)

    def notice(text: str) -> None:
        console.note(f"watch: {text}")

    sampler: Optional[_Sampler] = None
    try:
        with request.chip(console) as chip, chip.variables(program.elf, notice) as live, ExitStack() as stack:
            for output in outputs:
                stack.enter_context(output)
            notice(f"{len(places)} {'value' if len(places) == 1 else 'values'}; Ctrl-C ends it")
            sampler = _Sampler(live, places, outputs)
            try:
                with _gap_told():
                    sampler.run(pace)
            except KeyboardInterrupt:  # it is the usual end: all that was seen is kept
                sampler.end = "interrupt"
                notice("ended by Ctrl-C")
            return sampler.result
    except BaseException:
        if sampler is not None:
            console.report(sampler.result._replace(end="error"))
        raise


class _Pace(NamedTuple):
    """When samples are taken, and when it is enough."""

    period_s: float
    samples: Optional[int]
    seconds: Optional[float]

    @staticmethod
    def of(given: WatchArguments) -> _Pace:
        rate = _RATE if given.rate is None else _number(given.rate)
        if rate is None or not _SLOWEST <= rate <= _FASTEST:
            raise UsageError(
                f"--rate {given.rate} is not a number of samples a second",
                hint=f"write a number from {_SLOWEST:g} to {_FASTEST:g}",
            )
        samples = None
        if given.samples is not None:
            if not re.fullmatch(r"\d{1,9}", given.samples, re.ASCII) or not int(given.samples):
                raise UsageError(f"--count {given.samples} is not a number of samples", hint="write 1 or more")
            samples = int(given.samples)
        return _Pace(1 / rate, samples, None if given.duration is None else duration_s(given.duration))


def _number(text: str) -> Optional[float]:
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) else None


def _outputs(given: WatchArguments, places: Sequence[ValuePlace], console: Console) -> Sequence[Output]:
    from . import watch_outputs

    found: list[Output] = []
    if console.can_redraw():
        found.append(watch_outputs.Table(console, places))
    else:
        found.append(watch_outputs.Lines(console))
    if given.csv is not None:
        found.append(watch_outputs.CsvFile(given.csv, places))
    if given.teleplot:
        found.append(watch_outputs.Teleplot())
    if given.plot is not None:
        from .watch_plot import Plot

        found.append(Plot(given.plot, places))
    return found


def _warn_of_doubts(places: Sequence[ValuePlace], console: Console) -> None:
    """Say for which names SDCC's debug information may be wrong, see `dwarf/signs.py`."""
    from ..dwarf.types import is_doubtful

    doubtful = [place for place in places if place.bits is None and is_doubtful(place.type)]
    if doubtful:
        names = ", ".join(f"{place.text} ({place.type.name})" for place in doubtful)
        console.note(
            f"watch: SDCC may have written a wrong sign or size for {names}; if so, add the type: "
            f"{_with_other_sign(doubtful[0])}"
        )


def _with_other_sign(place: ValuePlace) -> str:
    """Return the name of a doubtful value, or of its first doubtful piece, with a type of the other sign."""
    from ..dwarf.types import ArrayType, RecordType, Scalar, is_doubtful, leaves
    from .watch_outputs import name_of_piece

    kind, counts = place.type, ""
    while isinstance(kind, ArrayType):
        counts += f"[{kind.length}]"
        kind = kind.element
    suffix = ""
    if isinstance(kind, RecordType):
        found = next(leaf for leaf in leaves(place.type) if not leaf.bits and is_doubtful(leaf.type))
        kind, suffix, counts = found.type, found.suffix, ""
    sign = "" if isinstance(kind, Scalar) and not kind.is_signed else "u"
    return f"{name_of_piece(place, suffix)}:{sign}int{8 * kind.size}_t{counts}"


class _Sampler:
    """Reads and shows until it is enough.

    Attributes:
        end: The reason of the end, as in `WatchResult`.
    """

    def __init__(self, live: LiveVariables, places: Sequence[ValuePlace], outputs: Sequence[Output]) -> None:
        self.end = "error"
        self._live = live
        self._places = places
        self._outputs = outputs
        self._taken = 0
        self._last: Optional[Sample] = None

    @property
    def result(self) -> WatchResult:
        """The result so far."""
        from .results.running import WatchResult

        return WatchResult(self.end, self._taken, None if self._last is None else self._last.values)

    def run(self, pace: _Pace) -> None:
        """Take samples."""
        from .watch_outputs import Sample

        clock = self._live.clock
        began = due = clock.now()
        first: Optional[float] = None
        while True:
            readings = self._live.read(self._places)
            now = clock.now()
            if readings is not None:
                first = now if first is None else first
                self._last = Sample(now - first, readings)
                for output in self._outputs:
                    output.show(self._last)
                self._taken += 1
            if self._taken == pace.samples:
                self.end = "count"
            elif pace.seconds is not None and now - began >= pace.seconds:
                self.end = "time"
            elif any(output.has_ended for output in self._outputs):
                self.end = "output"
            else:
                due = max(due + pace.period_s, now)
                clock.sleep(due - now)
                continue
            return


def _listed(program: _Program) -> Sequence[ListedVariable]:
    from .results.running import ListedVariable

    known = program.variables
    if known is None:
        return ()
    return [
        ListedVariable(variable.spelling(known), variable.address or 0, variable.type.name)
        for variable in known.with_place
    ]


@contextmanager
def _gap_told() -> Iterator[None]:
    """Say in a sentence that the simulator does not know what a register does."""
    try:
        yield
    except SimGapError as gap:
        from ..debugger.target import not_simulated

        raise not_simulated(gap) from gap


def set_values(request: Request[ValuesArguments], console: Console) -> SetResult:
    from ..chip.regions import REGISTERS
    from ..chip.running.live_variables import require_readable, setting_of
    from ..dwarf.expressions import place_of
    from .results.running import SetResult, SetVariable

    program = _program(request.arguments.words)
    part = request.require_part()
    settings = []
    for word in program.rest:
        name, sign, value = word.partition("=")
        if not sign or not value.strip():
            raise UsageError(f"{shortened(word)!r} sets nothing", hint="write NAME=VALUE, such as gain=12")
        place = require_readable(part, place_of(name.strip(), program.variables))
        settings.append(setting_of(part, place, value.strip()))
    if not settings:
        raise UsageError("which variable?", hint="write NAME=VALUE, such as gain=12")

    def notice(text: str) -> None:
        console.note(f"set: {text}")

    result = SetResult(())
    with request.chip(console) as chip, chip.variables(program.elf, notice) as live:
        for setting in settings:
            with _gap_told():
                change = live.apply(setting)
            name, wanted = setting.place.text, setting.text
            done = SetVariable(
                name, change.before.value, change.after.value, wanted, change.after.text == wanted, change.disturbed
            )
            console.tell("set", f"{name}: {change.before.text} -> {wanted}", **done._asdict())
            if not done.is_kept and REGISTERS.start <= setting.place.address < REGISTERS.end:
                notice(f"the register {name} does not hold what was written: it is {change.after.text} now")
            elif not done.is_kept:
                notice(f"the program has changed {name} again: it is {change.after.text} now")
            if change.disturbed:
                notice(f"the program changed the neighbours of {name} in that moment: one of its changes may be lost")
            result = SetResult((*result.variables, done))
            console.report(result)  # an error at the next variable must not hide it
    return result


COMMANDS = (
    command(
        "watch",
        "show variables of the running program by name, as a table, a file or a picture",
        watch,
        WatchArguments,
        part=PartUse.REQUIRED,
        writes=False,
        auto=False,
    ),
    command(
        "set",
        "set variables of the running program by name",
        set_values,
        ValuesArguments,
        part=PartUse.REQUIRED,
        writes=False,
        auto=False,
    ),
)
