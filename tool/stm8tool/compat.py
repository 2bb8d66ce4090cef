"""stm8flash's command line, for scripts and build systems that have it: the same options, done by this package.

What was a silent danger there is an error here; docs/compat.md has every difference. Results go to stderr, as
scripts look for them there.

Source: the options, file types and messages of stm8flash 1.1 (confidence high).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from getopt import GetoptError, gnu_getopt
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from . import __version__, process
from .console import Console
from .errors import Code, ImageError, ToolError, UsageError
from .values import number, shortened

if TYPE_CHECKING:
    from .devices import Part, Region
    from .image import Image
    from .session import Session

_NAME = "stm8flash-compat"
_OPTIONS = "c:S:p:d:s:b:r:w:v:uRlLVh"
_TELLS = "hVlL"  # the first of these is done, whatever else is asked for
_ACTIONS = "rwvuR"
_WRITES = ("w", "u")

# Without a version stm8flash means the first generation.
_PROGRAMMERS = {"stlink": "stlinkv1", "stlinkv2": "stlinkv2", "stlinkv21": "stlinkv21", "stlinkv3": "stlinkv3"}
_ADDRESS = re.compile(r"(0x)?0*[0-9a-f]{1,8}")

# How a file is written whose suffix is none of `image.save`; whatever else it is means raw.
_S_RECORDS = (".s8",)
_RAW = ".bin"

_BLANK = (0x00, 0xFF)
_WRITABLE = ("flash", "eeprom", "ram", "options")

_UNLOCK = "-u removes the protection and erases the whole chip; nothing can be saved"
_HINTS = {
    Code.SEVERAL_PROBES: f"choose one with -S and its serial number; {_NAME} -L lists them",
    Code.ROP_READ: _UNLOCK,
    Code.ROP_UPLOAD: _UNLOCK,
    Code.UBC: "-u brings UBC, and all other option bytes, to factory values",
}

_HELP = f"""\
usage: {_NAME} -c PROGRAMMER [-S SERIAL] -p PART [-s MEMORY] [-b BYTES] -w|-v|-r FILE
       {_NAME} -c PROGRAMMER [-S SERIAL] -p PART -u
       {_NAME} -c PROGRAMMER [-S SERIAL] -R

  -c PROGRAMMER  {", ".join(_PROGRAMMERS)} (any ST-LINK serves); or a simulated board, sim:CHIPFILE
  -S SERIAL      which probe, where several are attached
  -p PART        the chip: stm8s103f3, or a pattern such as stm8s103?3
  -s MEMORY      flash (if not given), eeprom, ram, opt, or a start address in hex
  -b BYTES       how many bytes, decimal
  -w FILE        write; FILE is Intel HEX (.ihx, .hex, .i86), S-records (.s19, .s8, .srec), else raw
  -v FILE        compare
  -r FILE        read
  -u             remove read protection (erases a locked chip), option bytes to factory values
  -R             reset the chip and let its program run
  -l             list the chips
  -L             list the attached probes
  -V             show the version
  -h             show this

exit codes: 0 done; others as those of stm8tool"""


@dataclass
class Request:
    """What a command line asks for."""

    action: str = ""
    file: str = ""
    programmer: Optional[str] = None
    serial: Optional[str] = None
    part: Optional[str] = None
    memory: str = "flash"
    count: Optional[int] = None


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Do what a command line of stm8flash asks for; return the exit code."""
    words = sys.argv[1:] if argv is None else argv
    console = Console("auto")
    request = Request()

    def job() -> None:
        nonlocal request
        request = parse(words)
        try:
            _do(request, console)
        except ToolError as exc:
            exc.hint = _hint(exc)
            raise

    return process.run(job, console, writes=lambda: request.action in _WRITES)


def _hint(error: ToolError) -> Optional[str]:
    """Return what to do about `error`, in words of this command line, which has none that allow a danger."""
    if error.hint and error.hint.startswith("--force-"):
        return f"`stm8tool options set` or `stm8tool write --options` with {error.hint}"
    return _HINTS.get(error.code, error.hint)


def parse(words: Sequence[str]) -> Request:
    """Return what `words` ask for; UsageError if they are none of stm8flash's."""
    try:
        found, rest = gnu_getopt(list(words), _OPTIONS)
    except GetoptError as exc:
        raise UsageError(exc.msg, hint=f"{_NAME} -h says more") from exc
    options = [(name[1:], value) for name, value in found]
    told = next((letter for letter, _ in options if letter in _TELLS), None)
    actions = [(letter, value) for letter, value in options if letter in _ACTIONS]
    if not told:
        _check(rest, actions)
    given = dict(options)
    action, file = (told, "") if told else actions[0]
    return Request(
        action=action,
        file=file,
        programmer=given.get("c"),
        serial=given.get("S"),
        part=given.get("p"),
        memory=given.get("s", "flash"),
        count=_count(given["b"]) if "b" in given else None,
    )


def _check(rest: Sequence[str], actions: Sequence[tuple[str, str]]) -> None:
    """Raise UsageError unless there is one action, and nothing that no option takes."""
    if rest:
        raise UsageError(f"'{rest[0]}' belongs to no option", hint="a file follows -w, -v or -r")
    if not actions:
        raise UsageError("what shall be done?", hint=f"-w, -v, -r, -u or -R; {_NAME} -h says more")
    if actions[1:]:
        letters = " and ".join(f"-{letter}" for letter, _ in actions)
        raise UsageError(f"{letters}: only one at a time", hint="run the command once for each")


def _count(text: str) -> int:
    """Return the number of bytes that -b gives."""
    count = number(text) if text.isascii() and text.isdecimal() else 0
    if not count:
        raise UsageError(
            f"-b {shortened(text)}: that is no number of bytes", hint="write it in decimal, such as -b 640"
        )
    return count


# -- what is meant ---------------------------------------------------------------------------------------------------


def _selector(request: Request) -> str:
    """Return the probe that -c and -S mean, in the words of `probe.find`."""
    from .selector import SIM_PREFIX

    programmer, serial = request.programmer, request.serial
    if serial == "":
        raise UsageError("-S: the serial number is empty", hint=f"{_NAME} -L lists the probes, or leave -S out")
    known = ", ".join(_PROGRAMMERS)
    if programmer is None:
        raise UsageError("which programmer?", hint=f"-c and one of {known}")
    if programmer.startswith(SIM_PREFIX):
        return programmer if serial is None else f"{programmer}#{serial}"
    if programmer == "espstlink":
        raise UsageError("-c espstlink: not supported by this version", hint=f"use an ST-LINK: {known}")
    if programmer not in _PROGRAMMERS:
        raise UsageError(f"-c {programmer}: there is no such programmer", hint=f"use one of {known}")
    return _PROGRAMMERS[programmer] if serial is None else serial


def _part(request: Request) -> Part:
    from .devices import find_part

    if request.part is None:
        raise UsageError("which chip?", hint=f"-p and its name, such as -p stm8s103f3; {_NAME} -l lists them")
    return find_part(request.part)


def _memory(request: Request, part: Part) -> Region:
    """Return what -s means: a memory, or the rest of one from an address on."""
    from .catalogue import UNIQUE_ID_SIZE
    from .devices import Region

    word = request.memory.lower()
    named = {"flash": part.flash, "eeprom": part.eeprom, "ram": part.ram, "opt": part.options}
    if word in named:
        memory = named[word]
        if memory is None:
            raise UsageError(f"-s {request.memory}: the {part.name} has no EEPROM of its own", hint="use -s flash")
        return memory
    if not _ADDRESS.fullmatch(word):
        raise UsageError(
            f"-s {shortened(request.memory)}: neither a memory nor an address",
            hint="use flash, eeprom, ram, opt or a start address in hex, such as 0x8000",
        )
    start = int(word, 16)
    unique_id = () if part.unique_id is None else (Region("unique ID", part.unique_id, UNIQUE_ID_SIZE),)
    known = (*part.readable, *unique_id)
    memory = next((memory for memory in known if memory.start <= start < memory.end), None)
    if memory is None:
        raise UsageError(
            f"-s {shortened(request.memory)}: the {part.name} has no memory at 0x{start:06X}",
            hint="it has " + ", ".join(map(str, known)),
        )
    return Region(memory.name, start, memory.end - start)


def _limited(memory: Region, count: Optional[int]) -> Region:
    """Return the first `count` bytes of `memory`, or all if that is more than it has."""
    from .devices import Region

    return memory if count is None else Region(memory.name, memory.start, min(count, memory.size))


def _image(request: Request, part: Part, memory: Region) -> Image:
    """Return what the file holds, all of it inside `memory`; a raw one begins where `memory` does.

    Raises:
        ImageError: It is missing or malformed, is not what its suffix says, or has more than fits, or less than -b.
    """
    from .image import Image, Segment, loading

    content = loading.read_bytes(request.file)
    if loading.has_addresses(content):
        image = Image(loading.parse(request.file, content, ram_size=part.ram.size))
        image.check_inside([_limited(memory, request.count)])
        return image
    loading.parse(request.file, content, memory.start)  # for what it refuses: text, or another format's suffix
    return Image([Segment(memory.start, _beginning(request, content, memory), request.file)])


def _beginning(request: Request, content: bytes, memory: Region) -> bytes:
    """Return what -b wants of a raw file; ImageError if that is more than `memory` or the file has."""
    wanted = content[: request.count]
    if len(wanted) > memory.size:
        raise ImageError(
            f"{request.file}: {len(wanted)} bytes do not fit the {memory.size} of {memory}",
            code=Code.IMAGE_TOO_BIG,
            hint="name the right part, or give -b to take only the beginning of the file",
        )
    if request.count is not None and len(wanted) < min(request.count, memory.size):
        raise ImageError(
            f"{request.file}: holds {len(wanted)} bytes, and -b asks for {request.count}", hint="leave -b out"
        )
    return wanted


def _format(file: str) -> str:
    """Return the suffix that names the format in which `file` is written."""
    from .image import HEX_SUFFIXES, S_RECORD_SUFFIXES

    suffix = Path(file).suffix.lower()
    if suffix in _S_RECORDS:
        return S_RECORD_SUFFIXES[0]
    return suffix if suffix in (*HEX_SUFFIXES, *S_RECORD_SUFFIXES) else _RAW


# -- what is done ----------------------------------------------------------------------------------------------------


def _do(request: Request, console: Console) -> None:
    {
        "h": _help,
        "V": _version,
        "l": _list_parts,
        "L": _list_probes,
        "r": _read,
        "w": _write,
        "v": _verify,
        "u": _unlock,
        "R": _reset,
    }[request.action](request, console)


def _open(request: Request, console: Console, part: Optional[Part]) -> Session:
    from .selector import open_transport
    from .session import Session

    return Session(open_transport(_selector(request)), part, console.progress)


def _help(_request: Request, console: Console) -> None:
    console.say(_HELP)


def _version(_request: Request, console: Console) -> None:
    console.say(f"{_NAME} {__version__}")


def _list_parts(_request: Request, console: Console) -> None:
    from .devices import all_parts

    console.say(" ".join(part.name.lower() for part in all_parts()))


def _list_probes(request: Request, console: Console) -> None:
    from .probe import listing
    from .selector import bus_of

    probes, others = listing.attached(bus_of(request.programmer or "")[0])
    for index, probe in enumerate(probes):
        # The hex of its characters is how stm8flash has a serial number.
        serial = "unknown" if probe.serial is None else probe.serial.encode().hex().upper()
        console.say(f"Programmer {index}: {probe.model}, Serial Number: {serial}")
        if probe.problem:
            console.note(f"  {probe.problem}")
    if not probes:
        console.note("\n".join(listing.table(probes, others)))


def _read(request: Request, console: Console) -> None:
    from . import image

    part = _part(request)
    region = _limited(_memory(request, part), request.count)
    suffix = _format(request.file)
    image.check_output(request.file, suffix)
    with _open(request, console, part) as session:
        data = session.read(region)
    image.save(request.file, [image.Segment(region.start, data)], suffix)
    console.note(f"Bytes received: {len(data)}")


def _write(request: Request, console: Console) -> None:
    part = _part(request)
    memory = _memory(request, part)
    if memory.name not in _WRITABLE:
        raise UsageError(f"-w to {memory}: that is never written", hint="use -s flash, eeprom, ram or opt")
    image = _image(request, part, memory)
    with _open(request, console, part) as session:
        if memory.name == "ram":
            session.write_ram(image)
        elif memory.name == "options":
            _write_options(session, console, part, image)
        else:
            session.write(image, [memory], unlock=False)
    console.note(f"Bytes written: {image.size}")


def _write_options(session: Session, console: Console, part: Part, image: Image) -> None:
    """Write the option bytes in `image`; what is dangerous is refused, and a locked chip is not unlocked."""
    from . import wording
    from .devices import option_table
    from .target.option_plan import Change
    from .target.upload import OptionData, option_bytes

    held = option_bytes(image, part)
    for option in option_table(part):
        # Scripts write an option byte and its complement one by one; here the first of the two writes both.
        if option.complement and option.address not in held and option.address + 1 in held:
            held[option.address] = held[option.address + 1] ^ 0xFF

    def tell(changes: Sequence[Change]) -> None:
        for line in wording.option_changes(part, changes):
            console.note(line)

    result = session.write(image, [], OptionData(held, tell=tell), unlock=False)
    for line in wording.options_written(result.options) if result.options else ["the option bytes are so already"]:
        console.note(line)


def _verify(request: Request, console: Console) -> None:
    part = _part(request)
    memory = _memory(request, part)
    image = _image(request, part, memory)
    if memory.name == "options":
        image = _without_blanks(image, part)
    with _open(request, console, part) as session:
        equal = session.verify(image, [memory])
    console.note(f"Bytes verified: {equal}")


def _without_blanks(image: Image, part: Part) -> Image:
    """Return option data without 0x00 and 0xFF where `part` has no option byte, which a write passes over, too."""
    from .devices import option_table
    from .image import Image, Segment
    from .target.upload import option_bytes

    known = {option.address + n for option in option_table(part) for n in range(1 + option.complement)}
    held = option_bytes(image, part).items()
    return Image(Segment(address, bytes([byte])) for address, byte in held if address in known or byte not in _BLANK)


def _unlock(request: Request, console: Console) -> None:
    from . import wording
    from .devices import option_table

    part = _part(request)
    with _open(request, console, part) as session:
        result = session.unlock()
    console.note(wording.unlocked(result))
    sound = [option for option in option_table(part) if option.policy != "never"]
    console.note(f"Bytes written: {sum(2 if option.complement else 1 for option in sound)}")


def _reset(request: Request, console: Console) -> None:
    with _open(request, console, _part(request) if request.part else None) as session:
        session.reset()
    console.note("the chip was reset and runs")


if __name__ == "__main__":
    process.end_with(main)
