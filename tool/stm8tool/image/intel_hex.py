"""Intel HEX ("Hexadecimal Object File Format Specification", Intel, revision A, 1988).

The package intelhex checks a file that is read. To write one needs no package, so a build does not have to fetch it.

The format has no comments. Here a comment is a line that begins with a semicolon, after the end record: other programs
do not look there (intelhex, GNU binutils). Anywhere else such a line is damage.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from ..errors import ImageError
from .lines import after_end, damaged, lines_of
from .segments import Segment

_COMMENT = ";"
RECORD_SIZE = 16  # data bytes in a line that is written

_log = logging.getLogger(__name__)

_LONGEST_LINE = 1 + 2 * (255 + 5)
_FORM = re.compile(r":((?:[0-9A-Fa-f]{2}){5,})")
_DATA, _END, _SEGMENT, _LINEAR = 0, 1, 2, 4
_SEGMENT_SIZE = 1 << 16
_STARTS = {3: "CS:IP", 5: "EIP"}  # registers of the 80x86; an STM8 starts at its reset vector


def parse(name: str, content: bytes) -> list[Segment]:
    """Return a segment for each data record; unlike intelhex, require an end record and nothing after it.

    One or several start addresses are valid, and have no effect.

    Raises:
        ImageError: a line is damaged or unknown, gives an address a second time, or its place is not certain.
    """
    lines = lines_of(content)
    _judge(name, lines)
    _refuse_wrapping(name, lines)
    segments = []
    base, last, end = 0, 0, None
    start = ""
    for number, line in enumerate(lines, start=1):
        if not line or (end is not None and line.startswith(_COMMENT)):
            continue
        if end is not None:
            rest = [other for other in lines[number - 1 :] if other and not other.startswith(_COMMENT)]
            raise after_end(name, rest, end, number, is_record, _is_end)
        record = bytes.fromhex(line[1:])
        address, kind, data = int.from_bytes(record[1:3], "big"), record[3], record[4:-1]
        if kind == _DATA:
            segments.append(Segment(base + address, data, f"{name}:{number}"))
        elif kind in (_SEGMENT, _LINEAR):
            base = int.from_bytes(data, "big") << (4 if kind == _SEGMENT else 16)
        elif kind in _STARTS:
            start = f"line {number}: the start address {_STARTS[kind]} = 0x{data.hex().upper()} is not used"
        elif kind == _END:
            end = number
        last = number
    if end is None:
        raise damaged(name, last, "the file stops without an end-of-file record")
    if start:
        _log.info("%s, %s", name, start)
    return segments


def _judge(name: str, lines: Sequence[str]) -> None:
    """Raise ImageError for the first line that intelhex refuses; it reads up to the end record."""
    intelhex = _intelhex()
    # intelhex takes one start address in a file. The format allows several, so each one is forgotten at once.
    forgetful = type("Forgetful", (intelhex.IntelHex,), {"start_addr": property(lambda _: None, lambda _, __: None)})
    try:
        forgetful().loadhex(StringIO("\n".join(lines)))
    except intelhex.RecordChecksumError as exc:
        raise damaged(name, exc.line, "wrong checksum") from exc
    except intelhex.AddressOverlapError as exc:
        _refuse_wrapping(name, lines[: exc.line])  # it may overlap in only one of the two readings
        raise damaged(name, exc.line, f"a second byte for 0x{exc.address:06X}") from exc
    except intelhex.HexReaderError as exc:
        raise damaged(name, exc.line, "not a valid Intel HEX record") from exc


def _refuse_wrapping(name: str, lines: Iterable[str]) -> None:
    """Raise ImageError for a data record that runs over the end of a segment; the lines have been checked.

    Intel lets it wrap inside the segment of the type 02 record above it, and srecord 1.64 does so. intelhex 2.3.0,
    bincopy, hexrec and GNU objcopy 2.40 go on after the segment. After a type 04 record, or neither, all go on.
    """
    segmented = False
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        kind = int(line[7:9], 16)
        if kind in (_SEGMENT, _LINEAR):
            segmented = kind == _SEGMENT
        elif kind == _END:
            return
        elif kind == _DATA and segmented and int(line[3:7], 16) + int(line[1:3], 16) > _SEGMENT_SIZE:
            raise ImageError(
                f"{name}:{number}: the record runs over the end of its 64 KiB segment (type 02 record), "
                "and programs put the rest at different addresses",
                hint="write the file with type 04 records. To convert it, `srec_cat IN.hex -intel -o OUT.hex -intel` "
                "wraps, as Intel specifies; `objcopy -I ihex -O ihex IN.hex OUT.hex` goes on after the segment",
            )


def _is_end(line: str) -> bool:
    """Tell whether a record is the end record."""
    return int(line[7:9], 16) == _END


def is_record(line: str) -> bool:
    """Tell whether a line has the form of a record: all its digits and no more; the checksum may be wrong."""
    form = _FORM.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    return form is not None and len(form[1]) == 2 * (int(form[1][:2], 16) + 5)


def records(ordered: Iterable[Segment], comments: Iterable[str] = ()) -> Iterator[str]:
    """Yield the lines for segments that are sorted by address, and then those of `comments`."""
    upper = 0
    for segment in ordered:
        address = segment.address
        while address < segment.end:
            if address >> 16 != upper:
                upper = address >> 16
                yield _record(0, _LINEAR, upper.to_bytes(2, "big"))
            end = min(address + RECORD_SIZE, segment.end, (upper + 1) << 16)
            yield _record(address & 0xFFFF, _DATA, segment.data[address - segment.address : end - segment.address])
            address = end
    yield _record(0, _END, b"")
    yield from (f"{_COMMENT} {comment}" for comment in comments)


def _record(address: int, kind: int, data: bytes) -> str:
    body = bytes([len(data)]) + address.to_bytes(2, "big") + bytes([kind]) + data
    return f":{body.hex().upper()}{-sum(body) & 0xFF:02X}"


def _intelhex() -> Any:
    """Return the module intelhex, which carries no types; this is the only place that imports it."""
    from ..support import deps

    deps.require("intelhex")
    import intelhex

    return intelhex
