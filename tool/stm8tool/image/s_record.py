"""Motorola S-records (srec(5); "M68000 Family Programmer's Reference Manual", appendix C).

A line is S, type, count, address, data, checksum. The count is the number of bytes after it. The checksum is the ones'
complement of the sum of all bytes from the count on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NoReturn, Optional

from ..errors import ImageError
from .lines import after_end, lines_of
from .segments import Segment, overlap

_LAST_FLASH_END = 0x28000  # of the largest STM8
RECORD_SIZE = 32  # data bytes in a line that is written

_ADDRESS_SIZE = {0: 2, 1: 2, 2: 3, 3: 4, 5: 2, 6: 3, 7: 4, 8: 3, 9: 2}  # S4 is reserved
_DATA, _COUNT, _END = (1, 2, 3), (5, 6), (7, 8, 9)
_LONGEST_LINE = 2 + 2 * (1 + 255)
_FORM = re.compile(r"S([0-9])((?:[0-9A-Fa-f]{2})+)")


def parse(name: str, content: bytes) -> list[Segment]:
    """Return a segment for each data record.

    Raises:
        ImageError: a line is damaged or unknown, or gives an address a second time; or records are missing.
    """
    segments: list[Segment] = []
    last, end = "", ""  # the places of records
    lines = lines_of(content)
    for number, line in enumerate(lines, start=1):
        where = f"{name}:{number}"
        if not line:
            continue
        if end:
            rest = [other for other in lines[number - 1 :] if other]
            raise after_end(name, rest, _line_of(end), number, is_record, _is_end)
        kind, address, data = _fields(where, line)
        if kind in _DATA:
            segments.append(Segment(address, data, where))
        elif kind in _COUNT and address != len(segments):
            _refuse(where, f"the file announces {address} data records, but has {len(segments)}")
        elif kind in _END:
            end = where
        last = where
    if not end:
        _refuse(last, "the file stops without an end record")
    clash = _clash(segments)
    if clash:
        _refuse_wide_s1(name, lines, segments)
        second = max(clash, key=lambda segment: _line_of(segment.origin))
        _refuse(second.origin, f"a second byte for 0x{clash[1].address:06X}")
    return segments


def _clash(segments: Sequence[Segment]) -> Optional[tuple[Segment, Segment]]:
    return overlap(sorted((s for s in segments if s.data), key=lambda segment: segment.address))


def _line_of(origin: str) -> int:
    return int(origin.rpartition(":")[2])


def _is_end(line: str) -> bool:
    """Tell whether a record ends a file."""
    return int(line[1]) in _END


def _refuse_wide_s1(name: str, lines: Sequence[str], segments: Sequence[Segment]) -> None:
    """Raise ImageError if addresses clash because S1 records hold 24 bits of address; S1 has room for only 16.

    SDCC 4.2 writes such records with --out-fmt-s19. Read with 24 bits, they fit the memory of an STM8 without overlap.
    """
    kinds = {line[1] for line in lines if line} & {str(kind) for kind in _DATA}
    if kinds != {"1"} or not all(segment.data for segment in segments):
        return
    wide = [Segment(segment.address << 8 | segment.data[0], segment.data[1:], segment.origin) for segment in segments]
    if max(segment.end for segment in wide) <= _LAST_FLASH_END and not _clash(wide):
        raise ImageError(
            f"{name}: the S1 records hold addresses of 24 bits, but the format allows only 16",
            hint="`sdcc --out-fmt-s19` writes such files: use --out-fmt-ihx or --out-fmt-elf and give that file",
        )


def is_record(line: str) -> bool:
    """Tell whether a line has the form of a record: all its digits and no more; the checksum may be wrong."""
    form = _FORM.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    kind = int(form[1]) if form else 4
    body = bytes.fromhex(form[2]) if form else b""
    size = _ADDRESS_SIZE.get(kind)
    if size is None or len(body) != body[0] + 1:
        return False
    return len(body) == size + 2 if kind > 3 else len(body) >= size + 2


def _fields(where: str, line: str) -> tuple[int, int, bytes]:
    """Return type, address and data of one record."""
    if not is_record(line):
        _refuse(where, "not a valid S-record")
    kind, body = int(line[1]), bytes.fromhex(line[2:])
    if sum(body) & 0xFF != 0xFF:
        _refuse(where, "wrong checksum")
    size = _ADDRESS_SIZE[kind]
    return kind, int.from_bytes(body[1 : 1 + size], "big"), body[1 + size : -1]


def _refuse(where: str, problem: str) -> NoReturn:
    raise ImageError(f"{where}: {problem}", hint="the file is damaged: build or copy it again")


def records(ordered: Sequence[Segment]) -> Iterator[str]:
    """Yield the lines for segments that are sorted by address, in the shortest form that holds all addresses."""
    last = max((segment.end - 1 for segment in ordered), default=0)
    kind = next(kind for kind in _DATA if last < 1 << 8 * _ADDRESS_SIZE[kind])
    count = 0
    yield _record(0, 0, b"stm8tool")
    for segment in ordered:
        for start in range(0, len(segment.data), RECORD_SIZE):
            yield _record(kind, segment.address + start, segment.data[start : start + RECORD_SIZE])
            count += 1
    yield _record(5 if count <= 0xFFFF else 6, count, b"")
    yield _record(10 - kind, 0, b"")


def _record(kind: int, address: int, data: bytes) -> str:
    size = _ADDRESS_SIZE[kind]
    body = bytes([size + len(data) + 1]) + address.to_bytes(size, "big") + data
    return f"S{kind}{body.hex().upper()}{~sum(body) & 0xFF:02X}"
