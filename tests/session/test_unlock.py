"""What an unlock does to a locked chip, reset by reset, and how it is known that all of it is erased."""

from __future__ import annotations

import pytest

from session.bench import MODELS, Board, image_of, program
from stm8tool.errors import Code, ProbeError, ProgramError, ReadoutProtectedError, ToolError
from stm8tool.parts.table import option_table
from stm8tool.sim.probe.stlink import SimStlink
from stm8tool.sim.switches import Switches

_WITH_FAR_PAIRS = ["stm8s208c6", "stm8s105k4", "stm8af5288", "stlux385", "stnrg388a"]


class Resets:
    """Counts the resets of a chip, and those that found pairs which do not match."""

    def __init__(self, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = self.mismatches = 0
        options = board.chip.options
        load = options.load

        def counted() -> None:
            load()
            self.count += 1
            self.mismatches += options.mismatch

        monkeypatch.setattr(options, "load", counted)


# -- resets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", _WITH_FAR_PAIRS)
def test_no_reset_of_an_unlock_finds_a_pair_that_does_not_match(
    name: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(name, model, locked=True)
    resets = Resets(board, monkeypatch)
    with board.open() as chip:
        chip.unlock()
    assert board.options_are_factory()
    assert resets.mismatches == 0
    small = Board("stm8s103f3", model, locked=True)
    of_a_small_one = Resets(small, monkeypatch)
    with small.open() as chip:
        chip.unlock()
    assert resets.count == of_a_small_one.count


@pytest.mark.parametrize("name", _WITH_FAR_PAIRS)
def test_without_a_boot_rom_to_be_seen_the_last_pairs_wait_for_the_reset(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(name, locked=True, switches=Switches(rop_hides_boot_rom=True))
    resets = Resets(board, monkeypatch)
    with board.open() as chip:
        chip.unlock()
    assert board.options_are_factory()
    assert resets.mismatches


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("erase_s", [0.003, 0.1, 1.5])
@pytest.mark.parametrize("name", ["stm8s103f3", "stm8s208c6", "stm8l151k4", "stm8l101f3"])
def test_no_reset_breaks_off_an_erase_the_second_one_neither(name: str, erase_s: float, again: bool) -> None:
    board = Board(name, locked=True, switches=Switches(global_erase_s=erase_s, rop_write_erases_again=again))
    with board.open() as chip:
        chip.unlock()
    assert board.options_are_factory()
    assert board.chip.controller.erases_cut == 0


@pytest.mark.parametrize("transfers", range(120, 400, 7))
def test_a_link_that_is_lost_breaks_off_no_erase(transfers: int) -> None:
    for name in ("stm8s103f3", "stm8l151k4"):
        switches = Switches(global_erase_s=0.3, rop_write_erases_again=True)
        board = Board(name, locked=True, switches=switches)
        board.probe = SimStlink(board.chip, "v2", faults=[f"stall-after={transfers}"])
        with board.open() as chip:
            chip.unlock()
        assert board.options_are_factory()
        assert board.chip.controller.erases_cut == 0


@pytest.mark.parametrize("every", [113, 122, 143, 230, 239, 248, 257])
@pytest.mark.parametrize("name", ["stm8s103f3", "stm8l151f3"])
def test_a_flipped_bit_is_not_taken_for_the_end_of_an_erase(name: str, every: int) -> None:
    switches = Switches(global_erase_s=1.5, rop_write_erases_again=True)
    board = Board(name, "v3", locked=True, switches=switches, faults=[f"bit-flip-every={every}"])
    codes = []
    try:
        with board.open() as chip:
            chip.unlock()
    except ToolError as exc:
        codes.append(exc.code)
    assert codes in ([], [Code.LINK_LOST])  # the whole memory is read in the end; so bad a link may not let it through
    assert codes or board.options_are_factory()
    assert board.chip.controller.erases_cut == 0


def test_a_lock_value_that_starts_an_erase_after_all_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chip reads as an open and blank one, bit 7 does not show: nothing tells that it is locked."""
    monkeypatch.setattr("stm8tool.sim.chip.memory_map.ROP_PATTERN", 0x00)
    switches = Switches(rop_reads=0x00, iapsr_undocumented=False, global_erase_s=0.5)
    board = Board("stm8l101f3", locked=True, switches=switches)
    with board.open() as chip, pytest.raises(ProgramError, match="the chip did not turn read protection on"):
        chip.lock()
    assert board.chip.controller.erases_cut == 0


def test_where_complements_read_as_zeros_too_a_refusal_comes_before_the_lock_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stm8tool.sim.chip.memory_map.ROP_PATTERN", 0x00)
    board = Board(locked=True, switches=Switches(rop_reads=0x00, iapsr_undocumented=False))
    before = bytes(board.chip.flash.data)
    with board.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.lock()
    assert bytes(board.chip.flash.data) == before


def test_a_rop_byte_of_no_meaning_is_written_with_the_patience_of_an_erase() -> None:
    board = Board()
    board.chip.options.set("ROP=0x55")  # open, and not the factory value
    with board.open() as chip:
        assert chip.unlock().restored == ("ROP",)
    assert board.options_are_factory()


# -- what is looked at -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("stm8s103f3", 0x8000),
        ("stm8s103f3", 0x8600),
        ("stm8s103f3", 0x9FC0),
        ("stm8s208mb", 0x27F80),
        ("stm8l151k4", 0x8600),
        ("stm8l101f3", 0x9FC0),
    ],
)
def test_bytes_of_the_former_owner_that_are_left_are_an_error(name: str, block: int) -> None:
    board = Board(name, locked=True, faults=[f"dead-block=0x{block:X}"])
    with board.open() as chip, pytest.raises(ProgramError) as caught:
        chip.unlock()
    size = sum(byte != 0 for byte in board.chip.flash.read(block, board.part.block))
    assert size > 32
    assert caught.value.code is Code.NOT_ERASED
    assert f"{size} bytes were not erased to 0x00, the first at 0x{block:06X}" in str(caught.value)
    assert caught.value.details == (f"0x{block:06X}: not erased",)
    assert caught.value.hint
    assert board.options_are_factory()
    assert not board.chip.options.rop
    assert board.is_left_idle()


def test_the_eeprom_is_looked_at_too() -> None:
    board = Board(locked=True, faults=["dead-block=0x4040"])
    assert board.chip.eeprom
    board.chip.eeprom.write(0x4050, b"secret")
    with (
        board.open() as chip,
        pytest.raises(ProgramError, match="6 bytes were not erased to 0x00, the first at 0x004050"),
    ):
        chip.unlock()


@pytest.mark.parametrize("fault", ["bit-flip-every=500", "nak-every=3000", "stall-every=150"])
def test_a_weak_link_makes_no_byte_look_left(fault: str) -> None:
    board = Board(model="v2", locked=True, faults=[fault])
    with board.open() as chip:
        assert chip.unlock().erased


def test_an_upload_looks_at_what_it_writes_and_says_no_more() -> None:
    """A worn-out block beside the image must not leave an unlocked chip empty."""
    board = Board(locked=True, faults=["dead-block=0x8600"])
    image = image_of(board.part, size=300)
    board.upload(image)
    assert board.holds(image)
    board = Board(locked=True, faults=["dead-block=0x8040"])
    with pytest.raises(ToolError) as caught:
        board.upload(image)
    assert caught.value.code is Code.VERIFY


@pytest.mark.parametrize("fault", ["clone-16bit-address", "open-firmware"])
@pytest.mark.parametrize("name", ["stm8s208mb", "stm8l152r8"])
def test_an_unlock_by_a_probe_that_cuts_addresses_says_what_it_could_not_look_at(name: str, fault: str) -> None:
    board = Board(name, "v2", locked=True, faults=[fault])
    with pytest.raises(ProbeError) as caught, board.open() as chip:
        chip.unlock()
    assert caught.value.code is Code.PROBE_LIMIT
    assert "protection is off, but the tool cannot see if the flash above 0x00FFFF is erased" in str(caught.value)
    assert not board.chip.options.rop
    assert board.options_are_factory()


def test_an_unlock_of_an_open_chip_looks_at_no_data() -> None:
    board = Board()
    assert bytes(board.chip.flash.data) == program(board.part, seed=99)
    with board.open() as chip:
        result = chip.unlock()
    assert (result.erased, result.left) == (False, ())


@pytest.mark.parametrize("name", ["stm8s103f3", "stm8af5288", "stm8l151k4"])
def test_an_erased_chip_is_open_blank_and_at_factory_values(name: str) -> None:
    board = Board(name, locked=True)
    with board.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.read(board.part.flash)
    with board.open() as chip:
        assert chip.unlock() == (True, (), ())
    assert not any(board.chip.flash.data)
    assert all(board.chip.options.byte(o.address) in o.accepted for o in option_table(board.part))
