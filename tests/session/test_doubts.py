"""What one sign seems to say of a chip, and another contradicts: nothing is lost by believing the first."""

from __future__ import annotations

from typing import Any

import pytest

from session.bench import Board, image_of
from stm8tool.chip import wording
from stm8tool.chip.flash.controller import Flash, RefusedError
from stm8tool.chip.options.protection import explain_refusal
from stm8tool.errors import Code, FamilyMismatchError, SwimError, WriteProtectedError
from stm8tool.parts.table import find_part, option_table
from stm8tool.sim.chip.microcontroller import Answer
from stm8tool.sim.switches import Switches


def _fail_reads(board: Board, monkeypatch: pytest.MonkeyPatch, *, longer_than: int, only_fast: bool) -> None:
    """Let the wire break off every read of memory that is longer, at high speed or always."""
    original = board.chip.rotf

    def rotf(address: int, size: int, now: float, high_speed: bool, byte_s: float) -> tuple[Answer, bytes]:
        if size > longer_than and (high_speed or not only_fast):
            return Answer.SILENT, b""
        return original(address, size, now, high_speed, byte_s)

    monkeypatch.setattr(board.chip, "rotf", rotf)


def _with_options(part: str, **values: int) -> Board:
    """Return an open board whose option bytes are not at factory values."""
    board = Board(part)
    for name, value in values.items():
        board.chip.options.set(f"{name}={value}")
    return board


@pytest.mark.parametrize(("part", "options"), [("stm8s103f3", {"AFR": 1}), ("stm8l151k4", {"BOR": 1})])
def test_a_link_that_only_long_reads_do_not_get_through_is_no_read_protection(
    part: str, options: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = _with_options(part, **options)
    before = bytes(board.chip.options.memory.data)
    _fail_reads(board, monkeypatch, longer_than=64, only_fast=True)
    image = image_of(board.part, size=300)
    board.upload(image)
    assert board.holds(image)
    assert bytes(board.chip.options.memory.data) == before


def test_where_low_speed_does_not_help_it_is_the_link_that_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    board = _with_options("stm8s103f3", AFR=1)
    before = bytes(board.chip.options.memory.data)
    _fail_reads(board, monkeypatch, longer_than=64, only_fast=False)
    with pytest.raises(SwimError) as caught:
        board.upload(image_of(board.part, size=300))
    assert caught.value.code is Code.LINK_LOST
    assert bytes(board.chip.options.memory.data) == before


@pytest.mark.parametrize(("chip", "named"), [("stm8l151c6", "stm8l101f3"), ("stm8l101f3", "stm8l151c6")])
def test_a_program_that_can_be_read_is_not_erased_because_the_part_was_misnamed(
    chip: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(chip)
    # After a reset the stack pointer tells the two apart; a CPU that ran for a moment has moved it.
    monkeypatch.setattr("stm8tool.chip.link.family._RAM_SIZES", ())
    before = bytes(board.chip.flash.data)
    with board.open(find_part(named)) as opened, pytest.raises(FamilyMismatchError):
        opened.unlock()
    assert bytes(board.chip.flash.data) == before
    assert not board.chip.options.rop
    assert board.is_left_idle()


def test_a_bus_that_does_not_keep_up_with_high_speed_is_used_at_low_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    _fail_reads(board, monkeypatch, longer_than=0, only_fast=True)
    original: Any = board.chip.rotf

    def rotf(address: int, size: int, now: float, high_speed: bool, byte_s: float) -> tuple[Answer, bytes]:
        if address == 0x7F80:  # SWIM_CSR is not on the bus
            return type(board.chip).rotf(board.chip, address, size, now, high_speed)
        answer: tuple[Answer, bytes] = original(address, size, now, high_speed, byte_s)
        return answer

    monkeypatch.setattr(board.chip, "rotf", rotf)
    with board.open() as chip:
        assert chip.info().recipe == "under reset, low speed"
        assert chip.quality.reconnects == 0


@pytest.mark.parametrize("value", [0x00, 0xFF])
def test_a_locked_chip_is_unlocked_by_an_upload_whatever_it_reads(value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stm8tool.sim.chip.memory_map.ROP_PATTERN", value)  # in place of the option bytes
    board = Board(locked=True, switches=Switches(rop_reads=value, iapsr_undocumented=False))
    image = image_of(board.part, size=100)
    board.upload(image)
    assert board.holds(image)
    assert board.options_are_factory()


def test_the_user_boot_code_area_is_blamed_for_what_lies_in_it_only() -> None:
    board = _with_options("stm8s103f3", UBC=0x02)
    with board.session() as session:
        flash = Flash(session.connect(), board.part)
        refused = RefusedError("refused")
        inside = explain_refusal(flash, refused, 0x8040)
        assert isinstance(inside, WriteProtectedError)
        for address in (0x8080, 0x4000):
            assert explain_refusal(flash, refused, address) is refused


def test_a_chip_that_looks_blank_and_may_be_locked_is_said_to_be_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stm8tool.sim.chip.memory_map.ROP_PATTERN", 0x00)
    board = Board(locked=True, switches=Switches(rop_reads=0x00))
    with board.open() as chip:
        chip.read(board.part.flash)
        found = chip.info().protection
    assert "may be read-protected" in caplog.text
    assert found is not None
    assert wording.protection(found).startswith("unclear")


@pytest.mark.parametrize("name", ["MISCUOPT", "CLKCTL"])
def test_an_unlock_that_was_cut_between_value_and_complement_is_finished_by_an_upload(name: str) -> None:
    board = Board("stlux385a")
    option = next(option for option in option_table(board.part) if option.name == name)
    after = [o for o in option_table(board.part) if o.complement and 0x4801 <= o.address < 0x480B]
    for other in after:
        offset = other.address - board.part.options.start
        if other.address >= option.address:
            board.chip.options.memory.data[offset : offset + 2] = b"\0\0"
    offset = option.address - board.part.options.start
    board.chip.options.memory.data[offset] = option.default
    board.upload(image_of(board.part, size=100))
    assert board.options_are_factory()


def test_an_unlock_whose_power_failed_inside_a_byte_is_finished_by_an_upload() -> None:
    board = Board()
    board.chip.options.memory.write(0x4805, bytes([0x00, 0xA5, 0x00, 0x00, 0x00, 0x00]))
    board.upload(image_of(board.part, size=100))
    assert board.options_are_factory()
