"""The RAM loader on a CPU that executes it: what it programs, what it tells, and how it ends."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import Optional

import pytest

from session.bench import Board
from session.ram_bench import RamBench
from stm8tool.chip.flash.blocks import BlockWrite, blocks_to_write, merge, spans
from stm8tool.chip.flash.controller import Flash
from stm8tool.chip.flash.loader import batches, variants
from stm8tool.chip.flash.loader.block_times import NotMeasuredError, measure
from stm8tool.chip.flash.loader.host import RamLoader
from stm8tool.chip.flash.loader.records import LoaderError, Status, status_of
from stm8tool.chip.flash.loader.sums import Range
from stm8tool.chip.flash.loader.work import LoaderWork
from stm8tool.chip.link.core import Core
from stm8tool.chip.programmer import silent
from stm8tool.errors import SwimError, VerifyError
from stm8tool.image import Image, Segment
from stm8tool.parts.table import all_parts, find_part
from stm8tool.sim.chip.flash import TPROG_BLANK_S, TPROG_S

ONE_OF_EACH = {
    "stm8s-small": "stm8s103f3",
    "stm8s-medium": "stm8s105k6",
    "stm8s-large": "stm8s208mb",
    "stm8l-small": "stm8l051f3",
    "stm8l-medium": "stm8l152c6",
    "stm8l-large": "stm8l151r8",
    "stm8l101-small": "stm8l101f3",
}


def nothing(_block: BlockWrite) -> None:
    pass


def bench(part: str, model: str = "v3", seed: int = 1) -> RamBench:
    """Return a chip whose memories hold something, with some blank blocks among it."""
    board = RamBench(part, model)
    rng = random.Random(seed)
    for memory in (board.chip.flash, board.chip.eeprom):
        if memory is not None:
            for address in range(memory.start, memory.end, board.part.block):
                if rng.random() < 0.7:
                    memory.write(address, rng.randbytes(board.part.block))
    return board


def started(board: RamBench) -> RamLoader:
    loader = RamLoader(Core(board, board.part), board.part)
    loader.start()
    return loader


def some_blocks(board: RamBench, count: int, seed: int = 2) -> list[BlockWrite]:
    """Return blocks of every mode, in flash and EEPROM, the last block of the flash among them."""
    rng, size = random.Random(seed), board.part.block
    memories = [memory for memory in (board.chip.flash, board.chip.eeprom) if memory is not None]
    addresses = [address for memory in memories for address in range(memory.start, memory.end, size)]
    last = board.part.flash.end - size
    found = []
    for address in [*rng.sample(sorted({*addresses} - {last}), count - 1), last]:
        data = bytes(size) if rng.random() < 0.2 else rng.randbytes(size)
        found.append(BlockWrite(address, data, blank=not any(held(board, address))))
    return found


def held(board: RamBench, address: int) -> bytes:
    memory = board.chip.flash if address >= board.chip.flash.start else board.chip.eeprom
    assert memory is not None
    return memory.read(address, board.part.block)


def snapshot(board: RamBench) -> bytes:
    return bytes(board.chip.flash.data) + (bytes(board.chip.eeprom.data) if board.chip.eeprom else b"")


@pytest.mark.parametrize("model", ["v2", "v3"])
@pytest.mark.parametrize("part", ONE_OF_EACH.values())
def test_blocks_of_every_mode_come_out_and_nothing_else_changes(part: str, model: str) -> None:
    board = bench(part, model)
    blocks = some_blocks(board, 30)
    expected = bench(part)
    for block in blocks:
        memory = expected.chip.flash if block.address >= expected.chip.flash.start else expected.chip.eeprom
        assert memory is not None
        memory.write(block.address, block.data)
    begun: list[BlockWrite] = []
    done: list[BlockWrite] = []
    loader = started(board)
    loader.program(blocks, begun.append, done.append)
    loader.stop()
    assert done == begun == blocks
    assert loader.unfinished == []
    assert snapshot(board) == snapshot(expected)


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


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s208mb"])
def test_a_block_that_is_refused_stops_the_batch_and_what_was_before_it_is_told(part: str) -> None:
    board = bench(part)
    blocks = sorted(some_blocks(board, 12), reverse=True)
    protected = blocks[7].address
    board.chip.options.ubc_end = protected + board.part.block
    expected = snapshot(board)
    done: list[BlockWrite] = []
    loader = started(board)
    with pytest.raises(LoaderError, match="refused"):
        loader.program(blocks, nothing, done.append)
    assert done == blocks[:7]
    assert loader.unfinished == []
    board.reset()
    assert held(board, protected) == expected[protected - board.chip.flash.start :][: board.part.block]


def test_no_end_of_programming_is_a_loader_that_does_not_advance() -> None:
    board = bench("stm8s103f3")
    board.chip.controller.faults = board.chip.controller.faults.__class__(no_eop=True)
    loader = started(board)
    began = board.clock.now()
    with pytest.raises(LoaderError, match="does not advance"):
        loader.program(some_blocks(board, 9), nothing, nothing)
    assert board.clock.now() - began < 0.25


def test_ram_that_does_not_keep_a_byte_is_seen_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    board = bench("stm8s103f3")
    write = board.wotf

    def wear(address: int, data: bytes, *, whole: bool = False) -> None:
        write(address, data, whole=whole)
        if address <= 0x100 < address + len(data):
            board.chip.ram.data[0x100] ^= 0x01

    monkeypatch.setattr(board, "wotf", wear)
    before = snapshot(board)
    with pytest.raises(LoaderError, match="does not hold"):
        started(board).program(some_blocks(board, 3), nothing, nothing)
    assert snapshot(board) == before


@pytest.mark.parametrize(("at", "why"), [(variants.ENTRY, "does not start"), (0x174, "does not advance")])
def test_code_that_hangs_is_a_loader_that_does_not_advance(at: int, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = bytearray(variants.code("stm8s-small"))
    code[at - variants.START : at - variants.START + 2] = b"\x20\xfe"  # JRA itself
    monkeypatch.setattr(variants, "code", lambda _variant: bytes(code))
    board = bench("stm8s103f3")
    with pytest.raises(LoaderError, match=why):
        started(board).program(some_blocks(board, 9), nothing, nothing)


@pytest.mark.parametrize("address", [0x7FC0, 0x4800, 0x0100, 0x3FC0, 0x8001, 0x18000])
def test_an_address_that_is_no_block_is_refused_by_the_loader(address: int) -> None:
    board = bench("stm8s103f3")
    before = snapshot(board)
    loader = started(board)
    ram = board.rotf(variants.ENTRY, 0x190)
    with pytest.raises(LoaderError, match="does not know"):
        loader.program([BlockWrite(address, bytes(range(64)), blank=False)], nothing, nothing)
    assert snapshot(board) == before
    assert board.rotf(variants.ENTRY, 0x190) == ram


def cut(board: RamBench, blocks: list[BlockWrite], spoil: Callable[[RamBench, RamLoader], None]) -> None:
    """Run what is cut short by `spoil`, reset the chip, and see that every block is whole, and nothing claimed."""
    before = {block.address: held(board, block.address) for block in blocks}
    begun: list[BlockWrite] = []
    done: list[BlockWrite] = []
    loader = started(board)
    spoil(board, loader)
    with pytest.raises((SwimError, KeyboardInterrupt)):
        loader.program(blocks, begun.append, done.append)
    board.reset()
    for block in done:
        assert held(board, block.address) == block.data
    for block in blocks:
        new = block.data if block in done or block in loader.unfinished else before[block.address]
        assert held(board, block.address) in (before[block.address], new)


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_a_link_that_is_lost_at_any_transfer_leaves_whole_blocks(model: str) -> None:
    whole = bench("stm8s103f3", model)
    blocks = some_blocks(whole, 14)
    loader = started(whole)
    first = whole.transfers
    loader.program(blocks, nothing, nothing)
    for transfers in range(first, whole.transfers):

        def lose_the_link(board: RamBench, _loader: RamLoader, after: int = transfers) -> None:
            board.fail_after = after

        cut(bench("stm8s103f3", model), blocks, lose_the_link)


@pytest.mark.parametrize("number", range(1, 6))
def test_an_interrupt_leaves_whole_blocks_and_a_stopped_loader(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    board = bench("stm8s103f3")
    reads = 0

    def interrupt(board: RamBench, _loader: RamLoader) -> None:
        sleep = board.clock.sleep

        def interrupted(seconds: float) -> None:
            nonlocal reads
            sleep(seconds)
            if seconds > 0.0025:  # the wait for a batch
                reads += 1
                if reads == number:
                    raise KeyboardInterrupt

        monkeypatch.setattr(board.clock, "sleep", interrupted)

    cut(board, some_blocks(board, 30), interrupt)
    assert reads == number


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


def test_every_part_that_is_rated_high_has_a_loader_but_those_of_other_families() -> None:
    for part in all_parts():
        if variants.obstacle(part) is None:
            layout = variants.layout(part)
            assert layout.blocks >= 2
            assert layout.buffers[1].tail + variants.TAIL <= layout.stack - 8
        else:
            assert part.confidence != "high" or part.family in ("STLUX", "STNRG", "STWBC"), part.name
    assert {variants.layout(find_part(part)).variant for part in ONE_OF_EACH.values()} == variants.VARIANTS.keys()


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8s208mb", "stm8l151r8", "stm8l101f3"])
def test_block_times_are_measured_and_the_block_is_blank_again(part: str) -> None:
    board = Board(part)
    board.chip.flash.write(board.part.flash.end - 3 * board.part.block, bytes(board.part.block))
    before = bytes(board.chip.flash.data)
    with board.session() as session:
        times = measure(Flash(session.connect(), board.part))
        assert board.chip.debug.stalled
    assert times.address == board.part.flash.end - 3 * board.part.block
    assert times.blank[0] < TPROG_BLANK_S < times.blank[1] < TPROG_S
    assert times.blank[1] < times.rewrite[0] < TPROG_S < times.rewrite[1]
    assert bytes(board.chip.flash.data) == before


@pytest.mark.parametrize("why", ["no block of the flash is blank", "the facts are not certain enough"])
def test_block_times_that_cannot_be_measured_cost_no_write(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    if "facts" in why:
        board.chip.flash.write(0x9F40, bytes(64))
        monkeypatch.setattr(variants, "obstacle", lambda _part: why)
    before = bytes(board.chip.flash.data)
    with board.session() as session, pytest.raises(NotMeasuredError, match=why):
        measure(Flash(session.connect(), board.part))
    assert bytes(board.chip.flash.data) == before


@pytest.mark.parametrize("fault", ["no-eop", "dead-block=0x009f40"])
def test_a_block_that_cannot_be_measured_is_blank_again(fault: str) -> None:
    board = Board(faults=[fault])
    board.chip.flash.write(0x9F40, bytes(64))
    before = bytes(board.chip.flash.data)
    with board.session() as session:
        flash = Flash(session.connect(), board.part)
        if fault == "no-eop":
            with pytest.raises(NotMeasuredError, match="does not end"):
                measure(flash)
        else:
            assert measure(flash).address == 0x9F40
    assert bytes(board.chip.flash.data) == before


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


@pytest.mark.parametrize(("misread", "given_up"), [(5, False), (9, True)])
def test_some_statuses_in_a_row_that_do_not_fit_are_no_end_of_the_loader(
    misread: int, given_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = bench("stm8s103f3")
    loader = started(board)
    loader.sums.prove_code()
    read, left = board.rotf, [misread]

    def rotf(address: int, size: int) -> bytes:
        data = read(address, size)
        if address == variants.START and left[0]:
            left[0] -= 1
            return bytes([*data[:4], data[4] ^ 1, *data[5:]])
        return data

    monkeypatch.setattr(board, "rotf", rotf)
    blocks = some_blocks(board, 3)
    if given_up:
        with pytest.raises(LoaderError, match="its status cannot be read"):
            loader.program(blocks, nothing, nothing)
    else:
        loader.program(blocks, nothing, nothing)
        assert all(held(board, block.address) == block.data for block in blocks)
    assert left == [0]


def test_the_batches_begin_small_and_grow_to_what_a_buffer_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    board = bench("stm8s208mb")
    loader = started(board)
    counts: list[int] = []
    send = batches.Batches.send

    def noted(self: batches.Batches, records: bytes, count: int, *others: object, **named: object) -> batches.Batch:
        counts.append(count)
        return send(self, records, count, *others, **named)  # type: ignore[arg-type]

    loader.sums.prove_code()
    monkeypatch.setattr(batches.Batches, "send", noted)
    loader.program(some_blocks(board, 60), nothing, nothing)
    most = max(counts)
    assert counts[:4] == [1, 2, 4, 8]
    assert most == variants.layout(board.part).blocks
    assert counts[4:-1] == [most] * len(counts[4:-1])


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
