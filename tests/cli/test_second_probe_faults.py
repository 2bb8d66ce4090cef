"""A probe that is not an ST-LINK, with a fault: the error is the one that an ST-LINK with this fault would cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from cli.desk import STM8S, Desk, program
from cli.plain_chip import S103
from cli.second_bench import Bench, ending
from cli.second_probe import SELECTOR, SecondProbe, attach
from stm8tool.errors import ExchangeError, LinkFault, ProbeLostError, SwimError, ToolError, TransportTimeoutError

_ON_THE_WIRE = ("enter", "resync", "system_reset", "rotf", "wotf")


# -- what goes wrong -------------------------------------------------------------------------------------------------


def _swim(fault: LinkFault) -> Callable[[], ToolError]:
    return lambda: SwimError(f"the wire is {fault.value}", fault=fault)


class Trouble(NamedTuple):
    """A fault of the link from one of its operations on, and the same fault of a simulated ST-LINK.

    Attributes:
        simulated: The fault of the ST-LINK.
        error: Makes what the link raises.
        names: The operations that fail.
        times: How often; the link then works again. A recovery mends it, too.
    """

    simulated: str
    error: Callable[[], ToolError]
    names: tuple[str, ...] = _ON_THE_WIRE
    times: int = 1 << 30


_ALL = (*_ON_THE_WIRE, "assert_reset", "release_reset", "set_speed", "restart", "recover")
_SILENT_PROBE = Trouble("wedged-for-good", lambda: TransportTimeoutError("silence"), _ALL)


def _bring(probe: SecondProbe, trouble: Trouble, after: int = 0) -> None:
    """Let `probe` fail by `trouble` once `after` operations that can fail so have worked."""
    left = [after, trouble.times]

    def fail(name: str) -> None:
        if name not in trouble.names or not left[1]:
            return
        if left[0]:
            left[0] -= 1
            return
        left[1] -= 1
        raise trouble.error()

    probe.fault = fail


_COMMANDS = (("info",), ("write", "a.hex"), ("verify", "a.hex"), ("unlock",), ("options", "set", "UBC=1K"), ("reset",))


@pytest.mark.parametrize("words", _COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("trouble", "codes"),
    [
        (Trouble("swim-open", _swim(LinkFault.SILENT)), (4, ["E-TARGET-SILENT"])),
        (Trouble("swim-stuck-low", _swim(LinkFault.STUCK)), (4, ["E-SWIM-STUCK"])),
        (Trouble("nak-every=1", _swim(LinkFault.REFUSED), ("system_reset", "rotf", "wotf")), (4, ["E-LINK-LOST"])),
        (Trouble("busy-storm", _swim(LinkFault.BUSY), _ALL), (3, ["E-PROBE-HUNG"])),
        (Trouble("unplug-after=60", lambda: ProbeLostError("it is gone"), _ALL), (3, ["E-PROBE-LOST"])),
        (_SILENT_PROBE._replace(simulated="wedged-for-good=60"), (3, ["E-PROBE-HUNG"])),
    ],
    ids=lambda value: getattr(value, "simulated", ""),
)
def test_a_link_that_fails_from_the_start_ends_as_an_st_link_that_fails_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], trouble: Trouble, codes: tuple[int, list[str]]
) -> None:
    desk.hex("a.hex", (0x8000, program(300)))
    probe = attach(monkeypatch, SecondProbe(S103))
    _bring(probe, trouble)
    result = desk.run("--probe", SELECTOR, "--part", STM8S, *words)
    desk.chip(faults=[trouble.simulated])
    assert ending(result) == ending(desk.flash(*words)) == codes
    assert (probe.opened, probe.chip.violations, any(probe.chip.flash)) == (False, [], False)


@pytest.mark.parametrize(
    ("simulated", "spoil", "codes"),
    [
        ("nrst-stuck-low", lambda probe: setattr(probe.chip, "nrst_stuck", True), (4, ["E-RESET-LOW"])),
        ("hsit-stuck", lambda probe: setattr(probe.chip, "hsit_stuck", True), (0, ["E-NO-HIGH-SPEED"])),
        ("bit-flip-every=1", lambda probe: setattr(probe, "damage", 0x20), (4, ["E-LINK-LOST"])),
    ],
    ids=["reset held low", "high speed never allowed", "damaged"],
)
def test_a_board_with_a_fault_is_told_as_through_an_st_link(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    simulated: str,
    spoil: Callable[[SecondProbe], None],
    codes: tuple[int, list[str]],
) -> None:
    file = desk.hex("a.hex", (0x8000, program(300)))
    probe = attach(monkeypatch, SecondProbe(S103))
    spoil(probe)
    result = desk.run("--probe", SELECTOR, "--part", STM8S, "write", file)
    desk.chip(faults=[simulated])
    assert ending(result) == ending(desk.flash("write", file)) == codes
    assert (bytes(probe.chip.flash[:300]) == program(300)) is (result.code == 0)


_ONCE = [
    Trouble("drop-link-after=100", _swim(LinkFault.SILENT), times=1),
    Trouble("nak-every=500", _swim(LinkFault.REFUSED), ("rotf",), times=1),
    Trouble("stall-after=100", lambda: ExchangeError("a reply was lost"), _ALL, times=1),
    Trouble("wedged=100", lambda: TransportTimeoutError("silence"), _ALL, times=1),
]


@pytest.mark.parametrize("trouble", _ONCE, ids=lambda trouble: trouble.simulated)
def test_what_fails_once_is_mended_and_told_of_as_with_an_st_link(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    """It fails at each operation of a write in turn: the chip always ends up with the image, and the program runs."""
    file = desk.hex("a.hex", (0x8000, program(300)))
    desk.chip(faults=[trouble.simulated])
    assert ending(desk.flash("write", file)) == (0, ["E-WEAK-LINK"])
    told = []
    for after in range(80):
        probe = attach(monkeypatch, SecondProbe(S103))
        _bring(probe, trouble, after)
        result = desk.run("--probe", SELECTOR, "--part", STM8S, "write", file)
        assert (result.code, bytes(probe.chip.flash[:301])) == (0, program(300) + b"\0"), (after, result.err)
        assert probe.is_left_tidy, after
        told.append(ending(result)[1])
    assert told[-1] == []  # it came too late to fail
    assert sorted({tuple(codes): codes for codes in told}.values()) == [[], ["E-WEAK-LINK"]]


_FOR_GOOD = [
    (Trouble("", _swim(LinkFault.SILENT)), (4, {"E-TARGET-SILENT", "E-LINK-LOST", "E-SWIM-DISABLED"})),
    (Trouble("", _swim(LinkFault.STUCK)), (4, {"E-SWIM-STUCK", "E-LINK-LOST"})),
    (Trouble("", lambda: ExchangeError("a reply was lost"), _ALL), (3, {"E-PROBE-REFUSES"})),
    (_SILENT_PROBE, (3, {"E-PROBE-HUNG"})),
    (Trouble("", lambda: ProbeLostError("it is gone"), _ALL), (3, {"E-PROBE-LOST"})),
]


@pytest.mark.parametrize(("trouble", "codes"), _FOR_GOOD, ids=["silent", "stuck", "exchanges", "hung", "gone"])
@pytest.mark.parametrize("locked", [False, True])
def test_a_link_that_dies_anywhere_in_a_write_is_one_error_and_the_next_write_does_the_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, locked: bool, trouble: Trouble, codes: tuple[int, set[str]]
) -> None:
    file = desk.hex("a.hex", (0x8000, program(300)))
    seen = set()
    for after in range(0, 170, 7):
        probe = attach(monkeypatch, SecondProbe(S103))
        bench = Bench(STM8S, desk, probe)
        if locked:
            bench.done("lock", "--yes")
        _bring(probe, trouble, after)
        result = desk.run("--probe", SELECTOR, "--part", STM8S, "write", file)
        if result.code:
            last = ending(result)[1][-1]
            assert (result.code, last in codes[1]) == (codes[0], True), (after, result.err)
            seen.add(last)
        assert not probe.opened
        probe.fault = lambda name: None
        assert bench.run("write", file).code == 0
        assert bench.chip.flash[:301] == program(300) + b"\0"
        assert bench.options() == S103.options
    assert seen
