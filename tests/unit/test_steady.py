"""Numbers that change while they are read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stm8tool.chip.running import steady


class Changing:
    """A number whose value advances by one after so many bytes were read. It is read byte by byte, as SWIM does."""

    def __init__(self, size: int, start: int, every: int, order: str = "big") -> None:
        self.size = size
        self.value = start
        self.every = every
        self.order = order
        self.taken = 0
        self.had = {start}

    def fetch(self) -> bytes:
        return bytes(self._bytes())

    def _bytes(self) -> Iterator[int]:
        for index in range(self.size):
            self.taken += 1
            if self.taken % self.every == 0:
                self.value = self.value + 1 & (1 << 8 * self.size) - 1
                self.had.add(self.value)
            yield self.value.to_bytes(self.size, "big" if self.order == "big" else "little")[index]


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("every", range(1, 12))
@pytest.mark.parametrize("start", [0x00FD, 0x01FA, 0xFFFD])
def test_a_number_that_counts_is_never_shown_torn(size: int, every: int, start: int, order: str) -> None:
    number = Changing(size, start, every, order)
    data, whole = steady.read(number.fetch, [(0, size)])
    assert whole == [True]
    assert int.from_bytes(data, "big" if order == "big" else "little") in number.had


def test_a_single_read_may_be_torn() -> None:
    """The reason for all this: a read in which the number goes from 0x00FF to 0x0100 can show 0x0000."""
    number = Changing(2, 0x00FF, 2)
    assert int.from_bytes(number.fetch(), "big") == 0x0000


def test_what_changes_at_each_read_is_said_and_the_reads_end() -> None:
    count = 0

    def fetch() -> bytes:
        nonlocal count
        count += 1
        return bytes([count * 3, count * 5])

    data, whole = steady.read(fetch, [(0, 2)])
    assert whole == [False]
    assert len(data) == 2
    assert count == steady.MOST_READS


def test_a_number_that_jumps_there_and_back_does_not_deceive_with_a_part_that_is_alike() -> None:
    """-1 and 0 in turn: the second read finds the upper byte of the torn first one, but its lower byte differs."""
    reads = iter([b"\xff\x00", b"\xff\xff", b"\xff\xff"])
    assert steady.read(lambda: next(reads), [(0, 2)]) == (b"\xff\xff", [True])


def test_a_number_that_goes_up_and_down_is_not_taken_for_one_that_counts() -> None:
    reads = iter([b"\xff\x01", b"\xff\xfe", b"\xff\x02", b"\xff\xfd"] * 2)
    assert steady.read(lambda: next(reads), [(0, 2)])[1] == [False]


@pytest.mark.parametrize(
    ("reads", "shown"),
    [
        ([b"\x01\x10", b"\x01\x20", b"\x01\x30", b"\x01\x40"], b"\x01\x30"),  # the last read may be torn
        ([b"\x40\x01", b"\x30\x01", b"\x20\x01", b"\x10\x01"], b"\x10\x01"),  # bit-fields: the lowest byte is first
    ],
)
def test_a_number_that_counts_fast_is_shown_as_it_was_in_a_whole_read(reads: list[bytes], shown: bytes) -> None:
    fetched = iter(reads)
    assert steady.read(lambda: next(fetched), [(0, 2)]) == (shown, [True])


def test_a_byte_is_read_once() -> None:
    reads = iter([b"\x01"])
    assert steady.read(lambda: next(reads), [(0, 1)]) == (b"\x01", [True])


def test_each_piece_is_judged_for_itself_and_keeps_the_value_it_had_then() -> None:
    reads = iter([b"\x00\x01\x10\x11\x07", b"\x00\x01\x20\x22\x08", b"\x05\x06\x20\x22\x09"])
    data, whole = steady.read(lambda: next(reads), [(0, 2), (2, 2), (4, 1)])
    assert (data, whole) == (b"\x00\x01\x20\x22\x07", [True, True, True])
