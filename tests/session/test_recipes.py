"""Which recipe of the connect ladder reaches which chip, and what is left behind where none does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from session.bench import MODELS, Board, chip_behind, image_of
from stm8tool.errors import ConnectError, ProbeLostError, SwimError, UsageError
from stm8tool.session import PowerCycle
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.switches import Switches

_KEPT = [Switches(entry_keeps_hs=True), Switches(entry_keeps_hs=True, resync_keeps_hs=True)]


def _kill_in_high_speed(board: Board) -> None:
    """Leave the board as a command does that is killed while it talks high speed."""
    session = board.session()
    session.__enter__()
    session.connect()
    assert board.probe.firmware.high_speed


@pytest.mark.parametrize("switches", [Switches(), *_KEPT])
@pytest.mark.parametrize("model", ["v1", "v2", "v3"])
@pytest.mark.parametrize(("part", "faults"), [("stm8s103f3", ["nrst-open"]), ("stm8s001j3", []), ("stm8s103f3", [])])
def test_a_chip_that_was_left_in_high_speed_is_reached(
    part: str, faults: list[str], model: str, switches: Switches
) -> None:
    board = Board(part, model, faults=faults, switches=switches)
    _kill_in_high_speed(board)
    image = image_of(board.part, size=100)
    board.upload(image)
    assert board.holds(image)
    assert board.is_left_idle()


@pytest.mark.parametrize("switches", _KEPT)
def test_the_last_recipe_is_what_reaches_a_chip_that_keeps_high_speed(switches: Switches) -> None:
    board = Board("stm8s001j3", "v2", switches=switches)
    _kill_in_high_speed(board)
    with board.open() as chip:
        assert chip.info().recipe == "without NRST, out of high speed"
    with board.open() as chip:
        assert chip.info().recipe == "under reset, high speed"


@pytest.mark.parametrize("switches", [Switches(), *_KEPT])
@pytest.mark.parametrize("model", ["v1", "v2"])
def test_a_probe_that_hangs_once_costs_no_upload_of_a_chip_that_keeps_high_speed(
    model: str, switches: Switches
) -> None:
    board = Board("stm8s001j3", model, switches=switches)
    image = image_of(board.part, size=500)
    board.upload(image)
    for after in range(20, board.probe.transfers - 20, 9):
        board = Board("stm8s001j3", model, faults=[f"wedged={after}"], switches=switches)
        board.upload(image)
        assert board.holds(image), after
        assert board.is_left_idle(), after


@pytest.mark.parametrize("off_at", [70, 85, 95, 100, 120])  # an entry is under way, or begins, or has just failed
@pytest.mark.parametrize("switches", [Switches(), *_KEPT])
def test_a_chip_that_was_caught_at_power_on_and_keeps_high_speed_is_reached_again(
    switches: Switches, off_at: int
) -> None:
    faults = [f"power-switch={off_at}", "app-disables-swim=40"]
    board = Board("stm8s001j3", "v2", faults=faults, locked=True, switches=switches)
    asked: list[int] = []
    image = image_of(board.part, size=500)
    with chip_behind(board.probe, board.part, power_cycle=PowerCycle(5, asked.append)) as chip:
        chip.write(image, board.part.flash)
    assert board.holds(image)
    assert asked.count(5) == 1


_POWER = "power the board off and on"


def _cut_swim(board: Board) -> None:
    board.chip.faults = board.probe.faults = replace(board.probe.faults, swim_open=True)


@pytest.mark.parametrize("model", MODELS)
def test_a_chip_that_cannot_be_left_after_an_error_is_told_with_that_error(model: str) -> None:
    board = Board(model=model)
    with pytest.raises(UsageError, match="the first error") as caught, board.open() as chip:
        chip.connect()
        _cut_swim(board)
        raise UsageError("the first error", hint="its hint")
    assert caught.value.hint == "its hint"
    assert any(line.startswith("the chip could not be released, either: ") for line in caught.value.details)
    assert _POWER in caught.value.details[-1]
    assert "a reset by NRST may not be enough" in caught.value.details[-1]


def test_a_chip_that_cannot_be_left_after_ctrl_c_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    board = Board()
    with pytest.raises(KeyboardInterrupt), board.open() as chip:
        chip.connect()
        _cut_swim(board)
        raise KeyboardInterrupt
    assert _POWER in caplog.text


def test_a_chip_that_is_left_in_order_after_an_error_adds_nothing_to_it() -> None:
    board = Board()
    with pytest.raises(UsageError) as caught, board.open() as chip:
        chip.connect()
        raise UsageError("the first error", hint="its hint")
    assert caught.value.details == ()


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_a_chip_that_falls_silent_in_the_middle_of_a_job_may_stay_stopped(model: str) -> None:
    board = Board(model=model, faults=["nrst-open"])
    with pytest.raises(ConnectError) as caught, board.open() as chip:
        chip.connect()
        _cut_swim(board)
        chip.read(board.part.flash)
    assert _POWER in "".join(caught.value.details)


def test_a_chip_that_was_never_gripped_is_not_said_to_be_stopped() -> None:
    for fault in ("unpowered", "swim-open", "swim-stuck-low"):
        board = Board(faults=[fault])
        with pytest.raises(ConnectError) as caught:
            board.upload(image_of(board.part))
        assert _POWER not in "".join(caught.value.details)


def test_a_chip_that_a_rung_gripped_and_no_rung_held_may_stay_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    written: list[int] = []
    original = Microcontroller.wotf

    def wotf(chip: Microcontroller, address: int, *rest: object) -> object:
        answer = original(chip, address, *rest)  # type: ignore[arg-type]
        written.append(address)
        if written == [0x7F80]:
            _cut_swim(board)
        return answer

    monkeypatch.setattr(Microcontroller, "wotf", wotf)
    with pytest.raises(ConnectError) as caught:
        board.upload(image_of(board.part))
    assert _POWER in "".join(caught.value.details)


def test_a_probe_that_is_pulled_in_the_middle_says_that_the_chip_may_stay_stopped() -> None:
    board = Board(faults=["unplug-after=200"])
    with pytest.raises(ProbeLostError) as caught:
        board.upload(image_of(board.part))
    assert "the chip's program may be stopped" in (caught.value.hint or "")
    assert "could not be released" not in "".join(caught.value.details)


# -- a probe that reports an error for its own pin --------------------------------------------------------------------


@pytest.mark.parametrize("every", range(1, 8))
@pytest.mark.parametrize("model", MODELS)
def test_an_error_of_the_probes_own_pin_ends_no_rung(model: str, every: int) -> None:
    board = Board(model=model, locked=True, faults=[f"nrst-error-every={every}"])
    with board.open() as chip:
        assert chip.info().recipe == "under reset, high speed"
    image = image_of(board.part, size=300)
    board.upload(image)
    assert board.holds(image)
    assert board.is_left_idle()


@pytest.mark.parametrize("every", [1, 2, 3])
def test_an_error_of_the_probes_own_pin_ends_no_power_cycle(every: int) -> None:
    board = Board(faults=[f"nrst-error-every={every}", "power-switch=2000", "app-disables-swim"])
    wish = PowerCycle(10, lambda seconds: None)
    with chip_behind(board.probe, board.part, power_cycle=wish) as chip:
        chip.connect()
    assert board.is_left_idle()


@pytest.mark.parametrize("every", [1, 2, 3])
def test_an_error_of_the_probes_own_pin_does_not_spare_a_chip_its_last_reset(every: int) -> None:
    board = Board(faults=[f"nrst-error-every={every}"])
    with pytest.raises(SwimError, match="it was released"), board.open() as chip:
        chip.connect()
        _cut_swim(board)
    assert board.is_left_idle()


def test_a_reset_line_is_seen_to_work_whatever_the_probe_reports_of_it() -> None:
    board = Board(faults=["nrst-error-every=1"])
    with board.session() as session:
        assert session.connect().reset_line_works()


def test_a_probe_that_was_reset_is_not_reset_again_for_each_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board("stm8s103f3", "v2", faults=["wedged=60", "nak-every=1500"])
    resets = []
    original = board.probe.reset

    def reset() -> None:
        resets.append(board.probe.clock.now())
        original()

    monkeypatch.setattr(board.probe, "reset", reset)
    image = image_of(board.part)
    with board.open() as chip:
        chip.write(image)
        assert chip.quality.reconnects > 3
    assert board.holds(image)
    assert len(resets) == 1
