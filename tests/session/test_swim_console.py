"""The console of a running program: its rings, its text and input, and what a chip may show instead."""

from __future__ import annotations

import pytest

from session.bench import Board, image_of
from session.console_rings import IN, OUT, PARTS, Ringing
from stm8tool.chip.running import rings
from stm8tool.chip.running.program import Program
from stm8tool.chip.running.rings import OUT_MAGIC, Header, Ring
from stm8tool.errors import Code, TargetError


@pytest.fixture(params=PARTS)
def board(request: pytest.FixtureRequest) -> Board:
    return Board(request.param)


@pytest.mark.parametrize("size", [16, 32, 64, 128, 256])
def test_text_comes_out_in_order_however_often_the_ring_turns(size: int) -> None:
    board = Board()
    ringing = Ringing(board, size)
    sent, found = b"", b""
    with board.open() as chip, chip.console() as console:
        for turn in range(60):
            text = bytes((turn * 7 + n) & 0xFF for n in range(turn % (min(size, 255) + 1)))
            ringing.puts(text)
            sent += text
            found += console.read()
        found += console.read()
    assert found == sent
    assert board.is_left_idle()


def test_the_chip_is_not_reset_and_its_cpu_runs_the_whole_time(board: Board) -> None:
    ringing = Ringing(board)
    board.chip.ram.write(0x20, b"kept")
    states = []
    with board.open() as chip, chip.console() as console:
        for _ in range(5):
            ringing.puts(b"x")
            console.read()
            states.append((board.chip.state, board.chip.debug.stalled))
    assert set(states) == {("running", False)}
    assert board.chip.ram.read(0x20, 4) == b"kept"
    assert ringing.counter(OUT, 7) == 5
    assert board.is_left_idle()


def test_input_goes_in_as_far_as_there_is_room(board: Board) -> None:
    ringing = Ringing(board)
    with board.open() as chip, chip.console() as console:
        assert console.takes_input
        assert console.write(b"0123456789abcdefghij") == 16
        assert console.write(b"z") == 0
        assert ringing.gets() == b"0123456789abcdef"
        assert console.write(b"ghij") == 4
        assert ringing.gets() == b"ghij"


def test_a_program_without_input_is_told(board: Board) -> None:
    Ringing(board, in_size=None)
    with board.open() as chip, chip.console() as console:
        assert not console.takes_input
        assert console.write(b"x") == 0


def test_dropped_bytes_are_counted_once(board: Board) -> None:
    ringing = Ringing(board)
    told: list[str] = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        ringing.puts(bytes(range(20)))
        assert console.read() == bytes(range(16))
        assert console.lost == 4
        ringing.puts(b"more")
        assert console.read() == b"more"
        assert console.lost == 4
    assert told == [
        "the ring was full: the program dropped 4 bytes, or 4 and a multiple of 256"
        "; a larger SWIM_CONSOLE_OUT_SIZE loses less, see docs/console.md [E-RING-FULL]"
    ]


def test_a_ring_that_is_full_again_and_again_is_told_once_a_second_and_at_the_end(board: Board) -> None:
    ringing = Ringing(board)
    told: list[str] = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        for _ in range(5):
            ringing.puts(bytes(range(20)))
            console.read()
        console.clock.sleep(1.0)
        ringing.puts(b"more")
        console.read()
        ringing.puts(bytes(range(18)))
        console.read()
    assert [int(line.split()[7]) for line in told] == [4, 16, 2]


def test_what_was_dropped_before_the_console_came_is_told(board: Board) -> None:
    ringing = Ringing(board)
    told: list[str] = []
    ringing.puts(bytes(range(20)))
    for _ in range(2):  # once: the second console finds a ring with room
        with board.open() as chip, chip.console(notice=told.append) as console:
            console.read()
    assert told == [
        "the ring was full: the program dropped 4 bytes, or 4 and a multiple of 256"
        "; a larger SWIM_CONSOLE_OUT_SIZE loses less, see docs/console.md [E-RING-FULL]"
    ]


def test_a_program_without_its_console_is_waited_for_and_told(board: Board) -> None:
    ringing = Ringing(board)
    told: list[str] = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        board.chip.ram.write(OUT, bytes(8))
        assert b"".join(console.read() for _ in range(6)) == b""
        ringing.start()
        ringing.puts(b"again")
        assert b"".join(console.read() for _ in range(3)) == b"again"
    assert told == [
        "the program shows no console in its RAM any more; waiting for it",
        "the program shows its console again",
    ]


def test_a_program_without_a_console_is_told(board: Board) -> None:
    board.upload(image_of(board.part, 3, 600))
    with board.open() as chip, pytest.raises(TargetError, match="shows no console") as failure, chip.console():
        pass
    assert failure.value.code is Code.NO_CONSOLE
    assert board.is_left_idle()


def test_another_build_is_told(board: Board) -> None:
    Ringing(board)
    board.upload(image_of(board.part, 3, 600))
    symbols = {"_swim_console_out": OUT, "_swim_console_in": IN}
    same = Program("a.elf", symbols, image_of(board.part, 3, 600).segments)
    other = Program("b.elf", symbols, image_of(board.part, 4, 600).segments)
    Ringing(board)
    with board.open() as chip:
        with pytest.raises(TargetError, match=r"another program than b\.elf") as failure, chip.console(other):
            pass
        with chip.console(same) as console:
            assert console.takes_input
    assert failure.value.code is Code.OTHER_BUILD


def test_an_elf_without_the_symbol_is_told(board: Board) -> None:
    Ringing(board)
    plain = Program("plain.elf", {}, ())
    with board.open() as chip, pytest.raises(TargetError, match=r"plain\.elf has no console"), chip.console(plain):
        pass


def test_two_rings_need_the_elf(board: Board) -> None:
    ringing = Ringing(board)
    board.chip.ram.write(0x180, OUT_MAGIC + bytes([15, 0, 0, 0]) + bytes(16))
    ringing.puts(b"this one")
    with board.open() as chip:
        with pytest.raises(TargetError, match="2 rings"), chip.console():
            pass
        with chip.console(Program("a.elf", {"_swim_console_out": OUT}, ())) as console:
            assert console.read() == b"this one"


def test_a_read_protected_chip_is_told() -> None:
    board = Board(locked=True)
    with board.open() as chip, pytest.raises(TargetError) as failure, chip.console():
        pass
    assert failure.value.code is Code.NO_CONSOLE
    assert board.is_left_idle()


@pytest.mark.parametrize(
    "header", [bytes([14, 0, 0, 0]), bytes([255, 0, 0, 0]), bytes([15, 0, 0, 17]), bytes([0, 0, 0, 0])]
)
def test_what_only_looks_like_a_ring_is_none(header: bytes) -> None:
    memory = bytes(40) + OUT_MAGIC + header + bytes(16)
    assert rings.find(memory, 0, OUT_MAGIC) == []


def test_a_ring_may_end_where_the_memory_ends() -> None:
    memory = bytes(3) + OUT_MAGIC + bytes([15, 0, 250, 4]) + bytes(16)
    assert rings.find(memory, 0x10, OUT_MAGIC) == [Ring(0x13, 16)]
    assert rings.find(memory[:-1], 0x10, OUT_MAGIC) == []
    assert Header(0, 250, 4).waiting == 10
