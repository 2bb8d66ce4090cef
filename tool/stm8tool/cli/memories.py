"""The commands around whole memories and RAM: read, erase, restore, run."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from .. import __version__
from ..errors import ImageError, UsageError
from ..support.values import address
from .probes import blocks, image_of, open_chip, region_of, require_settled, required_part, writable

if TYPE_CHECKING:
    from ..parts.table import Part, Region
    from .console import Console

_SAVED_PART = re.compile(rb"^; all memories of an (\w+), read by", re.MULTILINE)  # as `_comments` words it


def read(arguments: argparse.Namespace, console: Console) -> None:
    from .. import image

    part = required_part(arguments)
    if arguments.all:
        _back_up(arguments, console, part)
        return
    region = region_of(arguments, part, "flash")
    image.check_output(arguments.output)
    with open_chip(arguments, console, part) as chip:
        data = chip.read(region)
        # Before the chip is left: an error of that shall lose nothing.
        image.save(arguments.output, [image.Segment(region.start, data)])
        console.say(f"{len(data)} bytes of {region} saved to {arguments.output}")


def _back_up(arguments: argparse.Namespace, console: Console, part: Part) -> None:
    from .. import image

    if arguments.region:
        raise UsageError("--all and --region do not go together", hint="give one of them")
    if arguments.output.lower().endswith(image.RAW_SUFFIXES):
        raise UsageError("a raw binary holds one memory", hint="save to a .hex file")
    for memory in ("flash", "eeprom", "options"):
        require_settled(arguments, memory)
    image.check_output(arguments.output)
    with open_chip(arguments, console, part) as chip:
        backup, unique_id = chip.backup(), chip.unique_id()
        image.save(arguments.output, backup.segments, comments=_comments(part, unique_id))
        console.say(f"{', '.join(map(str, part.memories))} saved to {arguments.output}")


def _comments(part: Part, unique_id: Optional[bytes]) -> list[str]:
    shown = [] if unique_id is None else [f"unique ID {unique_id.hex().upper()}"]
    return [f"all memories of an {part.name}, read by stm8tool {__version__}", *shown]


def restore(arguments: argparse.Namespace, console: Console) -> None:
    from .. import image

    if arguments.region or arguments.base:
        given = "--region" if arguments.region else "--base"
        raise UsageError(
            f"restore brings back every memory of the file: {given} does not go with it",
            hint=f"leave {given} out; `write` brings one memory back: `--region eeprom write FILE.bin`",
        )
    part = required_part(arguments)
    require_settled(arguments, "options")
    content = image.load([arguments.file], raw_hint="give the .hex or S-record file that `read --all` saved")
    content.check_inside(part.memories, part=part)
    if not arguments.force:
        _require_backup_of(arguments.file, arguments.shared.parts if arguments.shared else [part], part.name)
    with open_chip(arguments, console, part) as chip:
        console.say(f"{chip.probe.model} {chip.probe.firmware}, {part.name}")
        unlock, verify = arguments.unlock == "auto", arguments.verify == "yes"
        result = chip.restore(content, unlock=unlock, verify=verify, force=arguments.force)
        written = result.upload.written
        console.say(f"{written.programmed} of {blocks(written.compared)} of {written.block} bytes written")
        names = ", ".join(change.option.name for change in result.upload.options)
        if not content.slice(part.options):
            names = "none, the file has none"
        elif not names and not result.left_out:
            names = "none, they are as in the file"
        console.say(f"option bytes written: {names or 'none'}")
        for line in result.left_out:
            console.say(f"left out: {line}")


def _require_backup_of(file: str, parts: Sequence[Part], name: str) -> None:
    """Raise ImageError for the backup of none of `parts`, which are called `name`.

    S-records do not tell, nor does a backup for which the chip told only a group of parts.
    """
    from ..parts.table import all_parts

    found = _SAVED_PART.search(Path(file).read_bytes())
    saved = found[1].decode() if found else ""
    if saved in {part.name for part in all_parts()} - {part.name for part in parts}:
        raise ImageError(
            f"{file} is the backup of an {saved}, not of an {name}",
            hint="name the part that is printed on the chip; --force restores it all the same",
        )


def erase(arguments: argparse.Namespace, console: Console) -> None:
    from ..chip.regions import require_whole_blocks

    part = required_part(arguments)
    regions = _erased(arguments, part)
    for region in regions:
        require_whole_blocks(region, part)
    with open_chip(arguments, console, part) as chip:
        for region in regions:
            result = chip.erase(region)
            console.say(f"{region} is erased ({blocks(result.programmed)}; the others were blank)")


def _erased(arguments: argparse.Namespace, part: Part) -> list[Region]:
    """Return the one memory that is meant, or with `--all` flash and EEPROM."""
    chosen = [word for word in (arguments.all, arguments.range, arguments.region) if word]
    if len(chosen) > 1:
        raise UsageError("--all, --range and --region do not go together", hint="give one of them")
    arguments.region = arguments.range or arguments.region
    if arguments.region == "ram":
        raise UsageError("RAM is not erased: it forgets by itself", hint="power the board off and on")
    if arguments.region:
        return writable(arguments, part)
    for memory in ("flash", "eeprom") if arguments.all else ("flash",):
        require_settled(arguments, memory)
    return writable(arguments, part) if arguments.all else [part.flash]


def run(arguments: argparse.Namespace, console: Console) -> None:
    from ..image import Image

    part = required_part(arguments)
    start = address(arguments.address)
    content = image_of(arguments, part, [part.ram]) if arguments.files else Image()
    content.check_inside([part.ram], part=part)
    with open_chip(arguments, console, part) as chip:
        chip.run(start, content)
    console.say(f"{content.size} bytes loaded into RAM; the CPU runs from 0x{start:06X}, until the next reset")


# After an interrupt of one of these the chip may hold half of something.
WRITING = (restore, erase)
