"""The time of a block, as the RAM loader measures it for `doctor --write-test`."""

from __future__ import annotations

import pytest

from session.bench import Board
from stm8tool.chip.flash.controller import Flash
from stm8tool.chip.flash.loader import variants
from stm8tool.chip.flash.loader.block_times import NotMeasuredError, measure
from stm8tool.sim.chip.flash import TPROG_BLANK_S, TPROG_S


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s208mb", "stm8l151r8", "stm8l101f3"])
def test_block_times_are_measured_and_the_block_is_blank_again(part: str) -> None:
    board = Board(part)
    board.chip.flash.write(board.part.flash.end - 3 * board.part.block, bytes(board.part.block))
    before = bytes(board.chip.flash.data)
    with board.session() as session:
        times = measure(Flash(session.connect(), board.part))
        assert board.chip.debug.stalled
    assert times.address == board.part.flash.end - 3 * board.part.block
    assert times.blank[0] < TPROG_BLANK_S < times.blank[1] < TPROG_S
    assert times.blank[1] < times.rewrite[0] < TPROG_S < times.rewrite[1]
    assert bytes(board.chip.flash.data) == before


@pytest.mark.parametrize("why", ["no block of the flash is blank", "the facts are not certain enough"])
def test_block_times_that_cannot_be_measured_cost_no_write(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    if "facts" in why:
        board.chip.flash.write(0x9F40, bytes(64))
        monkeypatch.setattr(variants, "obstacle", lambda _part: why)
    before = bytes(board.chip.flash.data)
    with board.session() as session, pytest.raises(NotMeasuredError, match=why):
        measure(Flash(session.connect(), board.part))
    assert bytes(board.chip.flash.data) == before


@pytest.mark.parametrize("fault", ["no-eop", "dead-block=0x009f40"])
def test_a_block_that_cannot_be_measured_is_blank_again(fault: str) -> None:
    board = Board(faults=[fault])
    board.chip.flash.write(0x9F40, bytes(64))
    before = bytes(board.chip.flash.data)
    with board.session() as session:
        flash = Flash(session.connect(), board.part)
        if fault == "no-eop":
            with pytest.raises(NotMeasuredError, match="does not end"):
                measure(flash)
        else:
            assert measure(flash).address == 0x9F40
    assert bytes(board.chip.flash.data) == before
