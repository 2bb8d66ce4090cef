"""The jobs of the driver: each takes the chip, and returns plain values for the client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Optional, Union

import stm8tool
from stm8tool import ImageError, ReadoutProtectedError, Region, UsageError
from stm8tool.chip import regions, wording
from stm8tool.chip.running.program import Program
from stm8tool.image import Image, elf, loading
from stm8tool.support.values import number
from stm8tool.words import Hint

from .wire import packed

Job = Callable[[stm8tool.Chip], Any]

LARGEST = 1 << 24  # bytes of a file, as for the command line
EVERYTHING = "all"  # the target of a dump: flash, EEPROM and option bytes
_UNNAMED = "the file"  # a client of jumpstarter's own sends no name
_RAW = "the file.bin"


class Sent(NamedTuple):
    """The words of a client about a file that it sends.

    Attributes:
        name: Its name; it only matters for messages, and for a raw binary.
        size: Its size; None if the client does not know it, as for a compressed file.
        base: The address of the first byte of a raw binary.
        unlock: Whether a locked chip is erased; None: as the exporter's configuration says.
    """

    name: str
    size: Optional[int]
    base: Optional[int]
    unlock: Optional[bool]

    @staticmethod
    def of(about: Optional[dict[str, Any]]) -> Sent:
        """Return it from the values that came with the call: integers are floats there."""
        given = about or {}
        size, base = given.get("size"), given.get("base")
        return Sent(
            str(given.get("name") or _UNNAMED),
            None if size is None else int(size),
            None if base is None else address(base),
            given.get("unlock"),
        )

    def require_whole(self, content: bytes) -> None:
        """Raise ImageError if not all of the file has come."""
        if self.size is not None and len(content) != self.size:
            raise ImageError(
                f"{self.name}: {len(content)} of {self.size} bytes came, so nothing was done", hint="send it again"
            )


def address(value: Union[str, float]) -> int:
    """Return an address that came as a number or as a text; UsageError if it is none."""
    if isinstance(value, str):
        return number(value)
    if value != int(value):
        raise UsageError(f"{value:g} is not an address", hint="write 0x8000 or 32768")
    return int(value)


class Upload(NamedTuple):
    """A file for the chip.

    Attributes:
        name: Its name.
        image: Its data.
        region: The only memory where they may lie; None: every one that can be programmed.
        program: The program with its names, if the file is an ELF.
    """

    name: str
    image: Image
    region: Optional[Region]
    program: Optional[Program]


def upload_of(content: bytes, sent: Sent, target: Optional[str], part: stm8tool.Part) -> Upload:
    """Return what a file holds. Its content shows the format.

    Args:
        content: The file.
        sent: What the client said about it.
        target: "flash", "eeprom", or the address of the first byte of a raw binary.
        part: The chip.

    Raises:
        ImageError: The file cannot be used.
        UsageError: There is no such target.
    """
    base, region, name = sent.base, None, sent.name
    if target:
        if target[0].isdigit() and ":" not in target:
            base = number(target)
        else:
            region = regions.resolve(part, target, part.programmable)
    if name == _UNNAMED and (base is not None or region is not None):
        name = _RAW  # whoever gives a place may mean a raw binary; a text without records is one, too
    hint = Hint("give {base:0x8000} for the flash, or a target: flash, eeprom, or an address")
    segments = loading.parse(name, content, base, part.ram.size, region, hint)
    program = None
    if content.startswith(elf.MAGIC):
        program = Program(name, elf.symbols(content) or None, segments)  # a stripped one has no names
    return Upload(name, Image(segments), region, program)


def flash(upload: Upload, *, unlock: bool) -> Job:
    """Return the job that writes a file."""

    def job(chip: stm8tool.Chip) -> dict[str, Any]:
        done = chip.write(upload.image, upload.region, unlock=unlock)
        return {
            "file": upload.name,
            "bytes": upload.image.size,
            "compared": done.written.compared,
            "programmed": done.written.programmed,
            "erased": bool(done.unlocked and done.unlocked.erased),
        }

    return job


def verify(upload: Upload) -> Job:
    """Return the job that compares a file with the chip."""
    return lambda chip: {"file": upload.name, "equal": chip.verify(upload.image, upload.region)}


def read(target: Optional[str]) -> Callable[[stm8tool.Chip], Image]:
    """Return the job that reads a memory; "all" means flash, EEPROM and option bytes."""

    def job(chip: stm8tool.Chip) -> Image:
        if target == EVERYTHING:
            return chip.backup()
        region = regions.resolve(chip.part, target or "flash", regions.readable(chip.part))
        return Image([stm8tool.Segment(region.start, chip.read(region))])

    return job


def pieces_of(image: Image) -> list[dict[str, Any]]:
    """Return the data of an image; addresses are texts, so nothing turns them into floats."""
    return [{"address": f"0x{one.address:06X}", "data": packed(one.data)} for one in image.segments]


def reset(chip: stm8tool.Chip) -> dict[str, Any]:
    """Reset the chip."""
    chip.reset()
    return {}


def unlock(chip: stm8tool.Chip) -> dict[str, Any]:
    """Remove read protection."""
    done = chip.unlock()
    return {
        "erased": done.erased,
        "restored": list(done.restored),
        "left": list(done.left),
        "text": wording.unlocked(done),
    }


def erase(region: str) -> Job:
    """Return the job that erases a memory."""

    def job(chip: stm8tool.Chip) -> dict[str, Any]:
        done = chip.erase(region)
        return {"region": region, "compared": done.compared, "programmed": done.programmed}

    return job


def info(chip: stm8tool.Chip) -> dict[str, Any]:
    """Return what `info` shows."""
    found, probe = chip.info(), chip.probe
    return {
        "probe": {"model": probe.model, "firmware": probe.firmware, "serial": probe.serial, "place": probe.place},
        "part": chip.part.name,
        "supply_mv": chip.supply_mv,
        "connected": chip.how_connected(found),
        "locked": bool(found.protection and found.protection.locked),
        "protection": wording.protection(found.protection) if found.protection else "",
        "unique_id": found.unique_id.hex() if found.unique_id else None,
        "options": [_option(state) for state in found.options],
    }


def options(settings: Sequence[str], allow: Sequence[str], defaults: bool) -> Job:
    """Return the job that changes option bytes, if there is something to change, and reads all of them."""
    known = {danger.value: danger for danger in stm8tool.Danger}
    unknown = [name for name in allow if name not in known]
    if unknown:
        raise UsageError(f"there is no danger {unknown[0]!r} to allow", hint=f"use {', '.join(known)}")
    dangers = [known[name] for name in allow]
    if settings and defaults:
        raise UsageError("option bytes get either values or their factory values", hint="call it twice")

    def job(chip: stm8tool.Chip) -> dict[str, Any]:
        changes: Sequence[stm8tool.OptionChange] = ()
        if settings:
            changes = chip.set_options(*settings, allow=dangers)
        elif defaults:
            changes = chip.reset_options()
        try:
            found = chip.options()
        except ReadoutProtectedError:
            if not changes:
                raise
            found = ()  # they have locked the chip
        changed = [{"name": one.option.name, "before": one.state.value, "after": one.value} for one in changes]
        return {"changed": changed, "options": [_option(state) for state in found]}

    return job


def _option(state: stm8tool.OptionState) -> dict[str, Any]:
    option = state.option
    return {"name": option.name, "value": state.value, "factory": option.default, "is_factory": state.is_factory}
