"""The arguments of packets: numbers, points, checksums. A packet that makes no sense is refused."""

from __future__ import annotations

from . import rsp

_CRC_POLYNOMIAL = 0x04C11DB7


class MalformedError(Exception):
    """A packet makes no sense."""


def one(text: bytes) -> int:
    value = rsp.number(text)
    if value is None:
        raise MalformedError
    return value


def two(text: bytes) -> tuple[int, int]:
    values = rsp.numbers(text)
    if values is None:
        raise MalformedError
    return values


def point(packet: bytes) -> tuple[int, int, int]:
    """Return the kind, the address and the size in a packet of a breakpoint."""
    kind, _, rest = packet[1:].partition(b",")
    if len(kind) != 1 or kind not in b"01234":
        raise MalformedError
    return (kind[0], *two(rest.partition(b";")[0]))


def crc32(data: bytes) -> int:
    """Return the checksum that GDB uses: not reflected, and not inverted at the end."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = value << 1 ^ (_CRC_POLYNOMIAL if value & 0x80000000 else 0)
            value &= 0xFFFFFFFF
    return value
