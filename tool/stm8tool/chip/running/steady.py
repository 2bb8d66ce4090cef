"""Read a value that the program may change in the middle of the read. No link in here.

SWIM reads byte after byte, at rising addresses, between the accesses of the CPU. So a number of several bytes can be
torn: some of its bytes are from before a change, and some from after it.

The number is read twice. Often all its bytes except the last one are the same both times. Then they were the same when
the first read took the last byte. So the first read shows a number that the program had. The last byte
may differ: it is the lowest one, which changes most often. In a bit-field the first byte is the lowest one. If all
other bytes are the same both times, then the second read shows a number that the program had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

MOST_READS = 8  # our choice: a number that changes at each of them changes faster than SWIM can read it


def read(fetch: Callable[[], bytes], pieces: Sequence[tuple[int, int]]) -> tuple[bytes, list[bool]]:
    """Return bytes whose pieces are whole, and for each piece whether two reads agreed on it.

    Args:
        fetch: Reads all the bytes once.
        pieces: Offset and size of each number. A number of one byte is never torn.
    """
    last = fetch()
    found = bytearray(last)
    steady = [size < 2 for _, size in pieces]
    for _ in range(MOST_READS - 1):
        if all(steady):
            break
        again = fetch()
        for index, (offset, size) in enumerate(pieces):
            if not steady[index]:
                before, after = last[offset : offset + size], again[offset : offset + size]
                first_is_whole, second_is_whole = before[:-1] == after[:-1], before[1:] == after[1:]
                steady[index] = first_is_whole or second_is_whole
                found[offset : offset + size] = before if first_is_whole else after
        last = again
    return bytes(found), steady
