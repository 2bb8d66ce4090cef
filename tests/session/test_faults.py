"""Uploads on broken benches: a clear error within bounded time, nothing left behind, and the next upload works."""

from __future__ import annotations

from typing import Optional

import pytest

from session.bench import MODELS, Board, image_of
from session.option_bench import ONE_OF_EACH_STRUCTURE
from stm8tool.errors import Code, ConnectError, ProbeError, ProbeLostError, ToolError
from stm8tool.image import Image, Segment
from stm8tool.sim.faults import parse

_LIMIT_S = 20.0  # simulated; the whole ladder, a USB reset and three tries fit


def _mend(board: Board) -> None:
    """Put the bench in order: what is wrong is repaired, a pulled probe is plugged in again."""
    if not board.probe.plugged:
        board.probe.replug()
    board.probe.faults = parse([])
    board.chip.faults = board.probe.faults


def _uploads_so_far(board: Board) -> int:
    """Return how many transfers an undisturbed upload of the test image takes."""
    before = board.probe.transfers
    board.upload(image_of(board.part, size=400))
    return board.probe.transfers - before


def _count_transfers(part: str, model: str, *, locked: bool) -> int:
    return _uploads_so_far(Board(part, model, locked=locked))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_a_plug_pulled_at_every_moment_ends_the_upload_and_the_next_one_works(part: str, model: str) -> None:
    total = _count_transfers(part, model, locked=True)
    for after in range(1, total, 5):
        board = Board(part, model, locked=True, faults=[f"unplug-after={after}"])
        image = image_of(board.part, size=400)
        start = board.probe.clock.now()
        try:
            board.upload(image)
        except ProbeLostError:
            pass
        else:  # all was done but to release NRST, leave SWIM mode, and ask for the mode: on a V1 that is 10 transfers
            assert after > total - 11
        assert board.probe.clock.now() - start < _LIMIT_S
        _mend(board)
        board.upload(image)
        assert board.holds(image), after
        assert board.options_are_factory(), after
        assert board.is_left_idle(), after


@pytest.mark.parametrize("fault", ["stall-after", "timeout-after", "drop-link-after"])
@pytest.mark.parametrize(("part", "model"), [("stm8s103f3", "v1"), ("stm8s103f3", "v2"), ("stm8l151k4", "v2")])
def test_a_hiccup_at_every_moment_is_survived(part: str, model: str, fault: str) -> None:
    for after in range(1, _count_transfers(part, model, locked=True), 3):
        board = Board(part, model, locked=True, faults=[f"{fault}={after}"])
        image = image_of(board.part, size=400)
        start = board.probe.clock.now()
        try:
            board.upload(image)
        except ToolError as exc:
            pytest.fail(f"{fault}={after}: {exc} {exc.details}")
        assert board.holds(image), after
        assert board.options_are_factory(), after
        assert board.is_left_idle(), after
        assert board.probe.clock.now() - start < _LIMIT_S


@pytest.mark.parametrize(("part", "model"), [("stm8s103f3", "v1"), ("stm8s103f3", "v2"), ("stm8l151k4", "v2")])
def test_ctrl_c_at_every_moment_leaves_probe_and_chip_in_order(
    part: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for after in range(1, _count_transfers(part, model, locked=True), 7):
        board = Board(part, model, locked=True)
        image = image_of(board.part, size=400)
        _press_ctrl_c_at(board, after, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            board.upload(image)
        monkeypatch.undo()
        assert board.is_left_idle(), after
        board.upload(image)
        assert board.holds(image), after
        assert board.options_are_factory(), after


def _press_ctrl_c_at(board: Board, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise SIGINT during transfer number `after`."""
    import signal

    for name in ("read", "write"):
        original = getattr(board.probe, name)

        def transfer(*arguments: object, original: object = original) -> object:
            if board.probe.transfers == after:
                board.probe.transfers += 1  # once
                signal.raise_signal(signal.SIGINT)
            return original(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(board.probe, name, transfer)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["unpowered", "swim-open", "swim-stuck-low", "nrst-stuck-low"])
def test_a_chip_that_cannot_be_reached_names_what_was_tried(fault: str, model: str) -> None:
    board = Board(model=model, faults=[fault])
    start = board.probe.clock.now()
    with pytest.raises(ConnectError) as caught:
        board.upload(image_of(board.part))
    assert caught.value.exit_code == 4
    assert caught.value.hint
    assert [line.split(":")[0] for line in caught.value.details if not line.startswith("supply: ")] == [
        "tried under reset, high speed",
        "tried under reset, low speed",
        "tried under a longer reset, low speed",
        "tried without NRST, low speed",
        "tried after a reset of the probe, low speed",
        "tried without NRST, out of high speed",
    ]
    assert board.probe.clock.now() - start < 10
    assert board.probe.firmware.mode != 3
    assert not board.chip.nrst_low


def test_a_shorted_line_is_told_from_a_silent_one() -> None:
    board = Board(faults=["swim-stuck-low"])
    with pytest.raises(ConnectError) as caught:
        board.upload(image_of(board.part))
    assert "SWIM" in (caught.value.hint or "")
    assert "stuck" in caught.value.details[0]


@pytest.mark.parametrize(
    "faults",
    [
        ["nrst-open"],
        ["hsit-stuck"],
        ["app-disables-swim"],
        ["old-firmware"],
        ["open-firmware"],
        ["clone-buffer=256"],
        ["clone-buffer=1024"],
        ["busy-storm=3"],
        ["fake-voltage"],
        ["early-poll"],
        ["no-count"],
    ],
    ids=lambda faults: faults[0],
)
@pytest.mark.parametrize(("part", "model"), [("stm8s103f3", "v1"), ("stm8s103f3", "v2"), ("stm8l151k4", "v2")])
def test_a_bench_that_is_only_odd_works(part: str, model: str, faults: list[str]) -> None:
    if faults == ["open-firmware"]:
        model = "v2"  # it runs in no other probe
    board = Board(part, model, locked=True, faults=faults)
    image = image_of(board.part, size=2000)
    board.upload(image)
    assert board.holds(image)
    assert board.options_are_factory()
    _mend(board)


def test_firmware_without_swim_is_named_as_such() -> None:
    board = Board(model="v21", faults=["swimless-firmware"])
    with pytest.raises(ProbeError, match="no SWIM"):
        board.upload(image_of(board.part))


def test_a_write_that_never_ends_is_an_error_that_names_the_supply() -> None:
    board = Board(faults=["no-eop"])
    with pytest.raises(ToolError, match="did not finish") as caught:
        board.upload(Image([Segment(0x8000, b"\x00")]))
    assert "VCAP" in (caught.value.hint or "")


def test_a_v1_that_announces_its_reset_and_one_that_does_not_know_the_reset_of_its_pipes_work() -> None:
    board = Board(model="v1", faults=["timeout-after=100"])
    assert board.probe.scsi is not None
    board.probe.scsi.announces_reset = True
    board.probe.scsi.knows_reset = False
    board.probe.reset()
    image = image_of(board.part, size=100)
    board.upload(image)
    assert board.holds(image)
    assert board.is_left_idle()


@pytest.mark.parametrize(
    ("block", "size", "flags"),
    [(b"\xf5", 2, 0x80), (b"\xf4\x09", 4, 0x80), (b"\xf4\x0a\x00\x64\x00\x00\x01\x00" + bytes(8), 92, 0x00)],
    ids=["mode", "status", "write"],
)
def test_a_v1_whose_last_user_was_killed_in_the_middle_of_a_command_is_put_right(
    block: bytes, size: int, flags: int
) -> None:
    board = Board(model="v1")

    def begin(block: bytes, size: int, flags: int) -> None:
        head = b"USBC" + bytes(4) + size.to_bytes(4, "little") + bytes([flags, 0, len(block)])
        board.probe.write(head + block.ljust(16, b"\0"), 1.0)

    begin(b"\xf4\x00", 0, 0x00)
    board.probe.read(13, 1.0)
    begin(block, size, flags)
    image = image_of(board.part, size=100)
    board.upload(image)
    assert board.holds(image)
    assert board.is_left_idle()


@pytest.mark.parametrize("model", ["v1", "v3"])
def test_a_probe_that_is_wedged_is_brought_back_by_one_usb_reset(model: str) -> None:
    board = Board(model=model)
    board.probe.firmware.wedged = True
    image = image_of(board.part, size=100)
    board.upload(image)
    assert board.holds(image)


@pytest.mark.parametrize(("part", "faults"), [("stm8s103f3", ["nrst-open"]), ("stm8s001j3", []), ("stm8s103f3", [])])
def test_a_probe_that_hangs_once_in_the_middle_costs_no_upload_without_nrst_either(
    part: str, faults: list[str]
) -> None:
    board = Board(part, "v2", faults=faults)
    image = image_of(board.part, size=1000)
    board.upload(image)
    for after in range(20, board.probe.transfers - 20, 7):
        board = Board(part, "v2", faults=[*faults, f"wedged={after}"])
        board.upload(image)
        assert board.holds(image), after
        assert board.is_left_idle(), after


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_a_probe_that_hangs_once_at_the_start_or_the_end_costs_no_upload(model: str) -> None:
    board = Board(model=model)
    image = image_of(board.part, size=100)
    board.upload(image)
    total = board.probe.transfers
    for after in (*range(20), *range(total - 20, total - 5)):
        board = Board(model=model, faults=[f"wedged={after}"])
        board.upload(image)
        assert board.holds(image), after


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["wedged", "wedged-for-good"])
def test_a_probe_that_hangs_while_it_is_let_go_is_warned_of_and_fails_no_upload(
    model: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board(model=model)
    image = image_of(board.part, size=100)
    board.upload(image)
    for after in range(board.probe.transfers - 7, board.probe.transfers):
        caplog.clear()
        board = Board(model=model, faults=[f"{fault}={after}"])
        try:
            board.upload(image)
        except ProbeError as exc:
            told = exc.code is Code.PROBE_HUNG and not caplog.records
        else:
            left = "may still be in SWIM mode" in caplog.text and Code.PROBE_HUNG.value in caplog.text
            told = left == board.probe.firmware.wedged
        assert told, after
        assert board.holds(image), after


@pytest.mark.parametrize("every", [7, 6, 5])
def test_a_hub_that_stalls_is_no_probe_that_hangs_and_leaves_nrst_high(every: int) -> None:
    board = Board("stm8l151k4", "v21", faults=[f"stall-every={every}"])
    with pytest.raises(ToolError) as caught:
        board.upload(image_of(board.part, size=64))
    assert caught.value.code is Code.PROBE_REFUSES
    assert not board.chip.nrst_low


@pytest.mark.parametrize("model", ["v1", "v2", "v3"])
@pytest.mark.parametrize("part", ONE_OF_EACH_STRUCTURE.values())
def test_a_lost_reply_about_an_option_byte_fails_no_unlock_of_a_chip_that_opens(part: str, model: str) -> None:
    """Reading IAPSR clears EOP: where its answer is lost, what the byte holds tells that it was written."""
    for every in (9, 11, 13, 16, 21, 22, 27, 37, 46, 56):
        board = Board(part, model, locked=True, faults=[f"stall-every={every}"])
        failure = _unlocked(board)
        assert failure is not Code.UNLOCK_FAILED or board.chip.options.rop, every
        assert failure or board.options_are_factory(), every


def _unlocked(board: Board) -> Optional[Code]:
    try:
        with board.open() as chip:
            chip.unlock()
    except ToolError as exc:
        return exc.code
    return None


@pytest.mark.parametrize("model", ["v1", "v3"])
def test_a_wedged_probe_that_no_reset_helps_is_to_be_replugged(model: str) -> None:
    board = Board(model=model)
    board.probe.firmware.wedged = True
    board.probe.firmware.reset_unwedges = False
    with pytest.raises(ProbeError, match="hangs") as caught:
        board.upload(image_of(board.part))
    assert "plug" in (caught.value.hint or "")
    assert board.probe.clock.now() < 5.0


@pytest.mark.parametrize("model", MODELS)
def test_a_probe_that_falls_silent_in_the_middle_of_an_upload_is_given_up_in_time(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(model=model)
    image = image_of(board.part, size=400)
    middle = _uploads_so_far(board) // 2
    board = Board(model=model)
    board.probe.firmware.reset_unwedges = False
    original = board.probe.write

    def write(data: bytes, timeout_s: float) -> None:
        board.probe.firmware.wedged = board.probe.transfers > middle
        original(data, timeout_s)

    monkeypatch.setattr(board.probe, "write", write)
    with pytest.raises(ProbeError, match="stopped answering") as caught:
        board.upload(image)
    assert caught.value.hint
    assert board.probe.clock.now() < _LIMIT_S


def test_a_probe_left_in_swim_mode_with_the_target_in_reset_is_put_right() -> None:
    board = Board()
    with board.open() as chip:
        chip.reset()
        board.probe.firmware.mode = 3
    board.chip.set_nrst(True, board.probe.clock.now())
    board.probe.firmware.mode = 3
    image = image_of(board.part, size=100)
    board.upload(image)
    assert board.holds(image)
    assert board.is_left_idle()
