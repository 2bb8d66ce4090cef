"""The commands that write files to the chip or compare them: write, verify."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ..errors import ImageError, UsageError
from .command import PartUse, command
from .option_bytes import add_forced, changes_told, dangers
from .request import Once

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..image import Image, Segment
    from ..image.serial_number import SerialNumber
    from ..parts.table import Part, Region
    from .console import Console
    from .request import Request
    from .results.images import TakenNumber, VerifyResult, WriteResult


def image_of(
    request: Request[Any],
    regions: Sequence[Region],
    files: Sequence[str],
    patches: Sequence[str] = (),
    fills: Sequence[str] = (),
    *more: Segment,
) -> Image:
    """Return the data of the files, with the changes of `--patch`, `--fill` and `more`.

    Args:
        request: The request of the command.
        regions: The regions where data may lie. A raw binary begins at the start of the one that `--region` names.
        files: The names of the files.
        patches: The value of each `--patch`.
        fills: The value of each `--fill`.
        more: Further bytes, which replace those of the files.
    """
    from .. import image
    from ..image import edits

    patched = [edits.patch(text) for text in patches]
    filled = [edits.fill(text, request.one_region()) for text in fills]
    content = image.load(
        files,
        request.base_address,
        region=regions[0] if request.region and len(regions) == 1 else None,
        ram_size=request.require_part().ram.size,
        raw_hint="add " + " or ".join(f"--base 0x{r.start:04X} for the {r.name}" for r in _flash_first(regions)),
    )
    return edits.apply(content, [*patched, *more], filled)


def _flash_first(regions: Sequence[Region]) -> list[Region]:
    return sorted(regions, key=lambda region: region.name != "flash")


def _add_files(parser: ArgumentParser) -> None:
    """Add the arguments for the files of a command and for changes of their data."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="Intel HEX, S-records, ELF, or raw with --base or --region"
    )
    parser.add_argument(
        "--patch", action="append", default=[], metavar="ADDRESS=BYTES", help="replace or add bytes, in hex"
    )
    parser.add_argument("--fill", action="append", default=[], metavar="[ADDRESS:SIZE=]BYTE", help="fill the gaps")


class WriteArguments(NamedTuple):
    """The arguments of `write`."""

    files: Sequence[str]
    patch: Sequence[str]
    fill: Sequence[str]
    serial_number: Optional[str]
    options: bool
    forced: Sequence[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        _add_files(parser)
        parser.add_argument(
            "--serial-number",
            action=Once,
            metavar="ADDRESS,FORMAT,FILE",
            help="write the next serial number, which FILE counts",
        )
        parser.add_argument("--options", action="store_true", help="also write the option bytes in the files, last")
        add_forced(parser)


def write(request: Request[WriteArguments], console: Console) -> WriteResult:
    from ..chip.regions import is_ram
    from ..image import Image
    from .results.images import WriteResult

    part, given = request.require_part(), request.arguments
    regions = request.writable()
    unlock = request.unlock and not (request.shared and "options" in request.shared.differing)
    serial = _serial_number(given.serial_number)
    numbers = [serial.encode(serial.peek())] if serial else []
    content = image_of(request, regions, given.files, given.patch, given.fill, *numbers)
    to_ram = is_ram(part, regions[0])
    _check_options(request, part, content, to_ram=to_ram)
    content.check_inside([*regions, part.options] if given.options else regions, part.options, part)
    region, allow = regions[0] if request.region else None, dangers(given.forced)
    with request.chip(console) as chip:
        console.say(f"{chip.probe.model} {chip.probe.firmware}, {part.name}")
        result = WriteResult(chip.probe, part, content.size)
        if to_ram:
            chip.load_ram(content)
            chip.expect_program()
            result = result._replace(to_ram=True, verified=True)
            console.report(result)
        else:
            if serial:
                # Take the number only now: no number is lost if the probe or the chip is missing.
                chip.check_write(content, region, options=given.options, allow=allow, unlock=unlock)
                taken = serial.take()
                content = content.overlaid(Image([taken]))
                result = result._replace(serial_number=_told(console, serial, taken))
                console.report(result)  # even if the write fails, the number is used
            upload = chip.write(
                content,
                region,
                options=given.options,
                allow=allow,
                unlock=unlock,
                verify=request.verify,
                tell=changes_told(console, part),
            )
            after_reset = chip.resets_for_options
            result = result._replace(upload=upload, verified=bool(request.verify), resets_for_options=after_reset)
            console.report(result)
            chip.expect_program()
    if chip.starts_program and not to_ram:
        console.say("the program runs")
    return result._replace(quality=chip.quality, starts_program=chip.starts_program)


def _told(console: Console, serial: SerialNumber, taken: Segment) -> TakenNumber:
    """Tell which serial number was taken, and return it."""
    from .results.images import TakenNumber

    number = TakenNumber(str(serial.file), serial.number_in(taken), taken.address, taken.data)
    text = f"{taken.origin} is taken from {serial.file}, for 0x{taken.address:06X}"
    console.tell("serial-number", text, **number._asdict())
    return number


def _serial_number(text: Optional[str]) -> Optional[SerialNumber]:
    """Return the value of `--serial-number`; None without it."""
    if text is None:
        return None
    from ..image.serial_number import SerialNumber

    return SerialNumber.parse(text)


def _check_options(request: Request[WriteArguments], part: Part, content: Image, *, to_ram: bool) -> None:
    """Raise an error if `--options` or `--force-…` does not fit the rest of the command line or the files."""
    if not request.arguments.options:
        if request.arguments.forced:
            raise UsageError("--force-… has no effect without --options", hint="add --options, or leave --force-… out")
        return
    if to_ram:
        raise UsageError(f"--region {request.region} and --options cannot be used together", hint="give one of them")
    request.require_settled("options", "meaning")
    if not content.slice(part.options):
        raise ImageError("the image holds no option bytes", hint=f"those of the {part.name} lie in {part.options}")


class VerifyArguments(NamedTuple):
    """The arguments of `verify`."""

    files: Sequence[str]
    patch: Sequence[str]
    fill: Sequence[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        _add_files(parser)


def verify(request: Request[VerifyArguments], console: Console) -> VerifyResult:
    from .results.images import VerifyResult

    part, given = request.require_part(), request.arguments
    regions = [request.one_region()] if request.region else list(part.memories)
    content = image_of(request, regions, given.files, given.patch, given.fill)
    content.check_inside(regions, part=part)
    with request.chip(console) as chip:
        result = VerifyResult(part, chip.verify(content, regions[0] if request.region else None))
        console.report(result)  # inside the `with` statement: an error at its end must not hide it
    return result


COMMANDS = (
    command(
        "write",
        "write files; only blocks that differ are programmed",
        write,
        WriteArguments,
        part=PartUse.REQUIRED,
        writes=True,
    ),
    command("verify", "compare files with the chip", verify, VerifyArguments, part=PartUse.REQUIRED, writes=False),
)
