"""Uploads to simulated boards: what is in the chip afterwards, and what is left behind."""

from __future__ import annotations

import pytest

from session.bench import MODELS, Board, image_of, program
from stm8tool.errors import (
    FamilyMismatchError,
    ImageError,
    ReadoutProtectedError,
    ToolError,
    VerifyError,
    WriteProtectedError,
)
from stm8tool.image import Image, Segment
from stm8tool.parts.table import all_parts
from stm8tool.sim.chip.flash_work import MODES, PRG, Load
from stm8tool.sim.chip.memory import Memory
from stm8tool.sim.switches import Switches


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4", "stm8s105k4", "stm8l101f3", "stm8s208mb"])
def test_a_locked_chip_is_unlocked_and_ends_with_image_factory_options_and_running_program(
    part: str, model: str
) -> None:
    board = Board(part, model, locked=True)
    image = image_of(board.part, size=700)
    board.upload(image)
    assert board.holds(image)
    assert not board.chip.options.rop
    assert board.options_are_factory()
    assert board.chip.state == "running"
    assert board.is_left_idle()


@pytest.mark.parametrize("part", [part.name for part in all_parts()])
def test_every_part_is_unlocked_and_programmed(part: str) -> None:
    board = Board(part, locked=True)
    image = image_of(board.part, size=3 * board.part.block + 5)
    board.upload(image)
    assert board.holds(image)
    assert board.options_are_factory()
    assert board.chip.bricked is None
    assert board.is_left_idle()


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4", "stm8l101f3"])
@pytest.mark.parametrize(
    "switches",
    [
        Switches(iapsr_reset=0x40, iapsr_undocumented=False),
        Switches(rop_hides_options=False),
        Switches(rop_hides_options=True),
        Switches(rop_write_nacks=True),
        Switches(rop_reads=0x00),
        Switches(rop_reads=0x00, rop_hides_options=True),
        Switches(rop_reads=0x00, rop_hides_options=False, rop_write_nacks=True, iapsr_undocumented=False),
        Switches(no_access_bit=True),
        Switches(dukr_second_key_locks=True),
        Switches(dul_misses=1),
        Switches(lock_write_relocks=True, options_erase_to_default=False),
        Switches(global_erase_s=1.5),
        Switches(app_clock_divider=0x07),
    ],
    ids=lambda switches: ",".join(f"{k}={v}" for k, v in vars(switches).items() if getattr(Switches(), k) != v),
)
def test_an_unlock_works_whichever_of_the_sources_is_right(part: str, switches: Switches) -> None:
    board = Board(part, locked=True, switches=switches)
    image = image_of(board.part, size=500)
    board.upload(image)
    assert board.holds(image)
    assert board.options_are_factory()


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s105k6", "stm8l151k4", "stm8l101f3"])
@pytest.mark.parametrize("hides_options", [False, True])
@pytest.mark.parametrize("nacks", [False, True])
def test_unlock_never_keeps_a_locked_chip_that_looks_blank(part: str, hides_options: bool, nacks: bool) -> None:
    switches = Switches(
        rop_reads=0x00, rop_hides_options=hides_options, rop_write_nacks=nacks, iapsr_undocumented=False
    )
    board = Board(part, locked=True, switches=switches)
    before = bytes(board.chip.flash.data)
    with pytest.raises(ReadoutProtectedError):
        board.upload(image_of(board.part), unlock=False)
    assert bytes(board.chip.flash.data) == before
    assert board.chip.options.rop


@pytest.mark.parametrize("nacks", [False, True])
def test_a_locked_chip_that_reads_as_zeros_everywhere_is_told_by_its_refusals(
    nacks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    switches = Switches(rop_reads=0x00, rop_write_nacks=nacks, iapsr_undocumented=False)
    board = Board("stm8s103f3", locked=True, switches=switches)
    original = board.chip.rotf

    def rotf(address: int, size: int, now: float, high_speed: bool, byte_s: float) -> object:
        answer, data = original(address, size, now, high_speed, byte_s)
        hidden = board.chip.options.rop and 0x4800 <= address < 0x4840
        return answer, bytes(len(data)) if hidden else data

    monkeypatch.setattr(board.chip, "rotf", rotf)
    image = image_of(board.part, size=300)
    with pytest.raises(ReadoutProtectedError):
        board.upload(image, unlock=False)
    assert board.chip.options.rop
    board.upload(image)
    assert board.holds(image)
    assert board.options_are_factory()


@pytest.mark.parametrize("unlock", [False, True])
def test_an_upload_leaves_the_option_bytes_of_an_open_chip_alone(unlock: bool) -> None:
    board = Board("stm8s105k6")
    memory = board.chip.options.memory
    memory.write(0x4803, bytes([0x03, 0xFC]))  # AFR as a user set it
    memory.write(0x487E, bytes(2))  # OPTBL without its complement, as another tool's unlock leaves it
    before = bytes(memory.data)
    board.upload(image_of(board.part, size=300), unlock=unlock)
    assert bytes(memory.data) == before


@pytest.mark.parametrize(("chip", "named"), [("stm8s103f3", "stm8s105k6"), ("stm8s105k6", "stm8s208mb")])
def test_option_bytes_of_a_larger_part_are_not_written_to_a_smaller_one(chip: str, named: str) -> None:
    board = Board(chip, locked=True)
    other = Board(named).part
    with board.open(other) as opened, pytest.raises(FamilyMismatchError, match="bytes of RAM"):
        opened.unlock()
    assert board.chip.options.rop
    assert board.chip.bricked is None


def test_one_flipped_bit_in_the_rop_byte_unlocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board("stm8l151k4")
    board.chip.options.memory.write(0x480A, b"\x05")  # BOR as a user set it; an unlock would reset it
    before = bytes(board.chip.flash.data), bytes(board.chip.options.memory.data)
    original, flipped = board.chip.rotf, []

    def rotf(address: int, size: int, now: float, high_speed: bool, byte_s: float) -> object:
        answer, data = original(address, size, now, high_speed, byte_s)
        if (address, size) == (0x4800, 1) and not flipped:
            flipped.append(1)
            return answer, bytes([data[0] ^ 0x01])
        return answer, data

    monkeypatch.setattr(board.chip, "rotf", rotf)
    board.upload(Image([Segment(0x8000, bytes(board.chip.flash.data[:64]))]))
    assert flipped
    assert (bytes(board.chip.flash.data), bytes(board.chip.options.memory.data)) == before


def test_a_bit_that_flips_in_the_gap_of_a_block_does_not_become_real(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    before = bytearray(board.chip.flash.data)
    original, flipped = board.chip.rotf, []

    def rotf(address: int, size: int, now: float, high_speed: bool, byte_s: float) -> object:
        answer, data = original(address, size, now, high_speed, byte_s)
        if (address, size) == (0x8040, 64) and not flipped:
            flipped.append(1)
            return answer, bytes([data[0] ^ 0x01]) + data[1:]
        return answer, data

    monkeypatch.setattr(board.chip, "rotf", rotf)
    board.upload(Image([Segment(0x8050, b"new")]))
    before[0x50:0x53] = b"new"
    assert flipped
    assert bytes(board.chip.flash.data) == bytes(before)


def test_a_second_upload_of_the_same_image_programs_nothing_and_wears_nothing() -> None:
    board = Board()
    image = image_of(board.part)
    assert board.upload(image) == 128
    wear = list(board.chip.flash.wear)
    before = board.probe.transfers
    assert board.upload(image) == 0
    assert list(board.chip.flash.wear) == wear
    assert board.probe.transfers - before < 150


def test_only_blocks_that_differ_are_programmed_and_each_once() -> None:
    board = Board()
    board.upload(image_of(board.part))
    changed = bytearray(program(board.part))
    changed[1000] ^= 1
    wear = list(board.chip.flash.wear)
    assert board.upload(Image([Segment(0x8000, bytes(changed))])) == 1
    assert sum(board.chip.flash.wear) == sum(wear) + 1


def test_gaps_in_the_image_keep_what_the_chip_holds() -> None:
    board = Board()
    before = bytes(board.chip.flash.data)
    image = Image([Segment(0x8003, b"abc"), Segment(0x8050, b"d"), Segment(0x9FFF, b"e")])
    assert board.upload(image) == 3
    expected = bytearray(before)
    expected[3:6], expected[0x50:0x51], expected[0x1FFF:] = b"abc", b"d", b"e"
    assert bytes(board.chip.flash.data) == bytes(expected)


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_flash_and_eeprom_are_written_by_one_image(part: str) -> None:
    board = Board(part)
    assert board.part.eeprom is not None
    image = Image([Segment(board.part.eeprom.start + 10, b"settings"), Segment(0x8000, program(board.part, size=100))])
    board.upload(image)
    assert board.holds(image)


def test_flash_above_64_kib_is_written_and_read_with_all_its_address_bits() -> None:
    board = Board("stm8s208mb")
    image = Image([Segment(0x27F80, program(board.part, size=128))])
    board.upload(image)
    assert board.holds(image)


def test_a_probe_that_cuts_addresses_is_found_out_before_anything_is_written() -> None:
    board = Board("stm8s208mb", faults=["clone-16bit-address"])
    before = bytes(board.chip.flash.data)
    for address in (0x10000, 0x27F80):
        with pytest.raises(ToolError, match="16 address bits"):
            board.upload(Image([Segment(address, b"x")]))
    assert bytes(board.chip.flash.data) == before
    board.upload(image_of(board.part, size=500))  # below 64 KiB it is as good as any


def test_a_probe_that_cuts_addresses_is_found_out_before_a_locked_chip_is_erased() -> None:
    board = Board("stm8s208mb", faults=["clone-16bit-address"], locked=True)
    before = bytes(board.chip.flash.data)
    image = Image([Segment(0x10000, b"x")])
    with pytest.raises(ToolError, match="16 address bits"):
        board.upload(image)
    with board.open() as chip, pytest.raises(ToolError, match="16 address bits"):
        chip.restore(image, force=True)
    with board.open() as chip, pytest.raises(ToolError, match="16 address bits"):
        chip.check_write(image, board.part.flash)
    assert bytes(board.chip.flash.data) == before
    assert board.chip.options.rop


def test_unlock_never_leaves_a_locked_chip_as_it_is() -> None:
    board = Board(locked=True)
    before = bytes(board.chip.flash.data)
    with pytest.raises(ReadoutProtectedError) as caught:
        board.upload(image_of(board.part), unlock=False)
    assert caught.value.exit_code == 5
    assert caught.value.hint is not None
    assert bytes(board.chip.flash.data) == before
    assert board.chip.options.rop
    assert board.is_left_idle()


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
def test_reading_and_verifying_never_unlock(part: str) -> None:
    board = Board(part, locked=True)
    before = bytes(board.chip.flash.data)
    with board.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.read(board.part.flash)
    with board.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.verify(image_of(board.part), board.part.flash)
    assert bytes(board.chip.flash.data) == before
    assert board.chip.options.rop


def test_a_chip_of_another_layout_is_not_taken_for_one_whose_unlock_was_cut_short() -> None:
    board = Board("stm8af6213")
    other = Board("stm8af6148").part  # as much RAM, more option bytes, and these read as 0x00 here
    with board.open(other) as chip:
        chip.write(image_of(other, size=64), other.flash)
        chip.unlock()
    assert board.chip.bricked is None
    assert board.options_are_factory()


def test_a_connected_chip_runs_on_its_undivided_clock() -> None:
    for part in ("stm8s103f3", "stm8l151k4"):
        board = Board(part)
        with board.open() as chip:
            chip.reset()
            assert board.chip.map.clock_divider == 0


def test_read_gives_what_the_chip_holds_and_writes_nothing() -> None:
    board = Board()
    with board.open() as chip:
        assert chip.read(board.part.flash) == bytes(board.chip.flash.data)
    assert board.chip.flash.wear == [0] * 128


def test_verify_names_the_first_difference() -> None:
    board = Board()
    wanted = bytearray(board.chip.flash.data)
    wanted[0x123] ^= 0xFF
    with board.open() as chip, pytest.raises(VerifyError) as caught:
        chip.verify(Image([Segment(0x8000, bytes(wanted))]), board.part.flash)
    assert caught.value.address == 0x8123
    assert caught.value.actual == board.chip.flash.data[0x123]
    assert board.is_left_idle()


def test_an_image_outside_the_memories_is_refused_before_the_chip_is_touched() -> None:
    board = Board()
    with board.open() as chip, pytest.raises(ImageError):
        chip.write(Image([Segment(0x8000, bytes(8193))]), board.part.flash)
    assert board.chip.flash.wear == [0] * 128


def test_an_image_of_zeros_erases_its_blocks() -> None:
    board = Board()
    board.upload(Image([Segment(0x8040, bytes(128))]))
    assert bytes(board.chip.flash.data[0x40:0xC0]) == bytes(128)
    assert any(board.chip.flash.data[:0x40])


def test_erase_leaves_blank_blocks_alone() -> None:
    board = Board()
    board.chip.flash.write(0x8000, bytes(4096))
    with board.open() as chip:
        result = chip.erase(board.part.flash)
    assert result.programmed == 64
    assert not any(board.chip.flash.data)


def test_a_ubc_protected_block_is_told_from_a_locked_chip_and_nothing_is_written() -> None:
    board = Board()
    _set_option(board, "UBC", 0x02)
    before = bytes(board.chip.flash.data)
    with pytest.raises(WriteProtectedError, match="UBC = 0x02"):
        board.upload(image_of(board.part))
    assert bytes(board.chip.flash.data) == before


def test_unlock_of_an_open_chip_clears_ubc_and_erases_nothing() -> None:
    board = Board()
    _set_option(board, "UBC", 0x02)
    before = bytes(board.chip.flash.data)
    with board.open() as chip:
        result = chip.unlock()
    assert (result.erased, result.restored) == (False, ("UBC",))
    assert bytes(board.chip.flash.data) == before
    board.upload(image_of(board.part))
    assert board.holds(image_of(board.part))


def test_unlock_of_a_chip_in_factory_state_writes_nothing() -> None:
    board = Board()
    with board.open() as chip:
        result = chip.unlock()
    assert (result.erased, result.restored) == (False, ())
    assert sum(board.chip.options.memory.wear) == 0


def test_unlock_mends_option_bytes_whose_complements_do_not_match() -> None:
    board = Board()
    board.chip.options.memory.write(0x4802, bytes(9))  # as a power cut between erase and rewrite leaves them
    with board.open() as chip:
        chip.unlock()
    assert board.options_are_factory()


@pytest.mark.parametrize(
    ("chip", "named"), [("stm8s103f3", "stm8l151k4"), ("stm8l151k4", "stm8s103f3"), ("stm8s105k4", "stm8l101f3")]
)
@pytest.mark.parametrize("locked", [False, True])
def test_a_chip_of_another_family_is_told_before_anything_is_written(chip: str, named: str, locked: bool) -> None:
    board = Board(chip, locked=locked)
    other = Board(named).part
    before = bytes(board.chip.flash.data), board.chip.options.rop
    with board.open(other) as opened, pytest.raises(FamilyMismatchError, match=other.name):
        opened.unlock()
    assert (bytes(board.chip.flash.data), board.chip.options.rop) == before
    assert board.chip.bricked is None
    assert board.is_left_idle()


@pytest.mark.parametrize(("chip", "named"), [("stm8l101f3", "stm8l151k4"), ("stm8l151k4", "stm8l101f3")])
def test_an_open_chip_is_not_unlocked_by_the_polarity_of_another_stm8l(chip: str, named: str) -> None:
    board = Board(chip)
    other = Board(named).part
    before = bytes(board.chip.flash.data)
    with board.open(other) as opened, pytest.raises(FamilyMismatchError, match="it is another part"):
        opened.write(image_of(other, size=64), other.flash)
    assert bytes(board.chip.flash.data) == before
    assert not board.chip.options.rop
    assert board.is_left_idle()


@pytest.mark.parametrize("loader", [False, True])
@pytest.mark.parametrize("start", [0x8000, 0x9F00, 0x9F80])
def test_the_data_eeprom_in_the_flash_of_an_stm8l101_is_written(start: int, loader: bool) -> None:
    board = Board("stm8l101f3", loader=loader)
    _set_option(board, "DATASIZE", 2)  # the last two pages, from 0x9F80 on
    image = Image([Segment(start, program(board.part)[start - 0x8000 :])])
    board.upload(image)
    assert board.holds(image)


def test_the_keys_of_the_data_memory_come_only_where_an_stm8l101_may_have_data_eeprom() -> None:
    board = Board("stm8l101f3")
    dukr: list[int] = []
    given = board.chip.controller._dukr
    board.chip.controller._dukr = lambda value: (dukr.append(value), given(value))[1]
    board.upload(Image([Segment(0x97C0, b"\x11" * 64)]))
    assert not dukr
    board.upload(Image([Segment(0x9800, b"\x11" * 64)]))
    assert dukr == [0xAE, 0x56]


@pytest.mark.parametrize("loader", [False, True])
@pytest.mark.parametrize("eop", [False, True])
def test_a_chip_on_which_only_the_standard_mode_works_is_programmed_in_it(
    eop: bool, loader: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board("stm8s103f3", loader=loader)
    board.chip.flash.write(0x8400, bytes(0x400))
    controller = board.chip.controller
    execute = controller._execute

    def only_standard(memory: Memory, load: Load, now: float) -> None:
        if load.mode == PRG:
            execute(memory, load, now)
            return
        controller._cr2 &= ~MODES
        controller._eop = eop

    monkeypatch.setattr(controller, "_execute", only_standard)
    image = Image([Segment(0x8000, program(board.part, size=0x800)[:0x800]), Segment(0x8800, bytes(0x400))])
    board.upload(image)
    assert board.holds(image)


def _set_option(board: Board, name: str, value: int) -> None:
    """Give the chip an option byte, as its program would have done, and reset it."""
    option = next(option for option in board.chip.options.table if option.name == name)
    board.chip.options.memory.write(option.address, bytes([value, value ^ 0xFF] if option.complement else [value]))
    board.chip.set_nrst(True, board.probe.clock.now())
    board.probe.clock.sleep(0.001)
    board.chip.set_nrst(False, board.probe.clock.now())
