"""The console of a running program: its rings, resets, lost links, and what a chip may show instead."""

from __future__ import annotations

from contextlib import suppress
from typing import Optional

import pytest

from cli.desk import talking
from session.bench import Board, image_of
from stm8tool.chip.running import rings
from stm8tool.chip.running.program import Program
from stm8tool.chip.running.rings import HEADER, IN_MAGIC, OUT_MAGIC, Header, Ring
from stm8tool.chip.running.swim_console import SwimConsole
from stm8tool.errors import Code, ConnectError, LinkFault, SwimError, TargetError
from stm8tool.image import Segment

OUT, IN = 0x0100, 0x0200
PARTS = ("stm8s103f3", "stm8l151k6")


class Ringing:
    """The library's side: what `swim_console.h` does in the chip, done to the RAM of a simulated one."""

    def __init__(self, board: Board, size: int = 16, in_size: Optional[int] = 16) -> None:
        self.ram = board.chip.ram
        self.size = size
        self.in_size = in_size
        self.start()

    def start(self) -> None:
        """Do what the start code does."""
        self.ram.write(OUT, OUT_MAGIC + bytes([self.size - 1, 0, 0, 0]) + bytes(self.size))
        if self.in_size:
            self.ram.write(IN, IN_MAGIC + bytes([self.in_size - 1, 0, 0, 0]) + bytes(self.in_size))

    def counter(self, ring: int, offset: int) -> int:
        return self.ram.read(ring + offset, 1)[0]

    def puts(self, text: bytes) -> None:
        for byte in text:
            head, tail = self.counter(OUT, 7), self.counter(OUT, 6)
            if head - tail & 0xFF >= min(self.size, 255):
                self.ram.write(OUT + 5, bytes([self.counter(OUT, 5) + 1 & 0xFF]))
                continue
            self.ram.write(OUT + HEADER + head % self.size, bytes([byte]))
            self.ram.write(OUT + 7, bytes([head + 1 & 0xFF]))

    def gets(self) -> bytes:
        found = b""
        while self.counter(IN, 6) != self.counter(IN, 7):
            tail = self.counter(IN, 6)
            found += self.ram.read(IN + HEADER + tail % (self.in_size or 1), 1)
            self.ram.write(IN + 6, bytes([tail + 1 & 0xFF]))
        return found


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


class Flaky:
    """A link that loses writes of the tail: they do not reach the chip."""

    def __init__(self, console: SwimConsole, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self.left = count
        self.write = console._link.wotf
        monkeypatch.setattr(console._link, "wotf", self.wotf)

    def wotf(self, address: int, data: bytes) -> None:
        if address == OUT + rings.TAIL and self.left:
            self.left -= 1
            raise SwimError("lost", fault=LinkFault.DAMAGED)
        self.write(address, data)


def test_lost_writes_of_the_tail_lose_and_double_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    ringing = Ringing(board)
    told: list[str] = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        ringing.puts(b"012")
        assert console.read() == b"012"
        Flaky(console, monkeypatch, 3)
        for piece in (b"345", b"67", b"89"):
            ringing.puts(piece)
            assert console.read() == piece
        assert console.read() == b""
        assert ringing.counter(OUT, rings.TAIL) == 10
    assert not told


def test_a_full_ring_is_let_go_although_the_first_write_of_the_tail_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    ringing = Ringing(board)
    with board.open() as chip, chip.console() as console:
        Flaky(console, monkeypatch, 1)
        ringing.puts(bytes(range(16)))
        assert console.read() == bytes(range(16))
        assert console.read() == b""
        assert ringing.counter(OUT, rings.TAIL) == 16


@pytest.mark.parametrize("place", [rings.TAIL, rings.HEAD])
def test_a_wrong_bit_in_a_counter_is_not_a_reset(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    board = Board()
    ringing = Ringing(board)
    told: list[str] = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        ringing.puts(b"before")
        assert console.read() == b"before"
        ringing.puts(b"after")
        right = console._link.rotf
        flips = [0x40]

        def rotf(address: int, count: int) -> bytes:
            memory = bytearray(right(address, count))
            if flips and address == OUT:
                memory[place] ^= flips.pop()
            return bytes(memory)

        monkeypatch.setattr(console._link, "rotf", rotf)
        assert console.read() == b"after"
    assert not told


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


def test_a_chip_that_is_silent_for_a_while_is_waited_for() -> None:
    board = Board()
    ringing = Ringing(board)
    told: list[str] = []
    with board.open() as chip, chip.console(notice=told.append) as console:
        board.chip.link_lost = True
        ringing.puts(b"kept")
        assert b"".join(console.read() for _ in range(3)) == b""
        board.chip.link_lost = False
        assert b"".join(console.read() for _ in range(5)) == b"kept"
    assert told == ["the chip does not answer; trying again", "the chip answers again"]


def test_a_chip_that_stays_silent_ends_the_console() -> None:
    board = Board()
    Ringing(board)

    def listen(console: SwimConsole) -> None:
        while True:
            console.read()

    with board.open() as chip, chip.console() as console:
        board.chip.power(False, board.probe.clock.now())
        with pytest.raises(ConnectError, match="the running chip does not answer"):
            listen(console)
    assert board.probe.clock.now() > 30


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


def test_a_wrong_bit_is_not_another_build() -> None:
    board = Board(faults=["bit-flip-every=5000"])
    Ringing(board)
    same = Program("a.elf", {"_swim_console_out": OUT}, image_of(board.part, 99).segments)
    with board.open() as chip, chip.console(same) as console:
        assert console.read() == b""


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
