"""What is written to a chip or read from it: bytes at addresses, loaded from files and saved to them.

Formats: Intel HEX ("Hexadecimal Object File Format Specification", Intel, revision A, 1988) and raw binary.
A file's format is found by its content; its name only decides what may be written to it.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Optional, Union

from . import files
from .devices import Region
from .errors import Code, ImageError, UsageError

PathLike = Union[str, "os.PathLike[str]"]

HEX_SUFFIXES = (".hex", ".ihx", ".i86")
RAW_SUFFIXES = (".bin",)

_HEX_START = re.compile(rb"\s*:[0-9A-Fa-f]{2}")
_S_RECORD_START = re.compile(rb"\s*S[0-9][0-9A-Fa-f]{8}")
_SIZE_LIMIT = 16 * 1024 * 1024  # the address space of the STM8; an image is far smaller, also as hex


@dataclass(frozen=True)
class Segment:
    """Bytes without a gap: `end` is one past the last address."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """One past the last address."""
        return self.address + len(self.data)


class Image:
    """Segments by address, neither overlapping nor adjacent.

    Raises:
        ImageError: two of the segments hold the same address, even if they agree on the byte.
    """

    def __init__(self, segments: Iterable[Segment] = ()) -> None:
        self.segments = tuple(_merged(sorted(segments, key=lambda segment: segment.address)))

    @property
    def size(self) -> int:
        """Number of bytes, gaps not counted."""
        return sum(len(segment.data) for segment in self.segments)

    @property
    def crc32(self) -> int:
        """CRC-32 (zlib) of the bytes by address, gaps left out."""
        return zlib.crc32(b"".join(segment.data for segment in self.segments))

    def slice(self, region: Region) -> tuple[Segment, ...]:
        """Return what lies in `region`."""
        return tuple(_clipped(self.segments, region.start, region.end))

    def check_inside(self, regions: Iterable[Region], options: Optional[Region] = None) -> None:
        """Raise ImageError unless every byte lies in one of `regions`, which do not overlap.

        Args:
            regions: Where data may lie.
            options: The option bytes of the part; data in there have an error of their own.
        """
        memories = sorted(regions, key=lambda region: region.start)
        starts = [0, *(memory.end for memory in memories)]
        ends = [*(memory.start for memory in memories), max((s.end for s in self.segments), default=0)]
        outside = [lost for start, end in zip(starts, ends) for lost in _clipped(self.segments, start, end)]
        if outside:
            inside = " and ".join(map(str, memories)) or "any memory"
            ranges = [_span(lost.address, lost.end) for lost in outside]
            elsewhere = f" (and {len(ranges) - 1} more)" if ranges[1:] else ""
            message = f"the image has data at {ranges[0]}{elsewhere}, outside {inside}"
            code, hint = _why_outside(outside, memories, options)
            raise ImageError(message, code=code, hint=hint, details=[f"outside: {lost}" for lost in ranges])


def _why_outside(outside: Sequence[Segment], memories: Sequence[Region], options: Optional[Region]) -> tuple[Code, str]:
    """Return the situation and what to do about it, the worst of several first."""
    if options and any(_clipped(outside, options.start, options.end)):
        return (
            Code.DANGEROUS_WRITE,
            "these are option bytes, which can lock a chip for good: they are not written from a file; leave them out "
            "(`unlock` brings them to their factory values)",
        )
    for memory in memories:
        beyond = sum(len(lost.data) for lost in outside if lost.address == memory.end)
        if memory.name in ("flash", "eeprom") and beyond:
            hint = (
                f"{beyond} bytes too many for {memory.size} bytes of {memory.name}: make the program smaller, or name"
            )
            return Code.IMAGE_TOO_BIG, f"{hint} the right part"
    return Code.OUTSIDE_MAP, "build for this part, or name the right one"


def load(paths: Sequence[PathLike], base: Optional[int] = None) -> Image:
    """Return the data of all files as one image.

    Args:
        paths: Intel HEX files, or raw binaries.
        base: Address of the first byte of a raw binary; a HEX file carries its addresses.

    Raises:
        ImageError: a file is missing, malformed or of a format that is not read, or data overlaps.
    """
    return Image(segment for path in paths for segment in _load_file(path, base))


def check_output(path: PathLike) -> None:
    """Raise unless `save` could write `path`: call it before anything is read from the chip.

    Raises:
        UsageError: the suffix names no format that can be written.
        ImageError: `path` is a directory, its directory does not exist, or nothing can be written there.
        AccessError: the package that writes Intel HEX is missing.
    """
    out = Path(path)
    if out.suffix.lower() not in HEX_SUFFIXES + RAW_SUFFIXES:
        known = " ".join(HEX_SUFFIXES + RAW_SUFFIXES)
        raise UsageError(f"{path}: the file's suffix does not name a format", hint=f"use one of {known}")
    if out.suffix.lower() in HEX_SUFFIXES:
        _intelhex()
    if os.path.isdir(out):
        raise ImageError(f"{path}: is a directory", hint="name a file in it")
    if not os.path.isdir(out.parent):
        raise ImageError(f"{path}: its directory does not exist", hint="make the directory first")
    try:
        _partial(out).touch()
        _partial(out).unlink()
    except OSError as exc:
        raise ImageError(f"{path}: cannot be written: {exc.strerror}", hint="choose another name or directory") from exc


def save(path: PathLike, segments: Iterable[Segment]) -> None:
    """Write `segments` as Intel HEX or, from their lowest address on, as raw binary; the whole file or none.

    Gaps of a raw binary are filled with 0x00, which is what erased flash and EEPROM hold on the STM8: give it
    the segments of one memory.

    Raises:
        UsageError, ImageError: see `check_output`; or the file cannot be written.
    """
    check_output(path)
    out = Path(path)
    data = _to_raw(segments) if out.suffix.lower() in RAW_SUFFIXES else _to_hex(segments)
    partial = _partial(out)
    try:
        try:
            partial.write_bytes(data)
            files.replace(partial, out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as exc:
        raise ImageError(f"{path}: cannot be written: {exc.strerror}") from exc


def _partial(out: Path) -> Path:
    """Return what `out` is called while it is being written."""
    return out.with_name(f".{out.name}.{os.getpid()}.partial")


def _merged(ordered: Iterable[Segment]) -> Iterator[Segment]:
    """Yield the segments with neighbours joined."""
    pieces: list[bytes] = []
    start = end = 0
    for segment in filter(lambda segment: segment.data, ordered):
        if pieces and segment.address < end:
            raise ImageError(
                f"the data overlaps at {_span(segment.address, min(end, segment.end))}",
                hint="each address may be given once only: leave a file out, or choose another --base",
            )
        if pieces and segment.address > end:
            yield Segment(start, b"".join(pieces))
            pieces.clear()
        if not pieces:
            start = segment.address
        pieces.append(segment.data)
        end = segment.end
    if pieces:
        yield Segment(start, b"".join(pieces))


def _clipped(segments: Iterable[Segment], start: int, end: int) -> Iterator[Segment]:
    """Yield what of the segments lies at `start` or above and below `end`."""
    for segment in segments:
        low, high = max(segment.address, start), min(segment.end, end)
        if low < high:
            yield Segment(low, segment.data[low - segment.address : high - segment.address])


def _span(start: int, end: int) -> str:
    return f"0x{start:06X}" if end == start + 1 else f"0x{start:06X}..0x{end - 1:06X}"


def _load_file(path: PathLike, base: Optional[int]) -> list[Segment]:
    content = _read_bytes(path)
    if not content.strip():
        raise ImageError(f"{path}: the file is empty", hint="build it again")
    if _HEX_START.match(content):
        return _from_hex(path, content)
    _refuse_what_is_not_raw(path, content)
    if base is None:
        raise ImageError(f"{path}: a raw binary does not say where it belongs", hint="add --base 0x8000 for the flash")
    return [Segment(base, content)]


def _read_bytes(path: PathLike) -> bytes:
    if os.path.isdir(path):
        raise ImageError(f"{path}: is a directory", hint="name the file in it, such as firmware.hex")
    try:
        with Path(path).open("rb") as file:
            content = file.read(_SIZE_LIMIT + 1)
    except FileNotFoundError as exc:
        raise ImageError(f"{path}: no such file", hint="build it first, or check the path") from exc
    except OSError as exc:
        raise ImageError(f"{path}: cannot be read: {exc.strerror}", hint="check the path and its rights") from exc
    if len(content) > _SIZE_LIMIT:
        raise ImageError(f"{path}: more than 16 MiB, which is no image for an STM8")
    return content


def _refuse_what_is_not_raw(path: PathLike, content: bytes) -> None:
    """Raise ImageError if `content` is of a known other format, or not what the file's name promises."""
    look, hint = "", "give the Intel HEX file that the build makes (firmware.hex)"
    if content.startswith(b"\x7fELF"):
        look = "an ELF file"
    elif _S_RECORD_START.match(content):
        look, hint = "a Motorola S-record file", "convert it: objcopy -I srec -O ihex IN OUT.hex"
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")) or _is_text(content):
        look = "a text file"
    elif Path(path).suffix.lower() in HEX_SUFFIXES:
        look = "a raw binary"
        hint = "make the file again, or give it the suffix .bin"
    if look:
        raise ImageError(f"{path}: this is {look}, not Intel HEX", hint=hint)


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def _from_hex(path: PathLike, content: bytes) -> list[Segment]:
    """Parse Intel HEX; unlike intelhex, insist on an end record and on nothing after it."""
    lines = [line.strip() for line in content.decode("latin-1").splitlines()]
    intelhex = _intelhex()
    file = intelhex.IntelHex()

    def refusal(line: int, problem: str) -> ImageError:
        return ImageError(f"{path}:{line}: {problem}", hint="the file is damaged: build or copy it again")

    try:
        file.loadhex(StringIO("\n".join(lines)))
    except intelhex.RecordChecksumError as exc:
        raise refusal(exc.line, "wrong checksum") from exc
    except intelhex.AddressOverlapError as exc:
        raise refusal(exc.line, f"a second byte for 0x{exc.address:06X}") from exc
    except intelhex.HexReaderError as exc:
        raise refusal(exc.line, "not a valid Intel HEX record") from exc

    used = [number for number, line in enumerate(lines, start=1) if line]
    end = next((number for number in used if lines[number - 1][7:9] == "01"), None)
    if end is None:
        raise refusal(used[-1], "the file stops without an end-of-file record")
    if end != used[-1]:
        raise refusal(used[used.index(end) + 1], f"data after the end-of-file record of line {end}")
    segments = [Segment(low, file.tobinstr(start=low, size=high - low)) for low, high in file.segments()]
    if not segments:
        raise ImageError(f"{path}: the file holds no data", hint="build it again")
    return segments


def _to_hex(segments: Iterable[Segment]) -> bytes:
    file = _intelhex().IntelHex()
    for segment in segments:
        file.frombytes(segment.data, offset=segment.address)
    text = StringIO()
    file.write_hex_file(text)
    return text.getvalue().encode("ascii")


def _to_raw(segments: Iterable[Segment]) -> bytes:
    ordered = Image(segments).segments
    content = bytearray()
    for segment in ordered:
        content += bytes(segment.address - ordered[0].address - len(content))
        content += segment.data
    return bytes(content)


def _intelhex() -> Any:
    """Return the module intelhex, which carries no types; this is the only place that imports it."""
    from . import deps

    deps.require("intelhex")
    import intelhex

    return intelhex
