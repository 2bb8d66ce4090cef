"""Signs of read protection that data can imitate: what a chip holds never makes it look locked, and a lock is seen."""

from __future__ import annotations

import itertools

import pytest

from session.bench import Board, image_of
from session.option_bench import change, values
from stm8tool.chip.flash.controller import Flash
from stm8tool.chip.options import protection
from stm8tool.chip.options.protection import Protection
from stm8tool.errors import ReadoutProtectedError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part
from stm8tool.sim.switches import Switches

_FAMILIES = ["stm8s103f3", "stm8s105k4", "stm8af5288", "stlux385", "stm8l151k4", "stm8l101f3"]
_TELLING = [0x00, 0x71, 0x82, 0xAA, 0xAC, 0xFF]
_SWITCHES = [
    Switches(rop_hides_options=hides, iapsr_undocumented=bit_7, rop_reads=reads, rop_hides_boot_rom=hides is True)
    for hides, bit_7, reads in itertools.product((None, False, True), (False, True), (0x71, 0x00))
] + [
    Switches(rop_write_nacks=True),
    Switches(no_access_bit=True),
    Switches(iapsr_reset=0x40),
    Switches(lock_write_relocks=True),
    Switches(rop_write_erases_again=True),
    Switches(unmapped_value=0x71),
]


def _uniform(part: Part, value: int, size: int = 0) -> Image:
    return Image([Segment(part.flash.start, bytes([value]) * (size or part.flash.size))])


def _protection(board: Board) -> Protection:
    with board.open() as chip:
        found = chip.info().protection
    assert found is not None
    return found


@pytest.mark.parametrize("value", _TELLING)
@pytest.mark.parametrize("name", _FAMILIES)
def test_whatever_a_chip_holds_throughout_the_tool_reads_replaces_and_locks_it(name: str, value: int) -> None:
    board = Board(name)
    if board.part.aa_locks and board.part.flash_regs == "stm8s":
        change(board, "UBC=0x00", "HSECNT=0xB4" if name.startswith("stm8") else "HSESTAB=0x01")
    kept = values(board)
    for size in (128, 0):
        board.upload(_uniform(board.part, value, size))
        with board.open() as chip:
            assert chip.read(board.part.flash)[:128] == bytes([value]) * 128
            assert chip.verify(_uniform(board.part, value, size), board.part.flash)
    assert not _protection(board).locked
    assert values(board) == kept
    board.upload(image_of(board.part, size=300))
    assert board.holds(image_of(board.part, size=300))
    assert values(board) == kept
    board.upload(_uniform(board.part, value))
    with board.open() as chip:
        assert chip.unlock().erased is False or value == 0
        assert chip.lock() is True
    with board.open() as chip:
        assert chip.lock() is False
    assert board.chip.options.rop


@pytest.mark.parametrize("name", ["stm8s103f3", "stm8l151k4", "stm8l101f3"])
def test_no_byte_that_fills_the_beginning_of_a_flash_looks_like_a_lock(name: str) -> None:
    board = Board(name)
    for value in range(256):
        board.chip.flash.write(board.part.flash.start, bytes([value]) * 256)
        assert not _protection(board).locked, f"0x{value:02X}"


def test_0x71_in_any_part_of_a_chip_is_data() -> None:
    board = Board()
    change(board, "AFR=0x01", "UBC=0x00")
    image = Image([Segment(0x8000, bytes([0x71]) * 8192), Segment(0x4000, bytes([0x71]) * 640)])
    board.upload(image)
    board.upload(image_of(board.part))
    board.upload(image)
    assert board.holds(image)
    assert values(board)["AFR"] == 0x01


def test_a_write_that_fails_on_such_a_chip_changes_no_option_byte() -> None:
    board = Board(faults=["no-eop"])
    board.chip.options.set("AFR=0x01")
    board.chip.flash.write(0x8000, bytes([0x71]) * 128)
    before = bytes(board.chip.options.memory.data)
    with pytest.raises(Exception, match="did not finish"):
        board.upload(image_of(board.part, size=300), unlock=True)
    assert bytes(board.chip.options.memory.data) == before


@pytest.mark.parametrize("bit_7", [False, True])
@pytest.mark.parametrize("beginning", ["a program", "0x71", "0x71 throughout"])
@pytest.mark.parametrize("name", ["stm8s103f3", "stm8s208c6", "stm8l101f3"])
def test_option_bytes_that_all_hold_0x71_cost_nothing(name: str, beginning: str, bit_7: bool) -> None:
    """No tool of ours writes that: values and complements do not match, or protect the flash. `unlock` mends it."""
    board = Board(name, switches=Switches(iapsr_undocumented=bit_7))
    memory, part = board.chip.options.memory, board.part
    memory.write(memory.start, bytes([0x71]) * len(memory.data))
    if beginning != "a program":
        size = 128 if beginning == "0x71" else part.flash.size
        board.chip.flash.write(part.flash.start, bytes([0x71]) * size)
    if part.flash_regs == "stm8l":
        memory.write(0x4807, b"\0")  # never anything else there
    if board.chip.eeprom and beginning == "0x71 throughout":
        board.chip.eeprom.write(board.chip.eeprom.start, bytes([0x71]) * len(board.chip.eeprom.data))
    before = bytes(board.chip.flash.data)
    if beginning == "0x71 throughout":
        assert _protection(board).locked, "nothing tells it from a locked chip"
    else:
        assert not _protection(board).locked
    with board.session() as session:
        assert protection.unlock(Flash(session.connect(), board.part)).erased is False
    assert bytes(board.chip.flash.data) == before
    assert not _protection(board).locked
    board.upload(image_of(part, size=300))
    assert board.holds(image_of(part, size=300))


@pytest.mark.parametrize("switches", _SWITCHES, ids=str)
@pytest.mark.parametrize("name", _FAMILIES)
def test_a_locked_chip_is_seen_whichever_of_the_sources_is_right(name: str, switches: Switches) -> None:
    board = Board(name, locked=True, switches=switches)
    before = bytes(board.chip.flash.data)
    assert _protection(board).locked
    with board.open() as chip:
        assert chip.lock() is False
    with board.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.read(board.part.flash)
    with pytest.raises(ReadoutProtectedError):
        board.upload(image_of(board.part, size=300), unlock=False)
    assert bytes(board.chip.flash.data) == before
    with board.open() as chip:
        assert chip.unlock().erased is True
    assert not any(board.chip.flash.data)
    assert board.options_are_factory()
    assert board.chip.controller.erases_cut == 0


@pytest.mark.parametrize("name", ["stm8s103f3", "stm8l151k4"])
def test_a_locked_chip_that_looks_blank_and_open_is_not_locked_again(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock value would erase it: bit 7 of IAPSR is doubt enough to ask for an unlock first."""
    opening = 0x00 if name == "stm8s103f3" else 0xAA
    monkeypatch.setattr("stm8tool.sim.chip.memory_map.ROP_PATTERN", opening)
    board = Board(name, locked=True, switches=Switches(rop_reads=0x00, rop_hides_options=True))
    before = bytes(board.chip.flash.data)
    with board.open() as chip, pytest.raises(ReadoutProtectedError, match="nothing was written"):
        chip.lock()
    assert bytes(board.chip.flash.data) == before


@pytest.mark.parametrize("name", ["stm8s103f3", "stm8s105k4"])
def test_a_locked_chip_is_seen_whatever_its_eeprom_reads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No source says how the EEPROM of a locked chip reads."""
    board = Board(name, locked=True, switches=Switches(rop_hides_options=True, iapsr_undocumented=False))
    controller, eeprom = board.chip.controller, board.chip.eeprom
    hidden = controller.hidden
    monkeypatch.setattr(controller, "hidden", lambda memory: memory is not eeprom and hidden(memory))
    assert _protection(board).locked
    with board.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.read(board.part.flash)


@pytest.mark.parametrize("nacks", [False, True])
def test_a_flash_of_0x71_that_refuses_to_be_written_is_locked_whatever_the_options_read(
    nacks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked chip may read as zeros, as a blog says. If bit 7 does not show, only the refusal tells."""
    monkeypatch.setattr("stm8tool.sim.chip.memory_map.ROP_PATTERN", 0x00)
    switches = Switches(rop_hides_options=True, iapsr_undocumented=False, rop_write_nacks=nacks)
    board = Board("stm8l101f3", locked=True, switches=switches)
    image = image_of(board.part, size=300)
    with pytest.raises(ReadoutProtectedError):
        board.upload(image, unlock=False)
    assert board.chip.options.rop
    board.upload(image)
    assert board.holds(image)


def test_one_look_erases_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """All reads of one connection come wrong in the same way: as memory that is hidden."""
    board = Board()
    original, looks = board.chip.rotf, []

    def rotf(address: int, size: int, now: float, high_speed: bool, byte_s: float) -> object:
        answer, data = original(address, size, now, high_speed, byte_s)
        if address in range(0x4800, 0x480B) or address in range(0x8000, 0xA000):
            looks.append(address)
            if looks.count(0x8000) <= 2:
                return answer, bytes([0x71]) * len(data)
        return answer, data

    monkeypatch.setattr(board.chip, "rotf", rotf)
    before = bytes(board.chip.flash.data)
    with board.open() as chip:
        assert chip.unlock().erased is False
    assert bytes(board.chip.flash.data) == before
    assert looks
