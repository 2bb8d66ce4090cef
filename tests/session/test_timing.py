"""The times of the driver, each at the edge of what it is good for: docs/timing.md names the test for each of them.

Time is that of the simulated bench, so that a limit is exact and no machine is too slow for it. A limit stands just
above what a job takes now: a time that grows without need is seen.
"""

from __future__ import annotations

import pytest

from session.bench import Board, chip_behind, image_of
from stm8tool.errors import Code, ConnectError, ProbeError, SwimError, ToolError
from stm8tool.image import Image, Segment
from stm8tool.session import PowerCycle
from stm8tool.sim.chip.microcontroller import Answer
from stm8tool.sim.faults import parse
from stm8tool.sim.switches import Switches

_FIRST, _LONG = "under reset, high speed", "under a longer reset, low speed"


def _recipe(board: Board) -> str:
    with board.open() as chip:
        return chip.info().recipe


# -- reset -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("slow_ms", "recipe"), [(5, _FIRST), (10, _FIRST), (15, _LONG), (99, _LONG)])
def test_a_slow_reset_line_is_waited_for(slow_ms: int, recipe: str) -> None:
    """The program turns SWIM off: only a chip that is in reset when the entry begins takes it."""
    board = Board(faults=[f"nrst-slow={slow_ms}", "app-disables-swim"])
    assert _recipe(board) == recipe
    assert board.is_left_idle()


@pytest.mark.parametrize("slow_ms", [5, 15, 50, 99])
@pytest.mark.parametrize("model", ["v1", "v2", "v3"])
def test_an_upload_gets_through_a_slow_reset_line(model: str, slow_ms: int) -> None:
    board = Board(model=model, locked=True, faults=[f"nrst-slow={slow_ms}"])
    image = image_of(board.part, size=300)
    board.upload(image)
    assert board.holds(image)
    board.probe.clock.sleep(0.1)
    assert board.is_left_idle()


def test_a_chip_that_is_late_after_its_reset_is_waited_for() -> None:
    assert _recipe(Board(switches=Switches(start_s=0.011))) == _FIRST
    assert _recipe(Board(switches=Switches(start_s=0.099))) == _LONG


@pytest.mark.parametrize("late_ms", [0, 1, 2, 3, 5, 8])
def test_the_first_recipe_waits_as_long_as_hsit_is_0_and_no_longer(late_ms: int) -> None:
    board = Board(switches=Switches(start_s=late_ms / 1000))
    with board.open() as chip:
        before = board.probe.clock.now()
        chip.connect()
        took_s = board.probe.clock.now() - before
        assert chip.info().recipe == _FIRST
    at_once = 0.039
    assert took_s < at_once + 2 * late_ms / 1000  # there are two resets


def test_a_chip_that_is_late_is_caught_at_power_on_all_the_same() -> None:
    board = Board(faults=["power-switch=100"], switches=Switches(start_s=0.011))
    failed: list[int] = []
    with chip_behind(board.probe, board.part, power_cycle=PowerCycle(5, failed.append)) as chip:
        assert chip.info().recipe == "at power-on"
    assert failed == [5]  # at the first entry, as the chip was not held in reset by anything


@pytest.mark.parametrize(("silent_s", "told"), [(0.0, False), (0.35, False), (0.48, False), (0.6, True), (0.9, True)])
def test_only_a_silence_as_long_as_it_takes_to_switch_a_board_is_told_as_power_on(
    silent_s: float, told: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(model="v3")
    original = board.chip.enter

    def enter(began: float, now: float) -> Answer:
        return Answer.SILENT if began < silent_s else original(began, now)

    monkeypatch.setattr(board.chip, "enter", enter)
    with chip_behind(board.probe, board.part, power_cycle=PowerCycle(5, lambda seconds: None)) as chip:
        chip.connect()
    assert ("the chip answered only at power-on" in caplog.text) is told


def test_an_hsit_that_is_late_is_waited_for_and_one_that_never_comes_not_for_long() -> None:
    board = Board(switches=Switches(hsit_late_s=0.045))
    with board.open() as chip:
        assert chip.info().high_speed
    stuck = Board(faults=["hsit-stuck"])
    with stuck.open() as chip:
        before = stuck.probe.clock.now()
        chip.connect()
        assert stuck.probe.clock.now() - before < 0.155


def test_a_chip_that_cannot_be_left_is_reset_by_a_slow_line_too() -> None:
    board = Board(faults=["nrst-slow=15"])
    with pytest.raises(SwimError), board.open() as chip:
        chip.connect()
        board.chip.faults = board.probe.faults = parse(["nrst-slow=15", "swim-open"])
    board.probe.clock.sleep(0.02)
    assert board.is_left_idle()


# -- the entry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["v1", "v2", "v3"])
def test_the_first_recipe_asks_no_sooner_than_an_early_poll_spoils_the_entry(model: str) -> None:
    board = Board(model=model, faults=["early-poll"])
    assert _recipe(board) == _FIRST


# -- how long things take --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "open_s", "connect_s", "leave_s"),
    [("v1", 0.0205, 0.151, 0.0215), ("v2", 0.0095, 0.0735, 0.0095), ("v3", 0.003, 0.039, 0.0034)],
)
def test_a_healthy_chip_is_reached_and_left_in_no_time(
    model: str, open_s: float, connect_s: float, leave_s: float
) -> None:
    board = Board(model=model)
    clock = board.probe.clock
    with board.open() as chip:
        assert clock.now() < open_s
        before = clock.now()
        chip.connect()
        assert clock.now() - before < connect_s
        before = clock.now()
    assert clock.now() - before < leave_s


@pytest.mark.parametrize(
    ("part", "model", "blank", "limit_s", "transfers"),
    [
        ("stm8s103f3", "v1", False, 3.83, 2707),
        ("stm8s103f3", "v2", False, 2.11, 1708),
        ("stm8s103f3", "v3", False, 1.47, 1710),
        ("stm8s103f3", "v3", True, 1.09, 1710),
        ("stm8l151k4", "v3", False, 0.95, 972),
        ("stm8l151k4", "v3", True, 0.76, 972),
    ],
)
def test_a_whole_flash_is_written_as_fast_as_it_programs_and_asked_about_once_a_block(
    part: str, model: str, blank: bool, limit_s: float, transfers: int
) -> None:
    board = Board(part, model)
    if blank:
        board.chip.flash.write(0x8000, bytes(board.part.flash.size))
    board.upload(image_of(board.part, size=8192))
    assert board.probe.clock.now() < limit_s
    assert board.probe.transfers <= transfers


def test_a_read_of_the_whole_flash_takes_little_more_than_its_wire() -> None:
    board = Board(model="v3")
    with board.open() as chip:
        chip.connect()
        before, transfers = board.probe.clock.now(), board.probe.transfers
        chip.read(board.part.flash)
        assert board.probe.clock.now() - before < 0.242
        assert board.probe.transfers - transfers <= 45


@pytest.mark.parametrize(
    ("faults", "code", "limit_s"),
    [
        (["unpowered"], Code.TARGET_UNPOWERED, 1.28),
        (["swim-open"], Code.TARGET_SILENT, 1.28),
        (["busy-storm"], Code.PROBE_HUNG, 3.53),
        (["nrst-stuck-low"], Code.RESET_LOW, 1.34),
        (["no-eop"], Code.WRITE_UNFINISHED, 0.47),
        (["wedged-for-good"], Code.PROBE_HUNG, 2.72),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_fails_fails_soon(faults: list[str], code: Code, limit_s: float) -> None:
    board = Board(model="v3", faults=faults)
    with pytest.raises(ToolError) as caught:
        board.upload(image_of(board.part, size=400))
    assert caught.value.code is code
    assert board.probe.clock.now() < limit_s


# -- the probe ---------------------------------------------------------------------------------------------------------


def test_a_probe_that_waits_long_for_a_silent_chip_is_not_taken_for_one_that_hangs() -> None:
    """An open firmware waits some 0.1 s for each byte."""
    board = Board(model="v2", faults=["open-firmware", "swim-open"])
    board.probe.firmware.silence_s = 0.2
    with pytest.raises(ConnectError) as caught:
        board.upload(image_of(board.part, size=100))
    assert caught.value.code is Code.TARGET_SILENT
    assert "stays busy" not in "".join(caught.value.details)


def test_a_late_answer_costs_one_time_limit() -> None:
    board = Board(model="v3", faults=["timeout-after=60"])
    board.upload(image_of(board.part, size=400))
    assert board.probe.clock.now() < 1.26


def test_a_probe_that_never_answered_is_told_once_and_warned_of_before_its_reset(
    caplog: pytest.LogCaptureFixture,
) -> None:
    board = Board(faults=["wedged-for-good"])
    with pytest.raises(ProbeError, match="hangs: it does not answer, not even after a USB reset"):
        board.upload(Image([Segment(0x8000, b"\x82")]))
    assert [record.getMessage()[:40] for record in caplog.records] == ["the probe hangs (the probe did not answe"]


@pytest.mark.parametrize("after", [60, 80, 150, 300])
def test_a_probe_that_hangs_in_the_middle_is_told_by_the_error_alone(
    after: int, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board(faults=[f"wedged-for-good={after}"])
    with pytest.raises(ProbeError) as caught:
        board.upload(image_of(board.part))
    assert caught.value.code is Code.PROBE_HUNG
    assert "may still be in SWIM mode" not in caplog.text
