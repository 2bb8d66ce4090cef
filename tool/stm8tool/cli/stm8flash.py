"""stm8flash's command line, for scripts and build systems that use it. This package does the work.

The silent dangers of stm8flash are errors here; docs/compat.md has every difference. Results go to stderr, because
scripts look for them there. `cli/stm8flash_line.py` has the meaning of the words.

Source: the options and messages of stm8flash 1.1 (confidence high).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Optional

from .. import __version__
from ..errors import Code, ToolError, UsageError
from ..words import COMMAND_LINE, Advice, Hint
from . import process
from .console import Console
from .stm8flash_line import (
    AT_A_PORT,
    NAME,
    PROGRAMMERS,
    CompatRequest,
    image_of,
    limited,
    memory_of,
    parse,
    part_of,
    selector,
    suffix_of,
)

if TYPE_CHECKING:
    from ..api import Chip
    from ..image import Image
    from ..parts.table import Part

_BLANK = (0x00, 0xFF)  # the filler of images at addresses without an option byte

_UNLOCK = "-u removes the protection and erases the whole chip; its content cannot be saved"
_HINTS = {
    Code.SEVERAL_PROBES: f"choose one with -S and its serial number; {NAME} -L lists them",
    Code.ROP_READ: _UNLOCK,
    Code.ROP_UPLOAD: _UNLOCK,
    Code.UBC: "-u brings UBC, and all other option bytes, to factory values",
}

_USAGE = f"""\
usage: {NAME} -c PROGRAMMER [-S SERIAL] -p PART [-s MEMORY] [-b BYTES] -w|-v|-r FILE
       {NAME} -c PROGRAMMER [-S SERIAL] -p PART -u
       {NAME} -c PROGRAMMER [-S SERIAL] -R"""

_OPTIONS = {
    "-c PROGRAMMER": f"{', '.join(PROGRAMMERS)} (any ST-LINK will do), {', '.join(AT_A_PORT)}; or sim:CHIPFILE",
    "-S SERIAL": "which probe, if several are attached",
    "-p PART": "the chip: stm8s103f3, or a pattern such as stm8s103?3",
    "-s MEMORY": "flash (if not given), eeprom, ram, opt, or a start address in hex",
    "-b BYTES": "how many bytes, decimal",
    "-w FILE": "write; FILE is Intel HEX (.ihx, .hex, .i86), S-records (.s19, .s8, .srec), else raw",
    "-v FILE": "compare",
    "-r FILE": "read",
    "-u": "remove read protection (erases a locked chip), option bytes to factory values",
    "-R": "reset the chip and let its program run",
    "-l": "list the chips",
    "-L": "list the attached probes",
    "-V": "show the version",
    "-h": "show this",
}

_EXIT_CODES = "exit codes: 0 done; the others are those of stm8tool"


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a command line of stm8flash; return the exit code."""
    words = sys.argv[1:] if argv is None else argv
    console = Console("auto")
    with process.Ending(console) as ending:
        request = parse(words)
        action = ACTIONS[request.action]
        ending.writes = action.writes
        try:
            action.run(request, console)
        except ToolError as exc:
            raise exc.with_(hint=_hint(exc)) from exc
    return ending.code


def _hint(error: ToolError) -> Optional[Advice]:
    """Return the hint for `error` in words of this command line, which has no options that allow a danger."""
    if (error.hint_in(COMMAND_LINE) or "").startswith("--force-"):
        return Hint("`{tool} options set` or `{tool} write --options` with {first}", first=error.advice)
    return _HINTS.get(error.code, error.advice)


def _open(request: CompatRequest, console: Console, part: Optional[Part]) -> Chip:
    from ..api import Chip
    from ..selector import open_link
    from ..session import Session

    return Chip(lambda: Session(open_link(selector(request)), part), part, console.progress)


def _help(_request: CompatRequest, console: Console) -> None:
    options = (f"  {option:<14} {text}" for option, text in _OPTIONS.items())
    console.say("\n".join((_USAGE, "", *options, "", _EXIT_CODES)))


def _version(_request: CompatRequest, console: Console) -> None:
    console.say(f"{NAME} {__version__}")


def _list_parts(_request: CompatRequest, console: Console) -> None:
    from ..parts.table import all_parts

    console.say(" ".join(part.name.lower() for part in all_parts()))


def _list_probes(request: CompatRequest, console: Console) -> None:
    from ..probe import listing
    from ..selector import attached, looked_for

    selector = request.programmer or ""
    probes, others = attached(selector, COMMAND_LINE)
    for index, probe in enumerate(probes):
        # stm8flash shows a serial number as the hex codes of its characters.
        serial = "unknown" if probe.serial is None else probe.serial.encode().hex().upper()
        console.say(f"Programmer {index}: {probe.model}, Serial Number: {serial}")
        if probe.problem:
            console.note(f"  {probe.problem}")
    if not probes:
        console.note("\n".join(listing.table(probes, others, looked_for(selector))))


def _read(request: CompatRequest, console: Console) -> None:
    from .. import image

    part = part_of(request)
    region = limited(memory_of(request, part), request.count)
    suffix = suffix_of(request.file)
    image.check_output(request.file, suffix)
    with _open(request, console, part) as chip:
        data = chip.read(region)
        # Inside the `with` statement: an error at its end must not lose the data.
        image.save(request.file, [image.Segment(region.start, data)], suffix)
    console.note(f"Bytes received: {len(data)}")


def _write(request: CompatRequest, console: Console) -> None:
    from ..chip import regions

    part = part_of(request)
    memory = memory_of(request, part)
    if not regions.is_inside(memory, (*part.memories, part.ram)):
        raise UsageError(f"-w to {memory}: this memory is never written", hint="use -s flash, eeprom, ram or opt")
    image = image_of(request, part, memory)
    with _open(request, console, part) as chip:
        if regions.is_ram(part, memory):
            chip.load_ram(image)
        elif regions.is_options(part, memory):
            _write_options(chip, console, image)
        else:
            chip.write(image, memory, unlock=False)
    console.note(f"Bytes written: {image.size}")


def _write_options(chip: Chip, console: Console, image: Image) -> None:
    """Write the option bytes in `image`. Dangerous values are refused, and a locked chip is not unlocked."""
    from ..chip import wording
    from ..chip.upload import option_bytes
    from ..image import Image, Segment
    from ..parts.table import option_table
    from .option_bytes import changes_shown

    held = option_bytes(image, chip.part)
    # Scripts write an option byte and its complement one after the other; here the first of the two writes both.
    alone = Image(
        Segment(option.address, bytes([held[option.address + 1] ^ 0xFF]))
        for option in option_table(chip.part)
        if option.complement and option.address not in held and option.address + 1 in held
    )
    tell = changes_shown(console.note, chip.part)
    result = chip.write(image.overlaid(alone), options=True, unlock=False, mend=True, tell=tell)
    for line in (
        wording.options_written(result.options) if result.options else ["the option bytes already have these values"]
    ):
        console.note(line)


def _verify(request: CompatRequest, console: Console) -> None:
    from ..chip import regions

    part = part_of(request)
    memory = memory_of(request, part)
    image = image_of(request, part, memory)
    if regions.is_options(part, memory):
        image = _without_blanks(image, part)
    with _open(request, console, part) as chip:
        equal = chip.verify(image, memory)
    console.note(f"Bytes verified: {equal}")


def _without_blanks(image: Image, part: Part) -> Image:
    """Return option data without the 0x00 and 0xFF at addresses without an option byte. A write skips these, too."""
    from ..chip.upload import option_bytes
    from ..image import Image, Segment
    from ..parts.table import option_table

    known = {option.address + n for option in option_table(part) for n in range(1 + option.complement)}
    held = option_bytes(image, part).items()
    return Image(Segment(address, bytes([byte])) for address, byte in held if address in known or byte not in _BLANK)


def _unlock(request: CompatRequest, console: Console) -> None:
    from ..chip import wording
    from ..parts.table import option_table

    part = part_of(request)
    with _open(request, console, part) as chip:
        result = chip.unlock()
    console.note(wording.unlocked(result))
    sound = [option for option in option_table(part) if option.policy != "never"]
    console.note(f"Bytes written: {sum(2 if option.complement else 1 for option in sound)}")


def _reset(request: CompatRequest, console: Console) -> None:
    with _open(request, console, part_of(request) if request.part else None) as chip:
        chip.reset()
    console.note("the chip was reset" + " and runs" * bool(chip.starts_program))


class Action(NamedTuple):
    """The action of a letter on the command line.

    Attributes:
        run: The function that does it.
        writes: It may change flash, EEPROM or option bytes: after an interrupt the chip may be half-written.
    """

    run: Callable[[CompatRequest, Console], None]
    writes: bool


ACTIONS = {
    "h": Action(_help, writes=False),
    "V": Action(_version, writes=False),
    "l": Action(_list_parts, writes=False),
    "L": Action(_list_probes, writes=False),
    "r": Action(_read, writes=False),
    "w": Action(_write, writes=True),
    "v": Action(_verify, writes=False),
    "u": Action(_unlock, writes=True),
    "R": Action(_reset, writes=False),
}


if __name__ == "__main__":
    process.end_with(main)
