"""A chip that is caught at power-on, while the user switches the power of the board."""

from __future__ import annotations

import pytest

from session.bench import Board, chip_behind, image_of
from session.outcomes import warned
from stm8tool import api
from stm8tool.errors import Code, ConnectError, ToolError
from stm8tool.session import PowerCycle
from stm8tool.sim.chip.microcontroller import Answer, Microcontroller


def _catch(board: Board, seconds: int = 30) -> tuple[api.Chip, list[int]]:
    told: list[int] = []
    return chip_behind(board.probe, board.part, power_cycle=PowerCycle(seconds, told.append)), told


@pytest.mark.parametrize(
    ("part", "faults"),
    [("stm8s001j3", []), ("stm8l001j3", []), ("stm8l050j3", []), ("stm8s103f3", ["nrst-open"])],
)
@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("model", ["v1", "v2", "v3"])
def test_a_chip_whose_program_turns_swim_off_is_caught_at_power_on_and_programmed(
    part: str, faults: list[str], locked: bool, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board(part, model, locked=locked, faults=[*faults, "app-disables-swim=60", "power-switch=4000"])
    image = image_of(board.part, size=400)
    chip, told = _catch(board)
    with chip:
        chip.write(image, board.part.flash)
    assert board.holds(image)
    assert board.options_are_factory()
    assert board.is_left_idle()
    assert warned(caplog) == [Code.SWIM_DISABLED.value]
    assert told == list(range(30, told[-1] - 1, -1))
    assert told[-1] in (25, 26, 27)


def test_with_nrst_wired_power_on_is_caught_however_fast_the_program_is() -> None:
    board = Board(faults=["unpowered", "app-disables-swim"])

    def switch(left_s: int) -> None:
        if left_s == 28:
            board.probe.faults = board.chip.faults = type(board.chip.faults)(app_disables_swim=1)

    with chip_behind(board.probe, board.part, power_cycle=PowerCycle(30, switch)) as chip:
        chip.write(image_of(board.part, size=64), board.part.flash)
    assert board.holds(image_of(board.part, size=64))


def test_a_program_that_is_faster_than_the_entry_cannot_be_caught_without_nrst() -> None:
    board = Board(faults=["nrst-open", "app-disables-swim=1", "power-switch=2000"])
    chip, told = _catch(board, seconds=10)
    with pytest.raises(ConnectError) as caught, chip:
        chip.reset()
    assert caught.value.code is Code.TARGET_SILENT
    assert caught.value.exit_code == 4
    assert told[-1] == 1
    assert board.probe.clock.now() < 12
    assert not board.chip.nrst_low


def test_a_board_that_stays_off_is_told_from_one_that_was_not_caught() -> None:
    chip, _ = _catch(Board(faults=["unpowered"]), seconds=5)
    with pytest.raises(ConnectError) as caught, chip:
        chip.reset()
    assert caught.value.code is Code.TARGET_UNPOWERED


def test_a_chip_that_answers_at_once_needs_no_power_cycle_and_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    board = Board()
    chip, told = _catch(board)
    with chip:
        chip.write(image_of(board.part, size=64), board.part.flash)
    assert told == [30]
    assert warned(caplog) == []


def test_a_caught_chip_that_loses_its_link_is_reached_again_without_another_power_cycle() -> None:
    for every in (300, 500, 900):
        faults = ["app-disables-swim=60", "power-switch=2000", f"nak-every={every}"]
        board = Board("stm8s001j3", "v2", faults=faults)
        image = image_of(board.part, size=1000)
        chip, told = _catch(board)
        with chip:
            chip.write(image, board.part.flash)
        assert board.holds(image)
        assert chip.quality.reconnects
        assert told[0] == 30
        assert told == sorted(told, reverse=True)


def test_a_probe_that_hangs_while_it_waits_for_power_is_given_up() -> None:
    board = Board("stm8s001j3", faults=["app-disables-swim", "wedged-for-good=400"])
    chip, _ = _catch(board)
    with pytest.raises(ToolError) as caught, chip:
        chip.reset()
    assert caught.value.code is Code.PROBE_HUNG
    assert board.probe.clock.now() < 15


def test_a_probe_that_hangs_once_while_it_waits_for_power_is_reset_and_goes_on() -> None:
    board = Board("stm8s001j3", "v2", faults=["app-disables-swim=60", "power-switch=8000", "wedged=400"])
    chip, _ = _catch(board)
    with chip:
        chip.write(image_of(board.part, size=64), board.part.flash)
    assert board.holds(image_of(board.part, size=64))


def test_the_time_that_a_probe_hangs_is_not_taken_from_the_wait_for_power() -> None:
    board = Board("stm8s001j3", "v2", faults=["app-disables-swim", "wedged=400"])
    chip, told = _catch(board, seconds=5)
    with pytest.raises(ConnectError), chip:
        chip.reset()
    assert told == [5, 4, 3, 2, 1]
    assert board.probe.clock.now() > 5 + 2  # at least two time limits of 1 s ran out


@pytest.mark.parametrize("part", ["stm8s001j3", "stm8s103f3"])
def test_a_chip_that_is_caught_after_a_stumble_of_the_probe_needed_no_power_on(
    part: str, caplog: pytest.LogCaptureFixture
) -> None:
    chip, told = _catch(Board(part, "v1", faults=["stall-every=9"]))
    with chip:
        chip.info()
    assert told == [30]
    assert warned(caplog) == [Code.WEAK_LINK.value]


def test_a_chip_that_misses_one_entry_needed_no_power_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, missed = Microcontroller.enter, []

    def enter(chip: Microcontroller, *times: float) -> Answer:
        if not missed:
            missed.append(1)
            return Answer.SILENT
        return original(chip, *times)

    monkeypatch.setattr(Microcontroller, "enter", enter)
    chip, _ = _catch(Board("stm8s001j3"))
    with chip:
        chip.info()
    assert missed
    assert warned(caplog) == []


def test_ctrl_c_ends_the_wait_for_power_and_releases_nrst() -> None:
    board = Board("stm8s103f3", faults=["swim-open"])

    def press(left_s: int) -> None:
        if left_s == 27:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        chip_behind(board.probe, board.part, power_cycle=PowerCycle(30, press)) as chip,
    ):
        chip.reset()
    assert not board.chip.nrst_low
    assert board.probe.firmware.mode != 3
