"""The RAM loader on a CPU that executes it: what it programs, what it tells, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from session.loader_bench import ONE_OF_EACH, bench, held, nothing, snapshot, some_blocks, started
from session.ram_bench import RamBench
from stm8tool.chip.flash.blocks import BlockWrite
from stm8tool.chip.flash.loader import batches, variants
from stm8tool.chip.flash.loader.host import RamLoader
from stm8tool.chip.flash.loader.records import LoaderError
from stm8tool.errors import SwimError
from stm8tool.parts.table import all_parts, find_part


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


def test_every_part_that_is_rated_high_has_a_loader_but_those_of_other_families() -> None:
    for part in all_parts():
        if variants.obstacle(part) is None:
            layout = variants.layout(part)
            assert layout.blocks >= 2
            assert layout.buffers[1].tail + variants.TAIL <= layout.stack - 8
        else:
            assert part.confidence != "high" or part.family in ("STLUX", "STNRG", "STWBC"), part.name
    assert {variants.layout(find_part(part)).variant for part in ONE_OF_EACH.values()} == variants.VARIANTS.keys()


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
