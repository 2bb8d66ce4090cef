"""A chip file on the disk: it is read up to a limit, and every field is checked before anything is made of it.

`docs/chip-file.md` describes the format. A file that passes here describes a board that can exist: `store.py` makes
it. Any other file is a UsageError that names the field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Optional

from stm8tool.errors import UnknownPartError, UsageError
from stm8tool.parts.table import Part, find_part
from stm8tool.support import files
from stm8tool.words import Hint

from . import rules
from .chip import flash_work
from .chip.debug import DebugModule
from .chip.flash import FlashController
from .chip.memory_map import MemoryMap
from .chip.microcontroller import Microcontroller
from .faults import Faults, parse
from .noise import Noise
from .probe.firmware import Firmware
from .probe.models import MODELS

VERSION = 3
FORMAT = files.BOARD_FORMAT

_NUMBER_DIGITS = 16
_SERIAL = re.compile("[0-9A-F]{24}")


class _FieldError(Exception):
    """One field is wrong; the text names it and says which value is right."""


def load(path: Path) -> dict[str, Any]:
    """Return the checked document of a chip file.

    Raises:
        UsageError: The file does not exist, is too large or something else, or a field is wrong.
    """
    document = _document(path)
    try:
        _check(document)
    except UnknownPartError as exc:
        raise UnknownPartError(f"{path}: {exc}", hint="use the stm8tool that made this chip file") from exc
    except _FieldError as exc:
        raise damaged(path, f": {exc}") from exc
    return document


def usb_side(path: Path) -> tuple[str, str, Faults]:
    """Return the probe's model, its serial number and its faults from a file whose other fields may be damaged.

    Raises:
        UsageError: As for `load`, if one of these three is wrong.
    """
    document = _document(path)
    seen = {name: value for name, value in document.items() if name in _USB_SIDE}
    try:
        _check_group("", seen, _USB_SIDE)
        return seen["model"], seen["serial"], _bench(None, seen)
    except _FieldError as exc:
        raise damaged(path, f": {exc}") from exc


def part_of(document: Mapping[str, Any]) -> Part:
    """Return the part of a checked document."""
    return find_part(document["part"])


def check_bench(part: Optional[Part], model: str, faults: Iterable[str]) -> Faults:
    """Return the faults of a bench; UsageError if the probe `model`, or `part` if it is known, cannot have one."""
    if model not in MODELS:
        raise UsageError(f"no simulated probe is called {model!r}", hint=f"one of {', '.join(MODELS)}")
    bench = parse(faults)
    for fault, needed in (("open-firmware", "v2"), ("loader", "v3")):
        if fault in bench.texts() and model != needed:
            raise UsageError(
                f"the fault {fault} needs the probe {needed}", hint=Hint("add {board_probe:{needed}}", needed=needed)
            )
    if bench.open_firmware and bench.swimless_firmware:
        raise UsageError("the faults open-firmware and swimless-firmware: a probe has one firmware", hint="choose one")
    if part is None:
        return bench
    worn = [memory for memory in (part.flash, part.eeprom) if memory is not None]
    address = bench.dead_block
    if address is not None and not any(memory.start <= address < memory.end for memory in worn):
        raise UsageError(
            f"the fault dead-block: 0x{address:06X} is not in a memory of {part.name} that wears out",
            hint=f"it has {', '.join(map(str, worn))}",
        )
    return bench


# -- from bytes to values --------------------------------------------------------------------------------------------


def _document(path: Path) -> dict[str, Any]:
    try:
        content = files.read_regular(path, files.BOARD_LIMIT + 1)
    except FileNotFoundError as exc:
        raise UsageError(f"there is no chip file {path}", hint=Hint("{sim_create:{path}}", path=path)) from exc
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}", hint="check the path and its permissions") from exc
    if len(content) > files.BOARD_LIMIT:
        raise damaged(path, f": it has more than {files.BOARD_LIMIT} bytes")
    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            parse_int=_whole_number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_doubles,
        )
    except (ValueError, RecursionError) as exc:
        raise damaged(path) from exc
    version = document.get("version") if isinstance(document, dict) else None
    if version is None or document.get("format") != FORMAT or not rules.is_whole(version, 0, rules.MOST):
        raise damaged(path)
    if version != VERSION:
        newer = version > VERSION
        raise UsageError(
            f"{path} is a chip file of version {version}; this stm8tool reads version {VERSION}",
            hint="use a newer stm8tool" if newer else Hint("use the stm8tool that made it, or: {tool} sim create"),
        )
    return dict(document)


def _whole_number(digits: str) -> int:
    if len(digits) > _NUMBER_DIGITS:
        raise ValueError("a number with too many digits")
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def damaged(path: Path, reason: str = "") -> UsageError:
    """Return the error of a file that is damaged or something else."""
    return UsageError(
        f"{path} is not a chip file, or it is damaged{reason}", hint=Hint("make a new one with: {tool} sim create")
    )


# -- the fields ------------------------------------------------------------------------------------------------------

_FIELDS: dict[str, rules.Rule] = {
    "format": rules.one_of(FORMAT),
    "version": rules.number(VERSION, VERSION),
    "part": rules.TEXT,
    "model": rules.one_of(*MODELS),
    "serial": ((lambda value: isinstance(value, str) and bool(_SERIAL.fullmatch(value))), "24 upper-case hex digits"),
    "faults": rules.TEXTS,
    "memories": rules.GROUP,
    "unique_id": rules.hex_bytes(12),
    "loaded_options": rules.GROUP,
    "chip": rules.GROUP,
    "map": rules.GROUP,
    "noise": rules.GROUP,
    "controller": rules.GROUP,
    "debug": rules.GROUP,
    "probe": rules.GROUP,
    "devices": ((lambda value: value is None or isinstance(value, dict)), "null or a group of fields"),
    "transfers": rules.COUNTER,
    "seconds": (rules.is_seconds, "a number of seconds"),
}
_USB_SIDE = {name: _FIELDS[name] for name in ("model", "serial", "faults")}
_GROUPS = {
    "chip": Microcontroller.STATE,
    "map": MemoryMap.STATE,
    "noise": Noise.STATE,
    "controller": FlashController.STATE,
    "debug": DebugModule.STATE,
    "probe": Firmware.STATE,
}


def _check(document: dict[str, Any]) -> None:
    _check_group("", document, _FIELDS)
    part = find_part(document["part"])
    _bench(part, document)
    for name, declared in _GROUPS.items():
        _check_group(f"{name}.", document[name], declared.rules)
    _check_group("loaded_options.", document["loaded_options"], _loaded_options(part))
    impossible = flash_work.problem(part, document["controller"])
    if impossible is not None:
        raise _FieldError(f"controller.{impossible}")
    sizes = _sizes(part)
    _check_group("memories.", document["memories"], dict.fromkeys(sizes, rules.GROUP))
    for name, (size, block) in sizes.items():
        wanted = {"data": rules.hex_bytes(size), "wear": rules.counts(-(-size // block))}
        _check_group(f"memories.{name}.", document["memories"][name], wanted)


def _bench(part: Optional[Part], document: Mapping[str, Any]) -> Faults:
    try:
        return check_bench(part, document["model"], document["faults"])
    except UsageError as exc:
        raise _FieldError(f"faults: {exc}") from exc


def _sizes(part: Part) -> dict[str, tuple[int, int]]:
    """Return the size of each memory of a part, and of its units that wear out together."""
    sizes = {"flash": (part.flash.size, part.block)}
    if part.eeprom:
        sizes["eeprom"] = (part.eeprom.size, part.block)
    sizes["options"] = (part.options.size, part.options.size)
    sizes["ram"] = (part.ram.size, part.ram.size)
    return sizes


def _loaded_options(part: Part) -> dict[str, rules.Rule]:
    in_flash = rules.number(part.flash.start, part.flash.end)
    return {
        "bricked": ((lambda value: value is None or rules.is_text(value)), "null or a text"),
        "rop": rules.FLAG,
        "ubc_end": in_flash,
        "data_start": in_flash,
        "fpr": rules.BYTE,
        "mismatch": rules.FLAG,
    }


def check_devices(path: Path, document: Mapping[str, Any], declared: Mapping[str, Mapping[str, rules.Rule]]) -> None:
    """Check the peripherals of a checked document, whose fields depend on the part; `declared` has their rules.

    Raises:
        UsageError: A field is wrong.
    """
    devices = document["devices"]
    try:
        _check_group("devices.", devices, dict.fromkeys(declared, rules.GROUP))
        for name, wanted in declared.items():
            _check_group(f"devices.{name}.", devices[name], wanted)
    except _FieldError as exc:
        raise damaged(path, f": {exc}") from exc


def _check_group(place: str, group: dict[str, Any], wanted: Mapping[str, rules.Rule]) -> None:
    missing: Optional[str] = next((name for name in wanted if name not in group), None)
    if missing is not None:
        raise _FieldError(f"{place}{missing} is missing")
    foreign = next((name for name in group if name not in wanted), None)
    if foreign is not None:
        raise _FieldError(f"{place}{foreign[:40]!r} is not a field of this version")
    for name, (is_right, right) in wanted.items():
        if not is_right(group[name]):
            raise _FieldError(f"{place}{name} must be {right}")
