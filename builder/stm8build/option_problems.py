"""Find what is wrong with the options of a project; each problem is one line. Pure: no SCons in here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Optional

from . import simulated
from .command_line import SERIAL_PROBES
from .options import OPTIONS, OTHER_PROTOCOLS, STLINK_PROTOCOLS, STM8FLASH_OPTIONS

FLASH_START = 0x8000  # of every STM8

# A name that resembles one of ours this much is misspelt: "unlokc" is, a project's own "eeprom_size" is not.
_LIKENESS = 0.83

# PlatformIO's own options have no common prefix. So a name counts as misspelt only with a single slip of the finger.
_LIKENESS_OF_PLATFORMIO_S = 0.88
_BOARD_SECTIONS = ("build", "upload", "debug")  # objects of a board's manifest that options begin with


def wrong_value(name: str, value: Any) -> Optional[str]:
    """Return why this option cannot have this value, with the allowed values, as one line, or None."""
    values = OPTIONS[name].values
    return f"{name} = {value} is unknown; allowed: {', '.join(values)}" if values and value not in values else None


def in_project(
    project: Mapping[str, Any], platformio_s: Iterable[str] = (), texts: Iterable[str] = ()
) -> Optional[str]:
    """Return the problem of an option that is wrong for every target, as one line, or None.

    This does not check `upload_protocol`: ststm8 2.1.0 builds with any value.

    Args:
        project: The options of the project's environment as they stand in platformio.ini.
        platformio_s: The names of PlatformIO's own options.
        texts: The contents of platformio.ini and the project's scripts. An option that they use is the project's own.
    """
    values = {name: value for name, value in project.items() if name in OPTIONS and name != "upload_protocol"}
    used = used_names(texts)
    unused = [name for name in project if name not in used]
    names = (misspelt(project), misspelt_of_platformio(unused, platformio_s))
    found = [*names, *(wrong_value(name, value) for name, value in values.items())]
    return next((message for message in found if message), None)


def used_names(texts: Iterable[str]) -> set[str]:
    """Return the names that platformio.ini reads as `${this.NAME}`, or that a script has in quotation marks."""
    found = re.findall(r"""\$\{[^{}]*\.(\w+)\}|["'](\w+)["']""", "\n".join(texts))
    return {first or second for first, second in found}


def misspelt(names: Iterable[str]) -> Optional[str]:
    """Return the problem of the first name that is nearly an option of ours, or None. PlatformIO accepts any name."""
    for name in names:
        prefix = next(
            (prefix for prefix in ("board_upload.", "board_build.", "custom_") if name.startswith(prefix)), ""
        )
        if prefix and name not in OPTIONS:
            tails = [known[len(prefix) :] for known in OPTIONS if known.startswith(prefix)]
            tail = name[len(prefix) :]
            swapped = [known for known in tails if sorted(known) == sorted(tail)]  # f_cup is short for the likeness
            for meant in swapped or difflib.get_close_matches(tail, tails, 1, _LIKENESS):
                return f"the option {name} is unknown; did you mean {prefix}{meant}?"
    return None


def misspelt_of_platformio(names: Iterable[str], known: Iterable[str]) -> Optional[str]:
    """Return the problem of the first name that is nearly one of PlatformIO's, or None.

    PlatformIO only warns of an unknown option. If `upload_port` were misspelt, the upload would use any ST-LINK. A
    project's own name is accepted: it begins with `custom_`, or adds a word or a number to one of PlatformIO's.
    """
    known = [*known]
    for name in names:
        board = re.fullmatch(r"board_?(\w+)\.(.+)", name)
        if board and not name.startswith(tuple(f"board_{section}." for section in _BOARD_SECTIONS)):
            for section in difflib.get_close_matches(board[1], _BOARD_SECTIONS, 1, _LIKENESS):
                return f"the option {name} is unknown; did you mean board_{section}.{board[2]}?"
        if name in known or name in OPTIONS or name.startswith(("custom_", "board_")):
            continue
        for meant in difflib.get_close_matches(name, known, 1, _LIKENESS_OF_PLATFORMIO_S):
            if not re.fullmatch(rf"{re.escape(meant)}_?\d+|{re.escape(meant)}_\w+|\w+_{re.escape(meant)}", name):
                return f"the option {name} is unknown; did you mean {meant}? An option of your own begins with custom_"
    return None


def wrong_protocol(protocol: str, mcu: str, listed: Optional[Iterable[str]], target: str) -> Optional[str]:
    """Return why the target cannot use this protocol, as one line, or None.

    Args:
        protocol: `upload_protocol`.
        mcu: `build.mcu`, for the message.
        listed: The board's `upload.protocols`; None if a board of the project has none.
        target: Such as "upload".
    """
    allowed = ", ".join(STLINK_PROTOCOLS)
    if protocol == "custom":
        needs = f"upload_protocol = custom needs upload_command; without one, use an ST-LINK with one of: {allowed}"
        return needs if target == "upload" else None  # other targets use any ST-LINK
    if protocol == "serial" and listed is not None and protocol not in listed:
        reason = f"needs a UART bootloader in the chip's ROM, and none is known for the {mcu.upper()}"
        if mcu.lower().startswith(("stlux", "stnrg")):
            reason = f"needs facts about the boot ROM of the {mcu.upper()}, which we do not have"
        return f"upload_protocol = serial {reason}; use an ST-LINK with one of: {allowed}"
    if protocol == "serial":
        return None
    if protocol in (*SERIAL_PROBES, simulated.PROTOCOL):
        return None  # every target uses this probe, or the simulated board
    if "stlink" not in protocol:
        return f"upload_protocol = {protocol} is unknown; allowed: {allowed}, {', '.join(OTHER_PROTOCOLS)}"
    return None


def unusual_protocol(protocol: str) -> Optional[str]:
    """Return how this platform treats a protocol that ststm8 2.1.0 would pass to stm8flash, as one line, or None."""
    if "stlink" not in protocol or protocol in (*STLINK_PROTOCOLS, *OTHER_PROTOCOLS):
        return None
    return f"upload_protocol = {protocol} means any ST-LINK; the known names are: {', '.join(STLINK_PROTOCOLS)}"


def stm8flash_option(words: Iterable[str]) -> Optional[str]:
    """Return the replacement for the first option of stm8flash in `upload_flags`, as one line, or None."""
    for word in words:
        if re.match(r"-[A-Za-z]", word) and word[1] in STM8FLASH_OPTIONS:
            return (
                f"upload_flags = {word}: these are options of stm8tool; instead of stm8flash's -{word[1]} "
                f"use {STM8FLASH_OPTIONS[word[1]]}"
            )
    return None


def offset_address(value: Any, maximum_size: int) -> tuple[Optional[int], Optional[str]]:
    """Return (address of the program or None for the usual one, one line why it cannot be there or None).

    Args:
        value: `board_upload.offset_address`, a text of platformio.ini or a number of a board file, or None.
        maximum_size: The size of the flash in bytes.
    """
    if value is None:
        return None, None
    name = "board_upload.offset_address"
    try:
        address = value if isinstance(value, int) else int(str(value), 0)
    except ValueError:
        return None, f"{name} = {value} is not an address, such as 0x9000"
    last = FLASH_START + maximum_size - 1
    if not FLASH_START <= address <= last:
        return None, f"{name} = {value} lies outside the flash, which is 0x{FLASH_START:06X} to 0x{last:06X}"
    return address, None


def memory_model(named: Optional[str], build_flags: Iterable[str]) -> tuple[str, Optional[str]]:
    """Return (memory model, one line why the options are wrong or None).

    Args:
        named: `board_build.memory_model`, or the board's.
        build_flags: The lines of `build_flags`. An SDCC option in them also names a model.
    """
    name = "board_build.memory_model"
    flags = [word for line in build_flags for word in str(line).split() if re.fullmatch("--model-(medium|large)", word)]
    models = {flag[len("--model-") :] for flag in flags}
    if named:
        wrong = wrong_value(name, named)
        clash = f"{name} = {named} and build_flags = {' '.join(flags)} do not go together; leave one of them out"
        return named, wrong or (clash if models - {named} else None)
    if len(models) > 1:
        return "", f"build_flags = {' '.join(flags)} do not go together; leave all but one out"
    return next(iter(models), OPTIONS[name].default), None


def problem(
    protocol: str, mcu: str, upload: Mapping[str, Any], project: Mapping[str, Any], target: str
) -> Optional[str]:
    """Return why the target cannot run with these options, as one line, or None.

    Args:
        protocol: `upload_protocol`.
        mcu: `build.mcu`.
        upload: The board's "upload" object with the project's `board_upload.*` merged in.
        project: The options of the project's environment as they stand in platformio.ini.
        target: Such as "upload".
    """
    board = {f"board_upload.{name}": value for name, value in upload.items()}
    values = {**project, **board, "upload_protocol": None}
    found = [misspelt(project), wrong_protocol(protocol, mcu, upload.get("protocols"), target)]
    found += [wrong_value(name, values[name]) for name in OPTIONS if values.get(name) is not None]
    return next((message for message in found if message), None)
