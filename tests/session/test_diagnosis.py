"""Benches with one thing wrong: the error, or the warning, has the code of just that."""

from __future__ import annotations

import pytest

from session.bench import MODELS, Board, image_of, program
from session.outcomes import outcome, warned
from stm8tool.errors import Code, ConnectError, ProgramError, SwimError, ToolError, VerifyError
from stm8tool.image import Image, Segment
from stm8tool.sim.chip.microcontroller import Answer, Microcontroller
from stm8tool.sim.switches import Switches


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
    error = outcome(Board(part, model, faults=faults))
    assert isinstance(error, ConnectError)
    assert error.code is code
    assert error.exit_code == (3 if code is Code.PROBE_HUNG else 4)


@pytest.mark.parametrize("answers", [False, True])
def test_a_chip_that_stays_in_reset_is_told_whatever_its_debug_module_answers(answers: bool) -> None:
    error = outcome(Board(faults=["nrst-stuck-low"], switches=Switches(debug_module_in_reset=answers)))
    assert isinstance(error, ConnectError)
    assert error.code is Code.RESET_LOW


def test_a_probe_that_measures_nothing_accuses_no_supply() -> None:
    error = outcome(Board(model="v1", faults=["unpowered"]))
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
    error = outcome(board)
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
    error = outcome(Board(part, "v2", faults=faults))
    assert isinstance(error, kind)
    assert error.code is code
    assert error.hint


@pytest.mark.parametrize("fault", ["no-eop", "marginal-supply"])
@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_an_unlock_that_does_not_take_is_told_by_upload_and_by_unlock(part: str, fault: str) -> None:
    error = outcome(Board(part, locked=True, faults=[fault]))
    assert error is not None
    assert error.code is Code.UNLOCK_FAILED
    board = Board(part, locked=True, faults=[fault])
    with board.open() as chip, pytest.raises(ProgramError) as caught:
        chip.unlock()
    assert caught.value.code is Code.UNLOCK_FAILED


def test_a_link_lost_in_the_middle_of_an_unlock_says_that_the_chip_may_be_erased() -> None:
    for fault in ("unplug-after", "wedged-for-good"):
        board = Board(locked=True)
        outcome(board, size=64)
        total = board.probe.transfers
        told = 0
        for after in range(0, total, 9):
            error = outcome(Board(locked=True, faults=[f"{fault}={after}"]), size=64)
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
        ("stall-after=228", "probe exchange repeated"),
        ("drop-link-after=400", "1 reconnect"),
        ("wedged=300", "way to connect failed"),
    ],
)
def test_a_run_that_ends_well_on_a_weak_link_says_so_once(
    fault: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert outcome(Board(model="v2", faults=[fault]), size=2000) is None
    assert warned(caplog) == [Code.WEAK_LINK.value]
    assert what in caplog.text


def test_a_run_that_fails_has_its_retries_in_the_details(caplog: pytest.LogCaptureFixture) -> None:
    error = outcome(Board(faults=["nak-every=50"]))
    assert error is not None
    assert "reconnects" in error.details[-1]
    assert "wires" in (error.hint or "")
    assert warned(caplog) == []


def test_a_chip_reached_without_nrst_after_recipes_with_it_is_to_have_it_wired(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board()
    original = Microcontroller.enter

    def enter(chip: Microcontroller, *times: float) -> Answer:
        return Answer.SILENT if chip.nrst_low else original(chip, *times)

    monkeypatch.setattr(Microcontroller, "enter", enter)
    assert outcome(board) is None
    assert "reached without NRST" in caplog.text
    assert warned(caplog) == [Code.WEAK_LINK.value]


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
    assert outcome(board) is None
    assert warned(caplog) == []
    assert board.is_left_idle()


def test_low_speed_because_hsit_stays_0_is_no_weak_link(caplog: pytest.LogCaptureFixture) -> None:
    assert outcome(Board(faults=["hsit-stuck"])) is None
    assert warned(caplog) == [Code.NO_HIGH_SPEED.value]


def test_low_speed_right_after_an_unlock_is_normal(caplog: pytest.LogCaptureFixture) -> None:
    assert outcome(Board(locked=True, faults=["hsit-stuck"])) is None
    assert warned(caplog) == []


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
    error = outcome(Board(model=model, faults=[fault]))
    assert error is None or error.hint
    assert error or fault == "wedged=2"
