"""The console over a bad link: lost writes, wrong bits, and a chip that stays silent."""

from __future__ import annotations

import pytest

from session.bench import Board, image_of
from session.console_rings import OUT, Ringing
from stm8tool.chip.running import rings
from stm8tool.chip.running.program import Program
from stm8tool.chip.running.swim_console import SwimConsole
from stm8tool.errors import ConnectError, LinkFault, SwimError


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


def test_a_wrong_bit_is_not_another_build() -> None:
    board = Board(faults=["bit-flip-every=5000"])
    Ringing(board)
    same = Program("a.elf", {"_swim_console_out": OUT}, image_of(board.part, 99).segments)
    with board.open() as chip, chip.console(same) as console:
        assert console.read() == b""
