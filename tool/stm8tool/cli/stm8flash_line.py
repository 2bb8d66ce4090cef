"""The meaning of a command line of stm8flash: its options, memories, file types and limits.

Source: stm8flash 1.1 (confidence high).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from getopt import GetoptError, gnu_getopt
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from ..errors import Code, ImageError, UsageError
from ..support.values import number, shortened

if TYPE_CHECKING:
    from ..image import Image
    from ..parts.table import Part, Region

NAME = "stm8flash-compat"
OPTIONS = "c:S:p:d:s:b:r:w:v:uRlLVh"
_TELLS = "hVlL"  # the first of these is done, whatever other options there are
_ACTIONS = "rwvuR"

# Without a version stm8flash means the first generation.
PROGRAMMERS = {"stlink": "stlinkv1", "stlinkv2": "stlinkv2", "stlinkv21": "stlinkv21", "stlinkv3": "stlinkv3"}
# The probes at the serial port that -d names, and the beginning of their selectors. stm8flash itself has the first.
AT_A_PORT = {"espstlink": "espstlink:", "rp2040swim": "rp2040:"}
_MEMORIES = {"flash": "flash", "eeprom": "eeprom", "ram": "ram", "opt": "options"}  # stm8flash's words, and ours
_ADDRESS = re.compile(r"(0x)?0*[0-9a-f]{1,8}")

# Suffixes for S-records that `image.save` does not know. A file with any other unknown suffix is written as raw data.
_S_RECORDS = (".s8",)
_RAW = ".bin"


@dataclass(frozen=True)
class CompatRequest:
    """The request of a command line of stm8flash: the letter of its action, and the values of the other options."""

    action: str
    file: str
    programmer: Optional[str]
    serial: Optional[str]
    device: Optional[str]
    part: Optional[str]
    memory: str
    count: Optional[int]


def parse(words: Sequence[str]) -> CompatRequest:
    """Return the request in `words`; UsageError if stm8flash has no such options."""
    try:
        found, rest = gnu_getopt(list(words), OPTIONS)
    except GetoptError as exc:
        raise UsageError(exc.msg, hint=f"{NAME} -h says more") from exc
    options = [(name[1:], value) for name, value in found]
    told = next((letter for letter, _ in options if letter in _TELLS), None)
    actions = [(letter, value) for letter, value in options if letter in _ACTIONS]
    if not told:
        _check(rest, actions)
    given = dict(options)
    action, file = (told, "") if told else actions[0]
    return CompatRequest(
        action=action,
        file=file,
        programmer=given.get("c"),
        serial=given.get("S"),
        device=given.get("d"),
        part=given.get("p"),
        memory=given.get("s", "flash"),
        count=_count(given["b"]) if "b" in given else None,
    )


def _check(rest: Sequence[str], actions: Sequence[tuple[str, str]]) -> None:
    """Raise UsageError unless there is exactly one action, and no word that does not belong to an option."""
    if rest:
        raise UsageError(f"'{rest[0]}' does not belong to an option", hint="a file follows -w, -v or -r")
    if not actions:
        raise UsageError("no action is given", hint=f"give -w, -v, -r, -u or -R; {NAME} -h says more")
    if actions[1:]:
        letters = " and ".join(f"-{letter}" for letter, _ in actions)
        raise UsageError(f"{letters}: only one at a time", hint="run the command once for each")


def _count(text: str) -> int:
    """Return the number of bytes that -b gives."""
    count = number(text) if text.isascii() and text.isdecimal() else 0
    if not count:
        raise UsageError(f"-b {shortened(text)} is not a number of bytes", hint="write it in decimal, such as -b 640")
    return count


def selector(request: CompatRequest) -> str:
    """Return the probe that -c, -S and -d mean, in the words of `selector`."""
    from ..selector import SIM_PREFIX

    programmer, serial = request.programmer, request.serial
    known = ", ".join(PROGRAMMERS)
    if programmer is None:
        raise UsageError("which programmer?", hint=f"give -c and one of {known}")
    if serial == "":
        raise UsageError("-S: the serial number is empty", hint=f"{NAME} -L lists them; or leave -S out")
    if programmer.startswith(SIM_PREFIX):
        return programmer if serial is None else f"{programmer}#{serial}"
    if programmer in AT_A_PORT:
        device, prefix = request.device or "", AT_A_PORT[programmer]
        return device if device.startswith(prefix) else prefix + device
    if programmer not in PROGRAMMERS:
        raise UsageError(f"-c {programmer}: there is no such programmer", hint=f"use one of {known}")
    return PROGRAMMERS[programmer] if serial is None else serial


def part_of(request: CompatRequest) -> Part:
    from ..parts.table import find_part

    if request.part is None:
        raise UsageError("which chip?", hint=f"give -p and its name, such as -p stm8s103f3; {NAME} -l lists them")
    return find_part(request.part)


def memory_of(request: CompatRequest, part: Part) -> Region:
    """Return the region that -s means: a memory, or the rest of one from an address on."""
    from ..chip import regions

    word = request.memory.lower()
    if word in _MEMORIES:
        named = regions.by_name(part)[_MEMORIES[word]]
        if named is None:
            raise UsageError(f"-s {request.memory}: the {part.name} has no EEPROM of its own", hint="use -s flash")
        return named
    if not _ADDRESS.fullmatch(word):
        raise UsageError(
            f"-s {shortened(request.memory)}: neither a memory nor an address",
            hint="use flash, eeprom, ram, opt or a start address in hex, such as 0x8000",
        )
    start = int(word, 16)
    memory = regions.rest_from(part, start)
    if memory is None:
        raise UsageError(
            f"-s {shortened(request.memory)}: the {part.name} has no memory at 0x{start:06X}",
            hint="it has " + ", ".join(map(str, regions.readable(part))),
        )
    return memory


def limited(memory: Region, count: Optional[int]) -> Region:
    """Return the first `count` bytes of `memory`, or all if that is more than it has."""
    from ..parts.table import Region

    return memory if count is None else Region(memory.name, memory.start, min(count, memory.size))


def image_of(request: CompatRequest, part: Part, memory: Region) -> Image:
    """Return the data of the file, which must lie inside `memory`. A raw file begins at the start of `memory`.

    Raises:
        ImageError: The file is missing or malformed, does not have the format of its suffix, has more data than fit, or
            less than -b.
    """
    from ..image import Image, Segment, loading

    content = loading.read_bytes(request.file)
    if loading.has_addresses(content):
        image = Image(loading.parse(request.file, content, ram_size=part.ram.size))
        image.check_inside([limited(memory, request.count)], part=part)
        return image
    loading.parse(request.file, content, memory.start)  # refuses text, and the suffix of another format
    return Image([Segment(memory.start, _beginning(request, content, memory), request.file)])


def _beginning(request: CompatRequest, content: bytes, memory: Region) -> bytes:
    """Return the first bytes of a raw file, as many as -b says; ImageError if `memory` or the file is too small."""
    wanted = content[: request.count]
    if len(wanted) > memory.size:
        raise ImageError(
            f"{request.file}: {len(wanted)} bytes do not fit into the {memory.size} bytes of {memory}",
            code=Code.IMAGE_TOO_BIG,
            hint="name the right part, or give -b to take only the beginning of the file",
        )
    if request.count is not None and len(wanted) < min(request.count, memory.size):
        raise ImageError(
            f"{request.file}: the file has {len(wanted)} bytes, but -b asks for {request.count}", hint="leave -b out"
        )
    return wanted


def suffix_of(file: str) -> str:
    """Return the suffix that names the format in which `file` is written."""
    from ..image import HEX_SUFFIXES, S_RECORD_SUFFIXES

    suffix = Path(file).suffix.lower()
    if suffix in _S_RECORDS:
        return S_RECORD_SUFFIXES[0]
    return suffix if suffix in (*HEX_SUFFIXES, *S_RECORD_SUFFIXES) else _RAW
