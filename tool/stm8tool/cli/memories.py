"""The commands for whole memories and RAM: read, erase, restore, run."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from .. import __version__
from ..errors import ImageError, UsageError
from ..support.values import address
from .command import PartUse, command
from .images import image_of

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..parts.table import Part, Region
    from .console import Console
    from .request import Request
    from .results.memories import EraseResult, ReadResult, RestoreResult, RunResult

_SAVED_PART = rb"^; all memories of an (\w+), read by"  # the words of `_comments`


class ReadArguments(NamedTuple):
    """The arguments of `read`."""

    output: str
    all: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("output", metavar="OUT")
        parser.add_argument("--all", action="store_true", help="flash, EEPROM and option bytes, for `restore`")


def read(request: Request[ReadArguments], console: Console) -> ReadResult:
    from .. import image
    from .results.memories import ReadResult

    if request.arguments.all:
        return _back_up(request, console)
    output = request.arguments.output
    region = request.one_region()
    image.check_output(output)
    with request.chip(console) as chip:
        data = chip.read(region)
        # Inside the `with` statement: an error at its end must not lose the data.
        image.save(output, [image.Segment(region.start, data)])
        result = ReadResult(request.require_part(), output, [region], len(data))
        console.report(result)
    return result


def _back_up(request: Request[ReadArguments], console: Console) -> ReadResult:
    from .. import image
    from .results.memories import ReadResult

    part, output = request.require_part(), request.arguments.output
    if request.region:
        raise UsageError("--all and --region cannot be used together", hint="give one of them")
    if output.lower().endswith(image.RAW_SUFFIXES):
        raise UsageError("a raw binary holds one memory", hint="save to a .hex file")
    request.require_settled("flash", "eeprom", "options")
    image.check_output(output)
    with request.chip(console) as chip:
        backup, unique_id = chip.backup(), chip.unique_id()
        image.save(output, backup.segments, comments=_comments(part, unique_id))
        result = ReadResult(part, output, part.memories, backup.size, all=True, unique_id=unique_id)
        console.report(result)
    return result


def _comments(part: Part, unique_id: Optional[bytes]) -> list[str]:
    shown = [] if unique_id is None else [f"unique ID {unique_id.hex().upper()}"]
    return [f"all memories of an {part.name}, read by stm8tool {__version__}", *shown]


class RestoreArguments(NamedTuple):
    """The arguments of `restore`."""

    file: str
    force: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--force",
            action="store_true",
            help="also restore a backup of another part, one with gaps, or option bytes that may lock the tool out",
        )


def restore(request: Request[RestoreArguments], console: Console) -> RestoreResult:
    from .. import image
    from .results.memories import RestoreResult

    if request.region or request.base:
        given = "--region" if request.region else "--base"
        raise UsageError(
            f"restore brings back every memory in the file, so {given} cannot be used",
            hint=f"leave {given} out; `write` brings one memory back: `--region eeprom write FILE.bin`",
        )
    part, (file, force) = request.require_part(), request.arguments
    request.require_settled("options")
    if not os.path.exists(file):
        raise ImageError(f"{file}: no such file", hint="check the path; `read --all` saves such a file")
    content = image.load([file], raw_hint="give the .hex or S-record file that `read --all` saved")
    content.check_inside(part.memories, part=part)
    if not force:
        _require_backup_of(file, request.shared.parts if request.shared else [part], part.name)
    with request.chip(console) as chip:
        console.say(f"{chip.probe.model} {chip.probe.firmware}, {part.name}")
        restored = chip.restore(content, unlock=request.unlock, verify=request.verify, force=force)
        has_options = bool(content.slice(part.options))
        result = RestoreResult(chip.probe, part, has_options, *restored, chip.quality)
        console.report(result)
    return result._replace(quality=chip.quality)


def _require_backup_of(file: str, parts: Sequence[Part], name: str) -> None:
    """Raise ImageError if the file is a backup of a part that is not in `parts`, which are called `name`.

    S-records do not name a part. A backup with `--part auto` names only a group of parts. Both pass.
    """
    from ..parts.table import all_parts

    found = re.search(_SAVED_PART, Path(file).read_bytes(), re.MULTILINE)
    saved = found[1].decode() if found else ""
    if saved in {part.name for part in all_parts()} - {part.name for part in parts}:
        raise ImageError(
            f"{file} is the backup of an {saved}, not of an {name}",
            hint="name the part that is printed on the chip; --force restores the file anyway",
        )


class EraseArguments(NamedTuple):
    """The arguments of `erase`."""

    all: bool
    range: Optional[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("--all", action="store_true", help="flash and EEPROM")
        parser.add_argument("--range", metavar="ADDRESS:SIZE", help="only these blocks")


def erase(request: Request[EraseArguments], console: Console) -> EraseResult:
    from .results.memories import ErasedMemory, EraseResult
    from .wording import blocks

    memories, result = _erased(request), EraseResult(request.require_part(), ())
    with request.chip(console) as chip:
        for region in memories:
            written = chip.erase(region)
            text = f"{region} is erased ({blocks(written.programmed)}; the others were blank)"
            console.tell("erased", text, region=region, written=written)
            result = result._replace(memories=(*result.memories, ErasedMemory(region, written)))
            console.report(result)  # an error at the next memory must not hide it
    return result


def _erased(request: Request[EraseArguments]) -> Sequence[Region]:
    """Return the memory that the user means, or with `--all` flash and EEPROM."""
    from ..chip import regions

    everything, span = request.arguments
    if len([word for word in (everything, span, request.region) if word]) > 1:
        raise UsageError("--all, --range and --region cannot be used together", hint="give one of them")
    part, name = request.require_part(), span or request.region
    if everything:
        request.require_settled("flash", "eeprom")
        return regions.writable(part)
    request.require_settled(name or "flash")
    return [regions.erasable(part, name or "flash")]


class RunArguments(NamedTuple):
    """The arguments of `run`."""

    address: str
    files: Sequence[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("address", metavar="ADDRESS", help="where the CPU begins")
        parser.add_argument(
            "files", nargs="*", default=(), metavar="FILE", help="the files to load into RAM; a raw binary needs --base"
        )


def run(request: Request[RunArguments], console: Console) -> RunResult:
    from ..image import Image
    from .results.memories import RunResult

    part, files = request.require_part(), request.arguments.files
    start = address(request.arguments.address)
    content = image_of(request, [part.ram], files) if files else Image()
    content.check_inside([part.ram], part=part)
    with request.chip(console) as chip:
        chip.run(start, content)
    return RunResult(part, start, content.size)


COMMANDS = (
    command(
        "read",
        "read a memory into a .hex, .s19 or .bin file",
        read,
        ReadArguments,
        part=PartUse.REQUIRED,
        writes=False,
    ),
    command(
        "restore",
        "bring back a backup of `read --all`, option bytes last",
        restore,
        RestoreArguments,
        part=PartUse.REQUIRED,
        writes=True,
    ),
    command("erase", "erase a memory to 0x00", erase, EraseArguments, part=PartUse.REQUIRED, writes=True),
    command(
        "run",
        "load files into RAM and run them there, until the next reset",
        run,
        RunArguments,
        part=PartUse.REQUIRED,
        writes=False,
    ),
)
