"""Benches with one thing wrong: the error, or the warning, has the code of just that."""

from __future__ import annotations

import logging
import random
import re
from contextlib import suppress
from typing import Optional

import pytest

from session.bench import MODELS, Board, chip_behind, image_of, program
from stm8tool import api
from stm8tool.errors import Code, ConnectError, ProgramError, SwimError, ToolError, VerifyError
from stm8tool.image import Image, Segment
from stm8tool.session import PowerCycle
from stm8tool.sim.chip.microcontroller import Answer, Microcontroller


def _upload(board: Board, size: int = 400) -> Optional[ToolError]:
    """Return how an upload ends: its error, or None when the chip then holds the image."""
    image = image_of(board.part, size=size)
    try:
        board.upload(image)
    except ToolError as exc:
        return exc
    assert board.holds(image)
    return None


def _warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the codes of all warnings."""
    texts = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    return [code for text in texts for code in re.findall(r"\[(E-[A-Z-]+)\]", text)]


@pytest.mark.parametrize(
    ("faults", "part", "code"),
    [
        (["unpowered"], "stm8s103f3", Code.TARGET_UNPOWERED),
        (["unpowered", "fake-voltage"], "stm8s103f3", Code.TARGET_SILENT),
        (["unpowered", "fake-voltage=1200"], "stm8s103f3", Code.TARGET_SILENT),
        (["swim-open"], "stm8s103f3", Code.TARGET_SILENT),
        (["swim-open", "fake-voltage=2400"], "stm8s103f3", Code.SUPPLY_LOW),
        (["swim-open", "fake-voltage=2400"], "stm8l151k4", Code.TARGET_SILENT),
        (["swim-stuck-low"], "stm8s103f3", Code.SWIM_STUCK),
        (["nrst-stuck-low"], "stm8s103f3", Code.RESET_LOW),
        (["nrst-open", "app-disables-swim"], "stm8s103f3", Code.TARGET_SILENT),
        (["app-disables-swim"], "stm8s001j3", Code.SWIM_DISABLED),
        (["busy-storm"], "stm8s103f3", Code.PROBE_HUNG),
    ],
)
@pytest.mark.parametrize("model", ["v2", "v3"])
def test_a_chip_that_is_not_reached_has_the_code_of_its_cause(
    faults: list[str], part: str, code: Code, model: str
) -> None:
    error = _upload(Board(part, model, faults=faults))
    assert isinstance(error, ConnectError)
    assert error.code is code
    assert error.exit_code == 4


def test_a_probe_that_measures_nothing_accuses_no_supply() -> None:
    error = _upload(Board(model="v1", faults=["unpowered"]))
    assert error is not None
    assert error.code is Code.TARGET_SILENT
    assert "power" in (error.hint or "")


def test_a_chip_that_falls_silent_when_its_program_runs_has_one_that_turns_swim_off() -> None:
    board = Board(faults=["nrst-open", "app-disables-swim"])
    board.chip.options.memory.write(0x4801, b"\x02\xfd")  # UBC: unlock restores it, and then resets the chip
    board.chip.flash.write(0x8000, bytes(8192))  # no program yet: the chip can be reached
    board.chip.power(False, 0.0)
    board.chip.power(True, 0.0)
    with board.open() as chip, pytest.raises(ConnectError) as caught:
        chip.info()
        board.chip.flash.write(0x8000, program(board.part))
        chip.unlock()
    assert caught.value.code is Code.SWIM_DISABLED
    assert "NRST" in (caught.value.hint or "")


def test_a_wire_that_comes_off_in_the_middle_is_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    original = Microcontroller.wotf

    def wotf(chip: Microcontroller, address: int, *rest: object) -> object:
        if address == 0x8080:
            chip.faults = board.probe.faults = type(chip.faults)(swim_open=True)
        return original(chip, address, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Microcontroller, "wotf", wotf)
    error = _upload(board)
    assert isinstance(error, ConnectError)
    assert error.code is Code.LINK_LOST
    assert "middle" in str(error)


@pytest.mark.parametrize(
    ("faults", "part", "kind", "code"),
    [
        (["no-eop"], "stm8s103f3", ProgramError, Code.WRITE_UNFINISHED),
        (["marginal-supply"], "stm8s103f3", ProgramError, Code.SUPPLY_LOW),
        (["marginal-supply=1700"], "stm8l151k4", ProgramError, Code.WRITE_UNFINISHED),
        (["dead-block=0x8040"], "stm8s103f3", VerifyError, Code.VERIFY),
        (["dead-block=0x8040", "fake-voltage=2400"], "stm8s103f3", VerifyError, Code.SUPPLY_LOW),
        (["nak-every=50"], "stm8s103f3", SwimError, Code.LINK_LOST),
    ],
)
def test_a_write_that_fails_has_the_code_of_its_cause(
    faults: list[str], part: str, kind: type[ToolError], code: Code
) -> None:
    error = _upload(Board(part, "v2", faults=faults))
    assert isinstance(error, kind)
    assert error.code is code
    assert error.hint


@pytest.mark.parametrize("fault", ["no-eop", "marginal-supply"])
@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_an_unlock_that_does_not_take_is_told_by_upload_and_by_unlock(part: str, fault: str) -> None:
    error = _upload(Board(part, locked=True, faults=[fault]))
    assert error is not None
    assert error.code is Code.UNLOCK_FAILED
    board = Board(part, locked=True, faults=[fault])
    with board.open() as chip, pytest.raises(ProgramError) as caught:
        chip.unlock()
    assert caught.value.code is Code.UNLOCK_FAILED


def test_a_link_lost_in_the_middle_of_an_unlock_says_that_the_chip_may_be_erased() -> None:
    for fault in ("unplug-after", "wedged-for-good"):
        board = Board(locked=True)
        _upload(board, size=64)
        total = board.probe.transfers
        told = 0
        for after in range(0, total, 9):
            error = _upload(Board(locked=True, faults=[f"{fault}={after}"]), size=64)
            told += error is not None and any("may be erased" in line for line in error.details)
        assert 1 <= told < total // 18


# -- link quality ----------------------------------------------------------------------------------------------------


def test_a_perfect_upload_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    board = Board()
    with board.open() as chip:
        chip.write(image_of(board.part), board.part.flash)
        assert chip.quality.retries == 0
    assert caplog.records == []


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("bit-flip-every=500", "reads repeated"),
        ("nak-every=500", "reconnects"),
        ("stall-after=222", "probe exchange repeated"),
        ("drop-link-after=400", "1 reconnect"),
        ("wedged=300", "way to connect failed"),
    ],
)
def test_a_run_that_ends_well_on_a_weak_link_says_so_once(
    fault: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert _upload(Board(model="v2", faults=[fault]), size=2000) is None
    assert _warned(caplog) == [Code.WEAK_LINK.value]
    assert what in caplog.text


def test_a_run_that_fails_has_its_retries_in_the_details(caplog: pytest.LogCaptureFixture) -> None:
    error = _upload(Board(faults=["nak-every=50"]))
    assert error is not None
    assert "reconnects" in error.details[-1]
    assert "wires" in (error.hint or "")
    assert _warned(caplog) == []


def test_a_chip_reached_without_nrst_after_recipes_with_it_is_to_have_it_wired(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board()
    original = Microcontroller.enter

    def enter(chip: Microcontroller, *times: float) -> Answer:
        return Answer.SILENT if chip.nrst_low else original(chip, *times)

    monkeypatch.setattr(Microcontroller, "enter", enter)
    assert _upload(board) is None
    assert "reached without NRST" in caplog.text
    assert _warned(caplog) == [Code.WEAK_LINK.value]


@pytest.mark.parametrize("part", ["stm8s001j3", "stm8l001j3", "stm8l050j3"])
@pytest.mark.parametrize("model", MODELS)
def test_what_an_interrupted_run_left_on_a_part_without_nrst_is_no_weak_link(
    part: str, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board(part, model)
    killed = board.open()
    killed.__enter__()
    killed.info()
    board.probe.close()  # as the system does when the process is gone; the chip stays in SWIM, its CPU stalled
    assert not board.is_left_idle()
    assert _upload(board) is None
    assert _warned(caplog) == []
    assert board.is_left_idle()


def test_low_speed_because_hsit_stays_0_is_no_weak_link(caplog: pytest.LogCaptureFixture) -> None:
    assert _upload(Board(faults=["hsit-stuck"])) is None
    assert _warned(caplog) == [Code.NO_HIGH_SPEED.value]


def test_low_speed_right_after_an_unlock_is_normal(caplog: pytest.LogCaptureFixture) -> None:
    assert _upload(Board(locked=True, faults=["hsit-stuck"])) is None
    assert _warned(caplog) == []


# -- noise -----------------------------------------------------------------------------------------------------------


def _one_bit_off(board: Board, rng: random.Random, size: int) -> None:
    """Give the chip the test image with one bit changed, and a first block that differs for certain."""
    held = bytearray(program(board.part, size=size))
    held[rng.randrange(64, size)] ^= 1 << rng.randrange(8)
    held[1:3] = b"\x00\x00"
    board.chip.flash.write(0x8000, bytes(held))


@pytest.mark.parametrize("every", [10, 64, 77, 128, 250, 500, 1000, 2500, 6144])
@pytest.mark.parametrize("fault", ["bit-flip-every", "nak-every"])
def test_noise_never_makes_a_wrong_upload_pass(fault: str, every: int) -> None:
    for seed in range(3):
        board = Board(faults=[f"{fault}={every + seed}"])
        _one_bit_off(board, random.Random(seed), size=2000)
        beside = bytes(board.chip.flash.data[2000:])
        _upload(board, size=2000)
        assert bytes(board.chip.flash.data[2000:]) == beside


@pytest.mark.parametrize("every", [64, 77, 128, 250, 1000, 2500, 6144])
def test_noise_never_makes_a_wrong_verify_pass_or_a_wrong_copy(every: int) -> None:
    for seed in range(3):
        board = Board(faults=[f"bit-flip-every={every + seed}"])
        _one_bit_off(board, random.Random(seed), size=2000)
        with pytest.raises((VerifyError, SwimError)), board.open() as chip:
            chip.verify(image_of(board.part, size=2000), board.part.flash)
        with suppress(SwimError), board.open() as chip:
            assert chip.read(board.part.flash) == bytes(board.chip.flash.data)


@pytest.mark.parametrize("every", [64, 77, 128, 250, 500, 1000, 2500])
def test_a_wire_that_flips_bits_all_the_time_is_given_up_in_bounded_time(every: int) -> None:
    board = Board("stm8l152r8", "v2", faults=[f"bit-flip-every={every}"])
    try:
        with board.open() as chip:
            held = chip.read(board.part.flash)
    except SwimError as exc:
        failure: Optional[SwimError] = exc
    else:
        failure = None
        assert held == bytes(board.chip.flash.data)
    assert (failure is None) == (every >= 1000)
    assert failure is None or failure.code is Code.LINK_LOST
    assert board.probe.clock.now() < 25


def test_noise_never_makes_a_locked_chip_look_open() -> None:
    for every in range(40, 400, 23):
        board = Board(locked=True, faults=[f"bit-flip-every={every}"])
        with pytest.raises(ToolError) as caught, board.open() as chip:
            chip.read(board.part.flash)
        assert caught.value.code in (Code.ROP_READ, Code.LINK_LOST)


def test_a_flipped_bit_in_iapsr_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    board.chip.flash.write(0x8000, bytes(8192))  # blank: a refusal would look like read protection
    original, flipped = board.chip.rotf, []

    def rotf(address: int, size: int, now: float, high_speed: bool, byte_s: float) -> object:
        answer, data = original(address, size, now, high_speed, byte_s)
        if address == 0x505F and data and data[0] & 0x04 and not flipped:  # EOP
            flipped.append(1)
            return answer, bytes([data[0] & ~0x04 | 0x01])
        return answer, data

    monkeypatch.setattr(board.chip, "rotf", rotf)
    assert _upload(board) is None
    assert flipped


# -- power-cycle capture ---------------------------------------------------------------------------------------------


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
    assert _warned(caplog) == [Code.SWIM_DISABLED.value]
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
    assert _warned(caplog) == []


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
    assert _warned(caplog) == [Code.WEAK_LINK.value]


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
    assert _warned(caplog) == []


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


def test_an_image_in_pieces_keeps_what_lies_between_them_on_a_noisy_wire() -> None:
    for every in (90, 333, 1234):
        board = Board(faults=[f"bit-flip-every={every}"])
        before = bytearray(board.chip.flash.data)
        pieces = [Segment(0x8000 + 128 * n + 7, bytes([n + 1] * 20)) for n in range(10)]
        board.upload(Image(pieces))
        for piece in pieces:
            before[piece.address - 0x8000 : piece.end - 0x8000] = piece.data
        assert bytes(board.chip.flash.data) == bytes(before)


@pytest.mark.parametrize(
    "fault", ["stall-every=1", "stall-every=2", "wedged-for-good=0", "wedged-for-good=3", "wedged=2"]
)
@pytest.mark.parametrize("model", MODELS)
def test_whatever_fails_while_the_probe_is_opened_says_what_to_do(model: str, fault: str) -> None:
    error = _upload(Board(model=model, faults=[fault]))
    assert error is None or error.hint
    assert error or fault == "wedged=2"
