"""Read a value that the program may change in the middle of the read. No link in here.

SWIM reads byte after byte, at rising addresses, between the accesses of the CPU. So a number of several bytes can be
torn: some of its bytes are from before a change, and some from after it.

The number is read until two reads that follow each other agree in all bytes.

A number that counts fast never agrees so. It shows itself by several reads in a row that differ in one byte only, the
first or the last one, and in which that byte only rises or only falls. Then the other bytes did not change meanwhile,
so these reads are whole. A number that goes up and down is not taken for one that counts: it could have been somewhere
else between two reads that are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

MOST_READS = 8  # our choice: a number that changes at each of them changes faster than SWIM can read it
_IN_A_ROW = 4  # reads of a number that counts; our choice


def read(fetch: Callable[[], bytes], pieces: Sequence[tuple[int, int]]) -> tuple[bytes, list[bool]]:
    """Return bytes whose pieces are whole, and for each piece whether its reads agree on it.

    Args:
        fetch: Reads all the bytes once.
        pieces: Offset and size of each number. A number of one byte is never torn.
    """
    reads = [fetch()]
    found = bytearray(reads[0])
    steady = [size < 2 for _, size in pieces]
    while not all(steady) and len(reads) < MOST_READS:
        reads.append(fetch())
        for index, (offset, size) in enumerate(pieces):
            if not steady[index]:
                last = [one[offset : offset + size] for one in reads[-_IN_A_ROW:]]
                steady[index] = last[-1] == last[-2] or _counts(last)
                # The byte that counts is read last or first: the read before is whole, or this one. See `_counts`.
                found[offset : offset + size] = last[-1] if last[0][:1] != last[-1][:1] else last[-2]
    return bytes(found), steady


def _counts(reads: Sequence[bytes]) -> bool:
    """Tell whether only the first byte, or only the last one, changes from read to read, always in one direction."""
    if len(reads) < _IN_A_ROW:
        return False
    for at, others in ((-1, slice(None, -1)), (0, slice(1, None))):
        steps = [after[at] - before[at] for before, after in zip(reads, reads[1:])]
        if len({one[others] for one in reads}) == 1 and (min(steps) > 0 or max(steps) < 0):
            return True
    return False
