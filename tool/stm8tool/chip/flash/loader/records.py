"""What travels between the host and the loader: the records of a batch, the status, and how long a record takes.

Source: `loader.s` of this folder; PM0044 for the cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

from ... import registers as reg
from ..blocks import BlockWrite
from ..controller import PROGRAM_BLANK_S, PROGRAM_S
from .variants import RECORD

STATUS_SIZE = 6
SUM = 4  # bytes of a CRC
FIRST = 2  # bytes of a block that `of_first_bytes` asks for
_CHECK = 0x5A
_REFUSED, _BAD, _STOPPED = 0x01, 0x02, 0x80
_MODE_SUMS, _MODE_TABLE, _MODE_FIRST = 0x02, 0x04, 0x08

_CPU_HZ = 16_000_000
_CYCLES_A_BYTE = {"small": 36, "medium": 16.5, "large": 15.25}  # of the CRC
_CYCLES_A_BLOCK = 120
_CYCLES_OF_FIRST_BYTES = 120
_COPY_CYCLES_A_BYTE = 7
TABLE_S = 0.0021

TABLE_RECORD = bytes([_MODE_TABLE, 0, 0, 0])
# The bytes of a record for checksums, and the most of a batch: the tables, the loader's own code, a range.
SUMS_RECORD = RECORD + 5
SUMS_RECORDS = RECORD + 2 * SUMS_RECORD


class LoaderError(Exception):
    """The loader cannot go on; it is not known to be the chip's fault, so direct programming comes next."""


class Status(NamedTuple):
    """The status of the loader; `phase` is 1 while it loads a block, 2 while it waits for its end."""

    done: int
    error: int
    iapsr: int
    phase: int


def status_of(data: bytes) -> Optional[Status]:
    """Return the status that `data` tells; None if its bytes do not fit, as when the loader was changing them."""
    if data[0] ^ data[1] ^ data[2] ^ data[3] ^ _CHECK != data[4]:
        return None
    return Status(int.from_bytes(data[:2], "big"), data[2], data[3], data[5])


def why(status: Status) -> str:
    """Return why the loader has ended."""
    if status.error == _REFUSED:
        return f"the chip refused a block (IAPSR 0x{status.iapsr:02X})"
    if status.error == _BAD:
        return "it was given a record that it does not know"
    return "it has stopped" if status.error == _STOPPED else f"it shows error 0x{status.error:02X}"


def of_blocks(blocks: Sequence[BlockWrite]) -> tuple[bytes, float]:
    """Return the records for blocks, and the seconds that the loader needs for them."""
    records, seconds = b"", 0.0
    for block in blocks:
        mode = reg.MODE_FAST_BLOCK if block.blank else reg.MODE_BLOCK
        data = block.data
        if not any(data):
            mode, data = reg.MODE_ERASE, bytes(4)
        records += _head(mode, block.address) + data
        seconds += PROGRAM_S if mode == reg.MODE_BLOCK else PROGRAM_BLANK_S
        seconds += (_COPY_CYCLES_A_BYTE * len(data) + _CYCLES_A_BLOCK) / _CPU_HZ
    return records, seconds


def of_sums(address: int, blocks: int, group: int, result: int) -> bytes:
    """Return the record for the checksums of `blocks` blocks from `address` on, one for each `group` of them."""
    return _head(_MODE_SUMS, address) + blocks.to_bytes(2, "big") + result.to_bytes(2, "big") + bytes([group])


def of_first_bytes(address: int, blocks: int, result: int) -> tuple[bytes, float]:
    """Return the record for the first bytes of `blocks` blocks from `address` on, and the seconds that it takes."""
    record = _head(_MODE_FIRST, address) + blocks.to_bytes(2, "big") + result.to_bytes(2, "big") + b"\1"
    return record, blocks * _CYCLES_OF_FIRST_BYTES / _CPU_HZ


def sum_s(variant: str, block: int) -> float:
    """Return how long the checksum of a block takes, in seconds."""
    return (_CYCLES_A_BYTE[variant.partition("-")[2]] * block + _CYCLES_A_BLOCK) / _CPU_HZ


def _head(mode: int, address: int) -> bytes:
    return bytes([mode]) + address.to_bytes(3, "big")
