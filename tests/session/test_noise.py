"""A wire that flips bits: no wrong upload, verify or copy passes, and the time is bounded."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Optional

import pytest

from session.bench import Board, image_of, program
from session.outcomes import outcome
from stm8tool.errors import Code, SwimError, ToolError, VerifyError

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
        outcome(board, size=2000)
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
    assert outcome(board) is None
    assert flipped
