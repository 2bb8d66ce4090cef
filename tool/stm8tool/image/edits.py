"""Changes of the command line to an image before it is written or compared: `--patch`, then `--fill`."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import UsageError
from ..parts.table import Region
from ..support.values import ADDRESS_SPACE, address, number, shortened
from ..words import Hint
from .content import Image
from .segments import Segment


def patch(text: str) -> Segment:
    """Return the bytes of `ADDRESS=BYTES`; BYTES are pairs of hex digits, in the order of their addresses.

    Raises:
        UsageError: the text does not have this form.
    """
    where, equals, digits = text.partition("=")
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        data = b""
    if not equals or not data:
        raise UsageError(
            f"patch {shortened(text)}: not ADDRESS=BYTES", hint=Hint("such as {patch:0x4000=01FF} or '0x4000=01 FF'")
        )
    return Segment(address(where), data, f"patch {shortened(text)}")


def fill(text: str, default: Region) -> tuple[Region, int]:
    """Return the region and the byte of a fill, `BYTE` or `ADDRESS:SIZE=BYTE`.

    Args:
        text: The text that the user typed.
        default: The region for a BYTE alone.

    Raises:
        UsageError: the text has neither form.
    """
    where, equals, value = text.rpartition("=")
    if not equals and ":" in text:
        raise UsageError(
            f"fill {shortened(text)}: not ADDRESS:SIZE=BYTE", hint=Hint("such as {fill:0x9000:0x100=0xFF}")
        )
    byte = number(value, "write 0 to 255, or 0x00 to 0xFF")
    if not 0 <= byte <= 0xFF:
        raise UsageError(
            f"fill {shortened(text)}: {shortened(value)} is not a byte", hint="write 0 to 255, or 0x00 to 0xFF"
        )
    if not equals:
        return default, byte
    start, colon, size = where.partition(":")
    if not colon:
        raise UsageError(
            f"fill {shortened(text)}: not ADDRESS:SIZE=BYTE", hint=Hint("such as {fill:0x9000:0x100=0xFF}")
        )
    region = Region("range", address(start), number(size))
    if region.size < 1 or region.end > ADDRESS_SPACE:
        raise UsageError(f"fill {shortened(text)}: an STM8 has no bytes there", hint="write ADDRESS:SIZE=BYTE")
    return region, byte


def apply(image: Image, patches: Iterable[Segment], fills: Iterable[tuple[Region, int]] = ()) -> Image:
    """Return `image` with patches in place of its own bytes, and then with its empty addresses filled.

    Raises:
        ImageError: two patches hold the same address.
    """
    edited = image.overlaid(Image(patches))
    for region, byte in fills:
        edited = edited.filled(region, byte)
    return edited
