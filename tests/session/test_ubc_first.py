"""What UBC protects is known before the first byte is written: an image is refused whole, or not at all."""

from __future__ import annotations

import pytest

from session.bench import Board, program
from session.option_bench import change, values
from stm8tool.errors import WriteProtectedError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part

_PARTS = ["stm8s103f3", "stm8s105k4", "stm8l151k4"]


def _mixed(part: Part, seed: int = 5) -> Image:
    """Return an image with EEPROM, which lies below the flash, and flash."""
    assert part.eeprom is not None
    return Image([Segment(part.eeprom.start, b"settings"), Segment(part.flash.start, program(part, seed, 300))])


def _all(board: Board) -> tuple[bytes, ...]:
    memories = (board.chip.flash, board.chip.eeprom, board.chip.options.memory)
    return tuple(bytes(memory.data) for memory in memories if memory is not None)


@pytest.mark.parametrize("name", _PARTS)
def test_an_image_with_eeprom_and_a_protected_block_changes_nothing(name: str) -> None:
    board = Board(name)
    change(board, "UBC=0x02")
    before = _all(board)
    with pytest.raises(WriteProtectedError, match="nothing was written, because of block 0x008000"):
        board.upload(_mixed(board.part))
    assert _all(board) == before
    assert board.is_left_idle()


@pytest.mark.parametrize("name", _PARTS)
def test_what_ubc_protects_and_the_image_does_not_change_is_no_reason_to_refuse(name: str) -> None:
    board = Board(name)
    board.upload(_mixed(board.part))
    change(board, "UBC=0x01")
    assert board.part.eeprom is not None
    eeprom = Segment(board.part.eeprom.start, b"others!!")
    board.upload(Image([eeprom, *_mixed(board.part).slice(board.part.flash)]))
    assert board.holds(Image([eeprom]))


def test_a_ubc_whose_complement_does_not_match_protects_nothing() -> None:
    board = Board()
    board.chip.options.set("0x4801=0x02")
    image = _mixed(board.part)
    board.upload(image)
    assert board.holds(image)


@pytest.mark.parametrize("name", _PARTS)
def test_a_restore_without_a_ubc_of_its_own_is_refused_before_the_eeprom_changes(name: str) -> None:
    board = Board(name)
    change(board, "UBC=0x02")
    before = _all(board)
    with board.open() as chip, pytest.raises(WriteProtectedError):
        chip.restore(_mixed(board.part), force=True)
    assert _all(board) == before


@pytest.mark.parametrize("name", _PARTS)
def test_a_ubc_in_the_file_still_lets_the_old_one_be_cleared(name: str) -> None:
    board = Board(name)
    change(board, "UBC=0x02")
    at = 0x4801 if board.part.flash_regs == "stm8s" else 0x4802
    with board.open() as chip:
        chip.write(_mixed(board.part).overlaid(Image([Segment(at, b"\x01")])), options=True)
    assert board.holds(_mixed(board.part))
    assert values(board)["UBC"] == 0x01


def test_erasing_protected_flash_changes_nothing() -> None:
    board = Board()
    change(board, "UBC=0x02")
    board.chip.flash.write(0x8000, bytes(64))
    before = _all(board)
    with board.open() as chip, pytest.raises(WriteProtectedError, match="0x008040"):
        chip.erase(board.part.flash)
    assert _all(board) == before


@pytest.mark.parametrize("name", _PARTS)
def test_it_is_seen_before_a_write_is_begun_at_all(name: str) -> None:
    """As for a serial number, which is used up by then."""
    board = Board(name)
    change(board, "UBC=0x02")
    with board.open() as chip, pytest.raises(WriteProtectedError):
        chip.check_write(_mixed(board.part))
    locked = Board(name, locked=True)
    locked.chip.options.set("UBC=0x02")
    with locked.open() as chip:
        chip.check_write(_mixed(locked.part))  # the unlock clears UBC
