"""A wire that flips bits: no wrong upload, verify or copy passes, and the time is bounded."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from typing import Optional

import pytest

from session.bench import Board, image_of, program
from session.outcomes import outcome
from stm8tool.errors import Code, LinkFault, SwimError, ToolError, VerifyError

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


# -- a link that is lost again and again while blocks are written --------------------------------------------------


def _read_bytes(board: Board, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the size of each read of flash over SWIM."""
    original, sizes = board.chip.rotf, []

    def rotf(address: int, size: int, now: float, high_speed: bool, byte_s: float) -> object:
        if board.part.flash.start <= address < board.part.flash.end:
            sizes.append(size)
        return original(address, size, now, high_speed, byte_s)

    monkeypatch.setattr(board.chip, "rotf", rotf)
    return sizes


def test_after_a_lost_link_only_the_blocks_that_are_left_are_compared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(faults=["nak-every=1200"])
    sizes = _read_bytes(board, monkeypatch)
    size = board.part.flash.size
    with board.open() as chip:
        chip.write(image_of(board.part, seed=3))
        lost = chip.quality.reconnects
    assert lost > 5
    assert board.holds(image_of(board.part, seed=3))
    # Each try reads the blocks twice: all of them at first, then half of them on average. At last all are verified.
    assert sum(sizes) < size * (2 + 2 * lost * 0.5 + 3)


def test_a_link_that_is_far_too_noisy_is_given_up_before_all_tries_are_made() -> None:
    board = Board(faults=["nak-every=340"])
    error = outcome(board, size=board.part.flash.size)
    assert isinstance(error, SwimError)
    assert error.code is Code.LINK_LOST
    found = re.match(
        r"the link is too noisy: it was lost (\d+) times, and (\d+) of 128 blocks are written; ", str(error)
    )
    assert found
    assert 6 <= int(found[1]) < 12
    assert 0 < int(found[2]) < 64
    assert "shorten the wires" in (error.hint or "")
    assert isinstance(error.__cause__, SwimError)
    assert str(error).endswith(str(error.__cause__))


def test_a_link_that_is_lost_often_but_writes_enough_each_time_is_used_to_the_end() -> None:
    board = Board(faults=["nak-every=900"])
    assert outcome(board, size=board.part.flash.size) is None


def test_over_a_link_that_flips_bits_memory_is_read_in_smaller_pieces_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = Board("stm8s105c6", faults=["bit-flip-every=1500"])
    flash = board.part.flash
    with board.session() as session:
        core = session.connect()
        sizes = _read_bytes(board, monkeypatch)
        costs = []
        for _ in range(2):
            sizes.clear()
            assert core.read_surely(flash.start, 0x4000) == bytes(board.chip.flash.data[:0x4000])
            costs.append(sum(sizes) / 0x4000)
    assert costs[0] > 6  # the halves of halves, until two reads agree
    assert costs[1] < 5


@pytest.mark.parametrize(("gains", "tries"), [([0] * 30, 3), ([1] * 30, 20), ([1, 0, 1, 0, 0, 0, 1], 5)])
def test_a_job_is_tried_three_times_after_its_last_progress_and_twenty_times_in_all(
    gains: list[int], tries: int
) -> None:
    with Board().session() as session:
        core = session.connect()
        done = made = 0

        def job() -> None:
            nonlocal done, made
            done += gains[made]
            made += 1
            raise SwimError("the chip does not answer", fault=LinkFault.SILENT)

        with pytest.raises(SwimError):
            core.persist(job, progress=lambda: done)
        assert made == tries


def test_a_block_that_is_worn_out_keeps_its_own_hint_over_a_weak_link() -> None:
    error = outcome(Board(faults=["dead-block=0x008400", "bit-flip-every=2500"]), size=4000)
    assert isinstance(error, VerifyError)
    assert error.details[-1].startswith("until then: ")
    assert "check GND" not in (error.hint or "")
