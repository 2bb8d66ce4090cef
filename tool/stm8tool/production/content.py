"""What a job writes: the image files, the option bytes, and the place of the serial number."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from ..chip.options.bytes import factory_states
from ..chip.options.files import from_image
from ..chip.options.plan import Change, Danger, hazards, requested
from ..errors import ImageError, UsageError
from ..image import Image, Segment
from ..image.loading import parse, read_bytes
from ..image.serial_number import SerialNumber
from ..parts.table import Part, Region
from ..support import files
from ..words import Hint
from .problems import Problems

_RAW_HINT = "add base = 0x8000 for the flash, if the file is a raw binary"


class ImageFile(NamedTuple):
    """A file of the image, as the log names it.

    Attributes:
        name: As in the job file.
        sha256: The hash of the file, as `sha256sum` prints it.
    """

    name: str
    sha256: str


class WantedOptions(NamedTuple):
    """The option bytes of a job.

    Attributes:
        settings: By name, as `options set` takes them. They are written after the image.
        held: Those of a file. They are a part of the image.
        allowed: The dangers to which the job consents.
    """

    settings: tuple[str, ...] = ()
    held: Image = Image()
    allowed: frozenset[Danger] = frozenset()


def load(
    folder: Path, names: Sequence[str], base: Optional[int], part: Part, problems: Problems, *, key: str = "image"
) -> tuple[Image, tuple[ImageFile, ...]]:
    """Return the data of files and what the log says about them. Each file is read once."""
    segments: list[Segment] = []
    listed = []
    for name in names:
        with problems.of(key):
            content = read_bytes(folder / name)
            listed.append(ImageFile(name, hashlib.sha256(content).hexdigest()))
            segments += parse(name, content, base, part.ram.size, raw_hint=_RAW_HINT)
    with problems.of(key):
        return Image(segments), tuple(listed)
    return Image(), tuple(listed)


def check_inside(image: Image, part: Part, problems: Problems) -> None:
    """Note data that lie where the part has no flash and no EEPROM."""
    with problems.of("image"):
        image.check_inside(part.programmable, part.options, part)


def without(image: Image, region: Region) -> Image:
    """Return the data of `image` outside of `region`."""
    ends = Region("before", 0, region.start), Region("after", region.end, (1 << 24) - region.end)
    return Image(segment for end in ends for segment in image.slice(end))


def option_bytes(
    folder: Path, settings: Sequence[str], file: Optional[str], allow: Iterable[str], part: Part, problems: Problems
) -> WantedOptions:
    """Return the option bytes of a job. It notes those that are wrong, or dangerous without consent."""
    allowed = _dangers(allow, problems)
    if settings and file:
        problems.add("options.file", "the job has options.set, too", "give one of them")
        return WantedOptions()
    if not settings and not file:
        problems.add("options", "it names no option byte", 'such as set = ["AFR=0x01"]')
        return WantedOptions()
    if file is None:
        with problems.of("options.set"):
            _check(part, requested(part, factory_states(part), settings), allowed, "options.set", problems)
        return WantedOptions(tuple(settings), Image(), allowed)
    image, _ = load(folder, [file], part.options.start, part, problems, key="options.file")
    held = Image(image.slice(part.options))
    with problems.of("options.file"):
        if not held.size:
            raise ImageError(f"{file} holds no option bytes", hint=f"those of the {part.name} lie in {part.options}")
        _check(part, from_image(part, factory_states(part), by_address(held)), allowed, "options.file", problems)
    return WantedOptions((), held, allowed)


def by_address(image: Image) -> Mapping[int, int]:
    """Return the bytes of an image by address."""
    return {segment.address + n: byte for segment in image.segments for n, byte in enumerate(segment.data)}


def _dangers(allow: Iterable[str], problems: Problems) -> frozenset[Danger]:
    known = {danger.value: danger for danger in Danger if danger is not Danger.LOCK}
    for name in allow:
        if name == Danger.LOCK.value:
            problems.add("options.allow", '"lock" is not a danger of this job', "write lock = true above all tables")
        elif name not in known:
            problems.add("options.allow", f"there is no danger {name!r}", f"known: {', '.join(known)}")
    return frozenset(known[name] for name in allow if name in known)


def _check(part: Part, changes: Sequence[Change], allowed: Collection[Danger], key: str, problems: Problems) -> None:
    """Note the dangers of `changes` that the job does not allow. Each chip is taken to be as from the factory."""
    for hazard in hazards(part, changes):
        if hazard.danger is Danger.LOCK:
            problems.add(key, f"{hazard.name} locks the chip before the job is done", "write lock = true in its place")
        elif hazard.danger not in allowed:
            problems.add(key, hazard.why, f'options.allow = ["{hazard.danger.value}"] writes it anyway')


def serial_number(
    folder: Path, address: int, form: str, file: str, image: Image, part: Part, problems: Problems
) -> Optional[SerialNumber]:
    """Return the serial number of a job. It notes a counter that cannot be used, and a place that is not free."""
    number: Optional[SerialNumber] = None
    with problems.of("serial_number"):
        number = SerialNumber.parse(f"0x{address:X},{form},{folder / file}")
        if number.form != form:
            raise UsageError(f"unknown format '{form}'", hint='use a format such as "u32" or "SN%06d"')
    if number is None or number.form != form:
        return None
    with problems.of("serial_number.file"):
        segment = number.encode(number.peek())
        _check_place(segment, image, part, problems)
        try:
            files.check_whole(number.file)
        except OSError as exc:
            hint = files.hint_for(exc, number.file)
            raise ImageError(f"{number.file}: cannot be written: {exc.strerror}", hint=hint) from exc
    return number


def _check_place(segment: Segment, image: Image, part: Part, problems: Problems) -> None:
    with problems.of("serial_number.address"):
        Image([segment]).check_inside(part.programmable, part=part)
        place = Region("serial number", segment.address, len(segment.data))
        taken = image.slice(place)
        if taken:
            raise UsageError(
                f"the image has data at 0x{taken[0].address:06X}, where the serial number goes",
                hint=Hint("choose an address that the program does not use"),
            )
