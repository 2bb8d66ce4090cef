"""Serial numbers in production: `--serial-number ADDRESS,FORMAT,FILE`, where FILE holds the next number.

No number is given twice. Before the first byte goes to a chip, the file on the disk already holds the next number. A
number never goes back to the file, so a write that fails leaves a gap. Otherwise two boards could get the same number,
if the first was written but its success was not seen, for example after a power cut.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import ImageError, UsageError
from ..support import files
from ..support.locks import FileLock
from ..support.values import address, shortened
from ..words import Hint
from .segments import Segment

_BINARY = re.compile(r"u(8|16|24|32|64)(le|be)?")
_TEXT = re.compile(r"([^%]*)%0([1-9][0-9]?)([dX])([^%]*)")
_LIMIT = 100  # bytes of the file; far more than the digits of any format
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class SerialNumber:
    """The address and the form of serial numbers, and the file that holds the next one."""

    address: int
    form: str
    file: Path

    @classmethod
    def parse(cls, text: str) -> SerialNumber:
        """Return the meaning of `ADDRESS,FORMAT,FILE`; UsageError if it has none."""
        if not isinstance(text, str):
            raise UsageError(f"serial number {text!r} is not a string", hint="such as '0x4000,u32,next.txt'")
        where, form, file = [*text.split(",", 2), "", ""][:3]
        shown = shortened(text)
        if not (where and file and Path(file).name) or "\0" in file:
            raise UsageError(
                f"serial number {shown}: not ADDRESS,FORMAT,FILE",
                hint=Hint("such as {serial_number:0x4000,u32,next.txt}"),
            )
        if not _BINARY.fullmatch(form) and not (_TEXT.fullmatch(form) and form.isascii()):
            raise UsageError(
                f"serial number {shown}: unknown format '{shortened(form)}'",
                hint="use u8, u16, u24, u32 or u64 (u32le: little-endian), or a text with one number such as SN%06d",
            )
        return cls(address(where), form, Path(file))

    def encode(self, value: int) -> Segment:
        """Return the bytes of the number `value`; every number has the same size.

        Raises:
            ImageError: it has too many digits for the format.
        """
        binary, text = _BINARY.fullmatch(self.form), _TEXT.fullmatch(self.form)
        data = b""
        if binary:
            size = int(binary[1]) // 8
            if value < 1 << 8 * size:
                data = value.to_bytes(size, "little" if binary[2] == "le" else "big")
        elif text:
            digits = f"{value:0{text[2]}{text[3]}}"
            if len(digits) == int(text[2]):
                data = f"{text[1]}{digits}{text[4]}".encode("ascii")
        if not data:
            raise ImageError(
                f"{self.file}: number {value} does not fit the format {self.form}",
                hint="all serial numbers of this format are used: choose a longer format",
            )
        return Segment(self.address, data, f"serial number {value}")

    @staticmethod
    def number_in(segment: Segment) -> int:
        """Return the number that `encode` or `take` has put into a segment."""
        return int(segment.origin.rpartition(" ")[2])

    def peek(self) -> int:
        """Return the next number; another process may take it before this one does.

        Raises:
            ImageError: the file is missing, cannot be read, does not hold one number, or has several names.
        """
        try:
            content = files.read_regular(self.file, _LIMIT + 1)
            names = self.file.stat().st_nlink
        except FileNotFoundError as exc:
            raise ImageError(
                f"{self.file}: no such file", hint=f"make it, with the first number in it: echo 1 > {self.file}"
            ) from exc
        except OSError as exc:
            raise ImageError(f"{self.file}: cannot be read: {exc.strerror}", hint="check the path") from exc
        digits = _plain(content).strip()
        if len(content) > _LIMIT or not re.fullmatch(rb"[0-9]{1,20}", digits):
            raise ImageError(
                f"{self.file}: the file does not hold one decimal number",
                hint="write only the next serial number into it",
            )
        if names > 1:  # only one name would get the replaced file; the others would keep the old number
            raise ImageError(
                f"{self.file}: the file has {names} names (hard links), and each would give the same numbers again",
                hint="copy the file, and rename the copy to this name; make the other names symbolic links",
            )
        return int(digits)

    def take(self, announce: Callable[[int], None] = lambda value: None) -> Segment:
        """Return the next number, encoded; from now on no other process gets it.

        Args:
            announce: Called with the number while no other process can take it, before the file has the next one. If
                it raises an error, no number is taken.

        Raises:
            ImageError: see `peek` and `encode`; or the file cannot be written. Then no number is taken.
            AccessError: another process holds the file.
        """
        with FileLock(self.file, "file of serial numbers"):
            value = self.peek()
            taken = self.encode(value)
            announce(value)
            try:
                files.write_whole(self.file, b"%d\n" % (value + 1))
            except OSError as exc:
                hint = files.hint_for(exc, self.file)
                raise ImageError(f"{self.file}: cannot be written: {exc.strerror}", hint=hint) from exc
        return taken


def _plain(content: bytes) -> bytes:
    """Return the content of a file without a byte order mark: PowerShell's `echo 1 > FILE` may write UTF-16."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    return content if encoding is None else content.decode(encoding, "replace").encode("ascii", "replace")
