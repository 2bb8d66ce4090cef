"""Every kind of probe does the same to a chip: one story over each, with both register maps."""

from __future__ import annotations

from pathlib import Path

import pytest

import stm8tool
from cli.desk import STM8L, STM8S, Desk, Result, program
from cli.every_probe import PROBES, ProbeOnBench
from cli.plain_chip import L151, S103

_PARTS = {STM8S: S103, STM8L: L151}


class Stand:
    """A part at a probe, and the command line for it."""

    def __init__(self, desk: Desk, part: str, probe: ProbeOnBench) -> None:
        self.desk, self.part, self.probe, self.chip = desk, part, probe, probe.chip

    def run(self, *words: str) -> Result:
        """Run a command; afterwards the program of the chip runs, and nothing was done that harms a chip."""
        result = self.desk.run("--probe", self.probe.selector, "--part", self.part, *words)
        assert (self.chip.violations, self.chip.runs_at) == ([], 0x8000)
        return result

    def done(self, *words: str) -> str:
        result = self.run(*words)
        assert result.code == 0, result.err
        return result.out


@pytest.fixture(params=PROBES)
def kind(request: pytest.FixtureRequest) -> str:
    word: str = request.param
    return word


@pytest.fixture(params=_PARTS)
def stand(request: pytest.FixtureRequest, kind: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Stand:
    return Stand(desk, request.param, PROBES[kind](monkeypatch, _PARTS[request.param]))


def test_a_program_is_written_verified_read_and_erased(stand: Stand) -> None:
    stand.done("write", stand.desk.hex("a.hex", (0x8000, program(1000))))
    assert stand.chip.flash[:1000] == program(1000)
    assert "1000 bytes are equal" in stand.done("verify", "a.hex")
    stand.done("read", "b.bin")
    assert Path("b.bin").read_bytes()[:1000] == program(1000)
    stand.done("erase")
    assert not any(stand.chip.flash)


def test_a_chip_is_locked_and_unlocked_and_its_option_bytes_change(stand: Stand) -> None:
    stand.done("write", stand.desk.hex("a.hex", (0x8000, program(100))))
    stand.done("options", "set", "UBC=1K")
    assert stand.chip.options[stand.chip.facts.ubc - 0x4800] != 0
    stand.done("lock", "--yes")
    assert stand.run("read", "b.bin").code == 5
    stand.done("unlock")
    assert not any(stand.chip.flash)
    assert stand.chip.options[stand.chip.facts.ubc - 0x4800] == stand.chip.facts.options[stand.chip.facts.ubc]


def test_the_probe_names_itself_to_info_to_the_doctor_and_to_a_program(stand: Stand) -> None:
    with stm8tool.open(stand.probe.selector, stand.part) as chip:
        model = chip.probe.model
    assert model in stand.done("info")
    assert f"{model} at " in stand.done("doctor")


def test_list_works_where_the_kind_is_named(kind: str, stand: Stand) -> None:
    result = stand.desk.run("--probe", kind, "list")
    assert (result.code, result.err) == (0, "")
