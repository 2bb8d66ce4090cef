"""Writes that lose the supply or are reset in the middle: what stands beside the image survives."""

from __future__ import annotations

import random
from typing import Optional

import pytest

from session.bench import Board
from stm8tool.errors import ProbeLostError, SwimError, ToolError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part
from stm8tool.sim.chip.microcontroller import Answer

_PARTS = ("stm8s103f3", "stm8l151k4", "stm8l101f3")


def _two_pieces(part: Part) -> Image:
    """Return 10 bytes in each of two blocks, and all but one byte of a third one."""
    start, block = part.flash.start, part.block
    rng = random.Random(7)
    return Image(
        [
            Segment(start, b"\x82" + rng.randbytes(9)),
            Segment(start + 4 * block, rng.randbytes(10)),
            Segment(start + 6 * block, rng.randbytes(block - 1)),
        ]
    )


def _wanted(board: Board, image: Image) -> bytes:
    held = bytearray(board.chip.flash.data)
    for segment in image.segments:
        offset = segment.address - board.chip.flash.start
        held[offset : offset + len(segment.data)] = segment.data
    return bytes(held)


def _upload_cut_at(part: str, model: str, milliseconds: Optional[int]) -> tuple[Board, bytes, Optional[ToolError]]:
    """Upload while the supply is cut at that time; return the board, its expected contents, and the error."""
    board = Board(part, model, faults=() if milliseconds is None else [f"power-switch={milliseconds}"])
    image = _two_pieces(board.part)
    wanted = _wanted(board, image)
    try:
        board.upload(image)
    except ToolError as exc:
        return board, wanted, exc
    return board, wanted, None


@pytest.mark.parametrize(("part", "model"), [(part, "v3") for part in _PARTS] + [("stm8s103f3", "v2")])
def test_a_supply_that_is_cut_at_any_moment_loses_no_byte_beside_the_image(part: str, model: str) -> None:
    quiet, _, _ = _upload_cut_at(part, model, None)
    length = int(quiet.probe.clock.now() * 1000) + 1
    done = 0
    for milliseconds in range(length):
        board, wanted, error = _upload_cut_at(part, model, milliseconds)
        if error is None:
            assert bytes(board.chip.flash.data) == wanted, milliseconds
            done += 1
        else:  # all is written, and the chip could not be told to run
            assert isinstance(error, SwimError), error
            assert bytes(board.chip.flash.data) == wanted, milliseconds
    assert done > length * 0.9


@pytest.mark.parametrize("part", _PARTS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_block_that_a_reset_cuts_short_gets_back_what_stood_beside_the_image(
    part: str, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(part)
    image = _two_pieces(board.part)
    wanted, original, blocks = _wanted(board, image), board.chip.wotf, 0

    def wotf(address: int, data: bytes, now: float, byte_s: float, high_speed: bool) -> tuple[Answer, int]:
        nonlocal blocks
        answer = original(address, data, now, byte_s, high_speed)
        if address >= board.part.flash.start:
            blocks += 1
            if blocks == nth:
                at = now + len(data) * byte_s + 0.001
                board.chip.set_nrst(True, at)
                assert bytes(board.chip.flash.data) != wanted
                board.chip.set_nrst(False, at + 0.001)
        return answer

    monkeypatch.setattr(board.chip, "wotf", wotf)
    board.upload(image)
    assert bytes(board.chip.flash.data) == wanted


def test_a_block_that_stays_cut_short_is_named() -> None:
    quiet, _, _ = _upload_cut_at("stm8s103f3", "v3", None)
    named = set()
    for transfers in range(quiet.probe.transfers):
        board = Board("stm8s103f3", faults=[f"unplug-after={transfers}"])
        try:
            board.upload(_two_pieces(board.part))
        except ProbeLostError as exc:
            named.update(exc.details)
    cut = "was cut short: all of it may be damaged"
    assert named == {f"block 0x{address:06X} {cut}" for address in (0x8000, 0x8100, 0x8180)}
