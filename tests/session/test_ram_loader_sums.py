"""The checksums of the RAM loader on a CPU that executes it: which blocks differ, and where a byte is wrong."""

from __future__ import annotations

import random
import zlib
from typing import Optional

import pytest

from session.bench import Board
from session.loader_bench import ONE_OF_EACH, bench, nothing, some_blocks, started
from session.ram_bench import RamBench
from stm8tool.chip.flash.blocks import blocks_to_write, merge, spans
from stm8tool.chip.flash.loader import batches
from stm8tool.chip.flash.loader.records import Status, status_of
from stm8tool.chip.flash.loader.sums import Range
from stm8tool.chip.flash.loader.work import LoaderWork
from stm8tool.chip.link.core import Core
from stm8tool.chip.programmer import silent
from stm8tool.errors import VerifyError
from stm8tool.image import Image, Segment


@pytest.mark.parametrize("part", ONE_OF_EACH.values())
def test_checksums_are_those_of_zlib_also_between_batches(part: str) -> None:
    board = bench(part)
    size, flash = board.part.block, board.chip.flash
    loader = started(board)
    for seed in (3, 4):
        found = loader.sums.of(Range(flash.start, len(flash.data) // size))
        assert found == [zlib.crc32(flash.data[n : n + size]) for n in range(0, len(flash.data), size)]
        loader.program(some_blocks(board, 9, seed), nothing, nothing)
    if board.chip.eeprom is not None:
        eeprom = board.chip.eeprom
        assert loader.sums.of(Range(eeprom.start, 2)) == [zlib.crc32(eeprom.data[n : n + size]) for n in (0, size)]


def working(board: RamBench) -> LoaderWork:
    work = LoaderWork(Core(board, board.part), board.part, silent)
    work.loader.start()
    return work


def pieces(board: RamBench, seed: int) -> list[Segment]:
    """Return an image with gaps, with bytes as the chip holds them and with others."""
    rng = random.Random(seed)
    image = Image(())
    for memory in (board.chip.flash, board.chip.eeprom):
        if memory is not None:
            for _ in range(8):
                start = rng.randrange(memory.start, memory.end - 1)
                size = min(rng.choice((1, 3, 64, 130, 1000)), memory.end - start)
                data = bytearray(memory.read(start, size))
                for _ in range(rng.choice((0, 0, 1, 2, 400))):
                    data[rng.randrange(size)] = rng.randrange(256)
                image = image.overlaid(Image([Segment(start, bytes(data))]))
    return list(image.segments)


@pytest.mark.parametrize("seed", range(12))
def test_what_differs_is_what_reading_shows(seed: int) -> None:
    board = bench(list(ONE_OF_EACH.values())[seed % len(ONE_OF_EACH)], seed=seed)
    segments, size = pieces(board, seed), board.part.block
    expected = []
    for span in spans(segments, size):
        memory = board.chip.flash if span.start >= board.chip.flash.start else board.chip.eeprom
        assert memory is not None
        there = memory.read(span.start, span.end - span.start)
        expected += blocks_to_write(merge(segments, there, span.start), there, span.start, size)
    work = working(board)
    blocks = work.differing(segments, verify=True)
    assert blocks == expected
    work.program(blocks, nothing, nothing)
    assert work.differing(segments, verify=True) == []
    assert work.compare(segments) == sum(len(segment.data) for segment in segments)


def test_a_checksum_that_comes_with_a_wrong_bit_programs_no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    board = bench("stm8s103f3")
    work = working(board)
    read, flipped = board.rotf, []

    def rotf(address: int, size: int) -> bytes:
        data = read(address, size)
        if size >= 100 and not flipped:  # the checksums of a batch
            flipped.append(address)
            return bytes([*data[:-1], data[-1] ^ 0x10])
        return data

    monkeypatch.setattr(board, "rotf", rotf)
    flash = board.chip.flash
    assert work.differing([Segment(flash.start, bytes(flash.data))], verify=True) == []
    assert flipped


@pytest.mark.parametrize("seed", range(8))
def test_any_wrong_byte_is_found_by_its_address(seed: int) -> None:
    board = bench("stm8s105k6", seed=seed)
    flash, rng = board.chip.flash, random.Random(seed)
    start = flash.start + rng.randrange(500)
    segment = Segment(start, flash.read(start, rng.randrange(1000, 20000)))
    work = working(board)
    wrong = rng.randrange(segment.address, segment.end)
    flash.write(wrong, bytes([flash.data[wrong - flash.start] ^ 1 << rng.randrange(8)]))
    with pytest.raises(VerifyError) as caught:
        work.compare([segment])
    assert caught.value.address == wrong
    assert f"(1 of {len(segment.data)} bytes differ)" in str(caught.value)


@pytest.mark.parametrize("part", ONE_OF_EACH.values())
def test_checksums_that_are_ordered_while_blocks_are_programmed_are_those_of_the_new_blocks(part: str) -> None:
    board = bench(part)
    size, flash = board.part.block, board.chip.flash
    loader = started(board)
    for count in (1, 3, 20):
        blocks = some_blocks(board, count, seed=count)
        wanted = Range(blocks[-1].address, 1, 64)
        expected = [zlib.crc32(blocks[-1].data)]
        loader.program(blocks, nothing, nothing, (wanted, expected))
        assert loader.sums.of(wanted, expected=expected) == expected
    found = loader.sums.of(Range(flash.start, 8))
    assert found == [zlib.crc32(flash.data[n : n + size]) for n in range(0, 8 * size, size)]


@pytest.mark.parametrize("count", [1, 8, 9])
def test_checksums_are_the_true_ones_whatever_is_expected(count: int) -> None:
    board = bench("stm8s105c6")
    size, flash = board.part.block, board.chip.flash
    true = [zlib.crc32(flash.data[n : n + size]) for n in range(0, count * size, size)]
    loader = started(board)
    loader.sums.of(Range(flash.start, 1))
    for wrong in ([value ^ 1 for value in true], [0] * count, [0xFFFFFFFF] * count, true):
        assert loader.sums.of(Range(flash.start, count), expected=wrong) == true


def test_a_status_that_the_loader_was_just_changing_is_read_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = []
    for torn in (0, 1):
        board = bench("stm8s105c6")
        loader = started(board)
        loader.sums.of(Range(board.chip.flash.start, 1))
        answers = [None] * torn

        def read(data: bytes, answers: list[None] = answers) -> Optional[Status]:
            return answers.pop() if answers else status_of(data)

        with monkeypatch.context() as patch:
            patch.setattr(batches, "status_of", read)
            before = board.clock.now()
            loader.sums.of(Range(board.chip.flash.start, 100))
            spans.append(board.clock.now() - before)
    assert spans[0] < spans[1] < spans[0] + 0.002


@pytest.mark.parametrize("others", [8, 30, 200])
@pytest.mark.parametrize("noise", [0, 300])
def test_where_the_first_blocks_are_others_their_first_bytes_do_not_decide_about_the_rest(
    others: int, noise: int
) -> None:
    board = Board("stm8s105c6", loader=True, faults=[f"bit-flip-every={noise}"] if noise else [])
    size, flash = board.part.block, board.chip.flash
    new = bytearray(flash.data)
    for block in range(others):
        new[block * size + 1] ^= 0xFF
    for block in (210, 220):  # their first bytes are alike
        new[block * size + size // 2] ^= 0x01
    flash.write(flash.start + 230 * size, bytes(size))  # blank
    with board.open() as chip:
        written = chip.write(Image([Segment(flash.start, bytes(new))])).written
    assert board.chip.has_executed
    assert bytes(flash.data) == new
    assert others + 3 <= written.programmed <= (others + 3 if not noise else 256)
