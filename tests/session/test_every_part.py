"""Every part from connecting to factory option bytes; and what a write does to what stands beside the image."""

from __future__ import annotations

import random
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from session.bench import MODELS, Board, chip_behind, image_of, program
from stm8tool import api
from stm8tool.errors import Code, ProbeError, ReadoutProtectedError, UsageError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import Part, all_parts, find_part, option_table
from stm8tool.sim.chip.memory import Memory
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.probe.stlink import SimStlink


class Bench:
    """A blank chip on a STLINK-V3."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.chip = Microcontroller(part)
        self.probe = SimStlink(self.chip, "v3")

    def open(self) -> api.Chip:
        return chip_behind(self.probe, self.part)

    def memories(self) -> list[Memory]:
        return [memory for memory in (self.chip.flash, self.chip.eeprom) if memory is not None]

    def held(self) -> list[bytes]:
        return [bytes(memory.data) for memory in self.memories()]

    def everything(self) -> list[bytes]:
        return [*self.held(), bytes(self.chip.options.memory.data)]

    def set_option(self, name: str, value: int) -> bool:
        """Give the chip an option byte, in force at once; False if it has none of that name."""
        option = next((option for option in option_table(self.part) if option.name == name), None)
        if option:
            self.chip.options.set(f"{name}={value}")
            self.chip.options.load()
        return option is not None


def _pattern(memory: Memory) -> Segment:
    """Return bytes that fill a memory, begin with a vector and its endless loop, and have no two equal blocks of 64."""
    words = b"".join((n * 40503 & 0xFFFF).to_bytes(2, "big") for n in range(len(memory.data) // 2))
    loop = b"\x82\x00\x80\x04\x20\xfe"
    return Segment(memory.start, loop + words[len(loop) :])


@pytest.mark.parametrize("part", all_parts(), ids=lambda part: part.name)
def test_every_part_is_written_erased_unlocked_and_brought_back_to_factory_values(part: Part) -> None:
    bench = Bench(part)
    image = Image(map(_pattern, bench.memories()))
    with bench.open() as chip:
        assert chip.info().seen == (part.flash_regs, part.ram.size)
        chip.write(image)
        assert chip.verify(image) == image.size
    assert bench.held() == [segment.data for segment in map(_pattern, bench.memories())]

    with bench.open() as chip:
        for region in part.programmable:
            assert chip.erase(region).programmed == region.size // part.block
    assert not any(map(any, bench.held()))
    assert {count for memory in bench.memories() for count in memory.wear} == {2}

    with bench.open() as chip:
        assert chip.lock()
    small = Image([Segment(part.flash.start, b"\x82\x00\x80\x80")])
    with bench.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.backup()
    with bench.open() as chip:
        assert chip.write(small).unlocked == (True, (), ())
    assert bench.chip.flash.data[:5] == b"\x82\x00\x80\x80\x00"
    assert not bench.chip.options.rop

    changed = bench.set_option("WDG", 0x01) or bench.set_option("GENCFG", 0x01) or bench.set_option("AFR", 0x01)
    with bench.open() as chip:
        assert bool(chip.unlock().restored) == changed
    factory = Microcontroller(part).options.memory.data
    accepted = {option.address: option.accepted for option in option_table(part)}
    for at, (held, fresh) in enumerate(zip(bench.chip.options.memory.data, factory), part.options.start):
        assert held in accepted.get(at, (fresh,))
    assert bench.chip.bricked is None
    assert bench.chip.state == "running"


_UNLIKE = {(p.flash_regs, p.aa_locks, p.option_layout, p.block, p.eeprom and p.eeprom.size): p for p in all_parts()}


@pytest.mark.parametrize("part", _UNLIKE.values(), ids=lambda part: part.name)
def test_backup_erase_and_restore_give_the_same_chip_bit_for_bit(part: Part) -> None:
    bench = Bench(part)
    for memory in bench.memories():
        memory.write(memory.start, _pattern(memory).data)
    for name, value in (("UBC", 0x01), ("AFR", 0x02), ("WDG", 0x01), ("IWDG", 0x01), ("BOR", 0x05), ("CLKCTL", 0x0B)):
        bench.set_option(name, value)
    before = bench.everything()
    with bench.open() as chip:
        backup = chip.backup()
        assert chip.unique_id() == (None if part.unique_id is None else bench.chip.unique_id)
    with bench.open() as chip:
        chip.unlock()  # back to factory values
        for memory in part.memories:
            if memory is not part.options:
                chip.erase(memory)
    assert bench.everything() != before
    with bench.open() as chip:
        assert chip.restore(backup, force=True).left_out == ()
    assert bench.everything() == before
    assert bench.chip.bricked is None
    assert bench.chip.state == "running"


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4", "stm8l101f3", "stm8af5288", "stm8l152r8"])
def test_a_backup_of_anything_neither_locks_nor_ruins(part: str) -> None:
    bench = Bench(find_part(part))
    options = bench.part.options
    for fill in (0xAA, 0x55, 0x00, 0xFF):
        with bench.open() as chip:
            result = chip.restore(Image([Segment(options.start, bytes([fill]) * options.size)]))
        assert not bench.chip.options.rop
        assert bench.chip.bricked is None
        assert result.upload.written.programmed == 0
    valid = Segment(options.start, bytes([0xAA, *(0x05, 0xFA) * (options.size // 2)])[: options.size])
    with bench.open() as chip:
        result = chip.restore(Image([valid]))
    assert not bench.chip.options.rop
    assert bench.chip.bricked is None
    if bench.part.aa_locks:
        assert any("read protection is never restored" in line for line in result.left_out)


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
@pytest.mark.parametrize("milliseconds", range(60, 260, 10))
def test_a_restore_that_loses_power_can_be_repeated(part: str, milliseconds: int) -> None:
    bench = Bench(find_part(part))
    bench.set_option("AFR", 0x02)
    bench.set_option("BOR", 0x05)
    bench.chip.flash.write(bench.part.flash.start, b"\x82\x00\x80\x80" * 32)
    before = bench.everything()
    with bench.open() as chip:
        backup = chip.backup()
        chip.unlock()
        chip.erase(bench.part.flash)
    cut = SimStlink(bench.chip, "v3", clock=bench.probe.clock, faults=[f"power-switch={milliseconds}"])
    with chip_behind(cut, bench.part) as chip:
        chip.restore(backup, force=True)
    assert bench.everything() == before


@pytest.mark.parametrize(("part", "option", "value"), [("stm8s103f3", "MISC", 0x02), ("stm8l151k4", "BOR", 0x05)])
def test_what_may_lock_us_out_is_restored_only_by_force(part: str, option: str, value: int) -> None:
    bench = Bench(find_part(part))
    bench.set_option(option, value)
    backup = Image(Segment(memory.start, bytes(memory.data)) for memory in [bench.chip.options.memory])
    fresh = Microcontroller(bench.part)
    for force in (False, True):
        probe = SimStlink(fresh, "v3", clock=bench.probe.clock, faults=["nrst-open"])
        with chip_behind(probe, bench.part) as chip:
            result = chip.restore(backup, force=force)
        written = tuple(change.option.name for change in result.upload.options)
        assert (len(result.left_out), written) == ((0, (option,)) if force else (1, ()))


# -- any image, any chip ---------------------------------------------------------------------------------------------

_PROPERTY_PARTS = {name: find_part(name) for name in ("stm8s103f3", "stm8l151k4", "stm8l101f3", "stm8s208m8")}


def _contents(size: int) -> st.SearchStrategy[bytes]:
    """Draw a memory's content from few numbers: blank, the same byte throughout, or no order at all.

    Flash that is 0x71 throughout is left out: a locked chip looks so, and is taken for one.
    """
    blank_or_full = st.integers(0, 255).filter(lambda byte: byte != 0x71).map(lambda byte: bytes([byte]) * size)
    return st.one_of(blank_or_full, _noise(size))


def _noise(size: int) -> st.SearchStrategy[bytes]:
    return st.integers(0, 1 << 32).map(lambda seed: random.Random(seed).randbytes(size))


@st.composite
def _images(draw: st.DrawFn, part: Part) -> Image:
    image = Image()
    for memory in [memory for memory in (part.flash, part.eeprom) if memory is not None]:
        for _ in range(draw(st.integers(0, 3))):
            address = draw(st.integers(memory.start, memory.end - 1))
            size = min(draw(st.integers(1, 3 * part.block)), memory.end - address)
            piece = Segment(address, draw(st.one_of(_noise(size), st.just(bytes(size)))))
            image = image.overlaid(Image([piece]))
    return image


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("name", _PROPERTY_PARTS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_after_a_write_the_image_is_in_the_chip_and_every_other_byte_as_before(
    name: str, verify: bool, data: st.DataObject
) -> None:
    part = _PROPERTY_PARTS[name]
    bench = Bench(part)
    for memory in bench.memories():
        memory.write(memory.start, data.draw(_contents(len(memory.data))))
    image = data.draw(_images(part))
    expected = [_overlaid(memory, image) for memory in bench.memories()]
    options = bytes(bench.chip.options.memory.data)
    with bench.open() as chip:
        chip.write(image, verify=verify)
    assert bench.held() == expected
    assert bytes(bench.chip.options.memory.data) == options


def _overlaid(memory: Memory, image: Image) -> bytes:
    held = bytearray(memory.data)
    for segment in image.segments:
        if memory.start <= segment.address < memory.end:
            offset = segment.address - memory.start
            held[offset : offset + len(segment.data)] = segment.data
    return bytes(held)


# -- RAM -------------------------------------------------------------------------------------------------------------


def _board(locked: bool = False) -> Board:
    return Board("stm8s103f3", locked=locked)


def test_what_is_written_to_ram_is_there() -> None:
    board = _board()
    with board.open() as chip:
        chip.load_ram(Image([Segment(0x10, b"abc"), Segment(0x100, bytes(range(200)))]))
    assert board.chip.ram.read(0x10, 3) == b"abc"
    assert board.chip.ram.read(0x100, 200) == bytes(range(200))
    assert board.is_left_idle()


@pytest.mark.parametrize("model", ["v1", "v2"])
@pytest.mark.parametrize("buffer", [None, 128, 300, 514, 515, 1024])
def test_ram_takes_as_much_as_it_has_whatever_the_probe_buffers(model: str, buffer: Optional[int]) -> None:
    board = Board("stm8s103f3", model, faults=[f"clone-buffer={buffer}"] if buffer else [])
    limit = min(buffer or 6144, 514)
    for size in (limit - 1, limit, limit + 1, 2 * limit, board.part.ram.size):
        data = program(board.part, size, min(size, board.part.ram.size))
        with board.open() as chip:
            chip.load_ram(Image([Segment(0, data)]))
        assert board.chip.ram.read(0, len(data)) == data


def test_the_largest_ram_is_filled_over_every_probe() -> None:
    for model in MODELS:
        board = Board("stm8s208m8", model)
        data = program(board.part, 5, board.part.ram.size)
        with board.open() as chip:
            chip.run(0x30, Image([Segment(0, data)]))
        assert board.chip.ram.read(0, len(data)) == data


@pytest.mark.parametrize("address", [0x0, 0x1, 0x3FE])
def test_a_program_runs_from_the_first_byte_of_ram_to_the_last(address: int) -> None:
    board = _board()
    with board.open() as chip:
        chip.run(address, Image([Segment(address, b"\x20\xfe")]))
    assert board.chip.state == "running in RAM"
    assert board.chip.debug._pc == address


@pytest.mark.parametrize("address", [0x400, 0x8000, 0xFFFFFF])
def test_a_program_does_not_run_from_outside_the_ram(address: int) -> None:
    board = _board()
    with board.open() as chip, pytest.raises(UsageError, match=f"0x{address:06X} is not in ram"):
        chip.run(address, Image())
    assert board.is_left_idle()


@pytest.mark.parametrize("fault", [None, "clone-16bit-address", "open-firmware"])
@pytest.mark.parametrize("end", [0xFFFF, 0x10000, 0x10001, 0x10080])
def test_a_probe_with_16_address_bits_reaches_the_last_byte_that_these_name(end: int, fault: Optional[str]) -> None:
    board = Board("stm8s208mb", "v2", faults=[fault] if fault else [])
    image = Image([Segment(end - 4, b"abcd")])
    if fault and end > 0x10000:
        with pytest.raises(ProbeError, match="16 address bits") as caught:
            board.upload(image)
        assert caught.value.code is Code.PROBE_LIMIT
        return
    ram = bytes(board.chip.ram.data)
    board.upload(image)
    assert board.holds(image)
    assert end > 0x10000 or bytes(board.chip.ram.data) == ram  # nothing is tried out where nothing can be wrong


@pytest.mark.parametrize("buffer", [1, 63, 64, 127])
@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s105k4"])
def test_a_probe_that_cannot_buffer_a_block_is_refused_by_name(part: str, buffer: int) -> None:
    board = Board(part, "v2", faults=[f"clone-buffer={buffer}"])
    with pytest.raises(ProbeError, match=f"buffers only {buffer} bytes") as caught:
        board.upload(image_of(board.part, size=100))
    assert caught.value.code is Code.PROBE_LIMIT


@pytest.mark.parametrize("fault", [None, "nak-every=300", "bit-flip-every=300"])
def test_a_program_in_ram_runs_when_the_session_has_ended(fault: Optional[str]) -> None:
    board = Board("stm8s103f3", faults=[fault] if fault else [])
    with board.open() as chip:
        chip.run(0x30, Image([Segment(0x30, b"\x20\xfe")]))
    assert board.chip.ram.read(0x30, 2) == b"\x20\xfe"
    assert board.chip.state == "running in RAM"
    assert board.probe.firmware.mode != 3


def test_nothing_runs_in_the_ram_of_a_locked_chip() -> None:
    board = _board(locked=True)
    with board.open() as chip, pytest.raises(ReadoutProtectedError):
        chip.run(0x30, Image([Segment(0x30, b"\x20\xfe")]))
    assert board.is_left_idle()
