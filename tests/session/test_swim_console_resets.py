"""The console of a program that the chip resets: by itself, by a watchdog, or in the middle of a look."""

from __future__ import annotations

from contextlib import suppress

import pytest

from cli.desk import talking
from session.bench import Board, image_of
from session.console_rings import OUT, PARTS, Ringing
from stm8tool.chip.running.program import Program
from stm8tool.errors import Code, TargetError
from stm8tool.image import Segment


@pytest.fixture(params=PARTS)
def board(request: pytest.FixtureRequest) -> Board:
    return Board(request.param)


def test_a_reset_of_the_chip_is_told_and_the_new_text_comes(board: Board) -> None:
    ringing = Ringing(board)
    told: list[str] = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        ringing.puts(b"before")
        assert console.read() == b"before"
        board.chip.reset_by_program(board.probe.clock.now())
        ringing.start()
        ringing.puts(b"after")
        found = b"".join(console.read() for _ in range(5))
        assert (found, told) == (b"after", ["the chip was reset"])
        assert not board.chip.debug.stalled
    assert board.is_left_idle()


def test_a_program_that_resets_itself_again_and_again_is_shown_each_time(board: Board) -> None:
    ringing = Ringing(board)
    told: list[str] = []
    found = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        for _ in range(4):
            ringing.puts(b"boot\n")
            found.append(b"".join(console.read() for _ in range(5)))
            board.chip.reset_by_program(board.probe.clock.now())
            ringing.start()
    assert found == [b"boot\n"] * 4
    assert told == ["the chip was reset"] * 3


def test_a_program_that_resets_itself_while_the_console_starts_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    ringing = Ringing(board)
    ringing.puts(b"boot")
    same = Program("a.elf", {"_swim_console_out": OUT}, image_of(board.part, 99).segments)
    with board.open() as chip:
        console = chip.console(same)
        right = console._link.rotf
        reads = iter(range(1000))

        def rotf(address: int, count: int) -> bytes:
            if next(reads) % 8 == 7:
                board.chip.reset_by_program(board.probe.clock.now())
            return right(address, count)

        monkeypatch.setattr(console._link, "rotf", rotf)
        with console:
            assert b"".join(console.read() for _ in range(5)) == b"boot"


@pytest.mark.parametrize("ends", [False, True], ids=["goes on", "ends"])
def test_a_reset_in_the_middle_of_an_entry_leaves_no_cpu_stalled(monkeypatch: pytest.MonkeyPatch, ends: bool) -> None:
    board = Board()
    ringing = Ringing(board)
    with board.open() as chip, chip.console() as console:
        right = console._link.enter

        def enter(first_poll_s: float) -> None:
            right(first_poll_s)
            monkeypatch.undo()
            board.chip.debug.reset(stalled=True)  # as a reset does between SWIM_CSR.SWIM_DM and RST
            if ends:
                raise KeyboardInterrupt

        board.chip.reset_by_program(board.probe.clock.now())
        monkeypatch.setattr(console._link, "enter", enter)
        with suppress(KeyboardInterrupt):
            ringing.puts(b"on")
            assert b"".join(console.read() for _ in range(5)) == b"on"
    assert not board.chip.debug.stalled


def test_an_old_tail_written_after_the_reset_is_mended() -> None:
    board = Board()
    ringing = Ringing(board)
    told: list[str] = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        ringing.puts(b"0123456789")
        console.read()
        ringing.start()
        ringing.puts(b"new")
        ringing.ram.write(OUT + 6, bytes([10]))  # the console wrote it just then
        assert console.read() == b"new"
        assert ringing.counter(OUT, 6) == 3


def biting(board: Board, prescaler: int) -> Program:
    """Write a program that says hello and lets IWDG reset the chip, each 16 ms or 2, 4, … times that; let it run."""
    watchdog = bytes.fromhex("35CC50E0 355550E0") + bytes([0x35, prescaler]) + bytes.fromhex("50E1 35AA50E0")
    said = talking()
    code = said[:-2] + watchdog + b"\x20\xfe"
    board.chip.flash.write(0x8000, code + bytes(board.part.flash.size - len(code)))
    board.probe.clock.sleep(0.1)
    return Program("a.elf", {"_swim_console_out": OUT}, [Segment(0x8000, code)])


@pytest.mark.parametrize("model", ["v2", "v3"])
@pytest.mark.parametrize("prescaler", [0, 1, 2], ids=["16 ms", "32 ms", "64 ms"])
def test_a_program_that_a_watchdog_resets_is_reached_and_never_left_stopped(model: str, prescaler: int) -> None:
    board = Board(model=model)
    program = biting(board, prescaler)
    told: list[str] = []
    with board.open() as chip, chip.console(program, told.append) as console:
        found = b"".join(console.read() for _ in range(20))
    assert found.startswith(b"hello\n")
    assert board.is_left_idle()
    assert not board.chip.debug.stalled


def test_a_chip_that_resets_itself_too_often_is_told_as_that() -> None:
    board = Board(model="v2")
    biting(board, 1)
    with board.open() as chip, pytest.raises(TargetError, match="for a moment, again and again") as caught:
        chip.console().__enter__()
    assert caught.value.code is Code.NO_CONSOLE
    assert "watchdog" in str(caught.value.hint)
    assert board.is_left_idle()
    assert not board.chip.debug.stalled


def test_a_cpu_that_a_reset_has_stopped_is_started() -> None:
    board = Board()
    program = biting(board, 6)
    board.chip.debug.reset(stalled=True)
    with board.open() as chip, chip.console(program) as console:
        assert b"".join(console.read() for _ in range(5)) == b"hello\n"
    assert not board.chip.debug.stalled
