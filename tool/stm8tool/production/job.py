"""A job: what every chip gets, and in which sockets. It is checked whole before the first chip.

Names of files in a job file, and of simulated boards, are relative to the folder of the job file.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ..chip.running import program as programs
from ..errors import Code, UsageError
from ..image import Image
from ..parts.table import find_part
from ..selector import SIM_PREFIX, is_serial
from ..support import files
from ..support.values import shortened
from . import content, keys, log, toml_text
from .content import ImageFile, WantedOptions
from .problems import Problems
from .self_test import SelfTest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..chip.programmer import Verify
    from ..image.serial_number import SerialNumber
    from ..parts.table import Part

_LARGEST = 1 << 20  # bytes of a job file
_LONGEST_PATTERN = 1000  # characters; our choice
_ANY_PROBE = re.compile(r"stlink(v1|v2|v21|v3)?")
_DIGITS = re.compile(r"[0-9A-Fa-f]+")


class JobSocket(NamedTuple):
    """One socket: the name that the user sees, and the selector of its probe."""

    name: str
    probe: str


@dataclass(frozen=True, eq=False)
class ProductionJob:
    """What every chip gets.

    Attributes:
        file: The job file.
        sha256: Its hash.
        name: What the log calls the job.
        part: The chip.
        image: The data of the files, and option bytes if `options` has a file.
        files: The files of the image.
        options: The option bytes.
        serial: The serial number; None if there is none.
        unlock: A read-protected chip is unlocked, which erases it.
        verify: How the written blocks are compared; see `Chip.write`.
        lock: The last step turns read protection on.
        loader: Code in the chip's RAM may do the work.
        self_test: The test by the program; None if there is none.
        sockets: The sockets.
        by_contact: A socket begins when a board touches it; otherwise the user presses Enter.
        stop_after: How many failures in a row end the run; None: none do.
        log: The file of the log.
    """

    file: Path
    sha256: str
    name: str
    part: Part
    image: Image
    files: tuple[ImageFile, ...]
    options: WantedOptions
    serial: Optional[SerialNumber]
    unlock: bool
    verify: Verify
    lock: bool
    loader: bool
    self_test: Optional[SelfTest]
    sockets: tuple[JobSocket, ...]
    by_contact: bool
    stop_after: Optional[int]
    log: Path

    def with_(self, **changes: Any) -> ProductionJob:
        """Return a copy with changes."""
        return replace(self, **changes)


def load(file: str) -> ProductionJob:
    """Read a job file, and everything that it names. No probe is opened, and no file is changed.

    Raises:
        UsageError: It cannot be read, or something is wrong: all of it is in the error.
    """
    path = Path(file)
    raw = _read(path)
    problems = Problems(path)
    values = keys.checked(_top(path, raw), keys.TOP, problems)
    for name in ("options", "serial_number", "self_test"):
        if values[name] is not None:
            values[name] = keys.checked(values[name], keys.TABLES[name], problems, f"{name}.")
    values["socket"] = _sockets(values["socket"] or [], path.parent, problems)
    return _job(path, raw, values, problems)


def _read(path: Path) -> bytes:
    try:
        raw = files.read_regular(path, _LARGEST + 1)
    except OSError as exc:
        raise UsageError(
            f"{path}: cannot be read: {exc.strerror}", code=Code.JOB, hint="check the name of the job file"
        ) from exc
    if len(raw) > _LARGEST:
        raise UsageError(f"{path}: more than 1 MiB, so it is not a job file", code=Code.JOB, hint="check its name")
    return raw


def _top(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        return toml_text.parse(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise UsageError(
            f"{path}: this is not a text in UTF-8", code=Code.JOB, hint="a job file is TOML; see docs/production.md"
        ) from exc
    except UsageError as exc:
        raise UsageError(f"{path}: {exc}", code=exc.code, hint=exc.advice) from exc


def _job(path: Path, raw: bytes, values: dict[str, Any], problems: Problems) -> ProductionJob:
    """Return the job; UsageError if there are problems. Each value of `values` that is wrong is None."""
    folder = path.parent
    part: Optional[Part] = None
    if values["part"] is not None:
        with problems.of("part"):
            part = find_part(values["part"])
    options, serial, test, image = WantedOptions(), None, None, Image()
    listed: tuple[ImageFile, ...] = ()
    if part is not None:
        names = [values["image"]] if isinstance(values["image"], str) else values["image"] or []
        image, listed = content.load(folder, names, values["base"], part, problems)
        if values["options"] is not None:
            given = values["options"]
            options = content.option_bytes(
                folder, given["set"] or [], given["file"], given["allow"] or [], part, problems
            )
        if options.held.size:
            image = content.without(image, part.options)
        content.check_inside(image, part, problems)
        serial = _serial(folder, values["serial_number"], image, part, problems)
        test = _self_test(folder, values["self_test"], names, part, problems)
        image = image.overlaid(options.held)
    where = folder / values["log"] if values["log"] else path
    if values["log"]:
        with problems.of("log"):
            log.check(where)
    problems.require_none()
    if part is None:
        raise UsageError(f"{path}: the part is missing", code=Code.JOB, hint='such as part = "stm8s103f3"')
    return ProductionJob(
        file=path,
        sha256=hashlib.sha256(raw).hexdigest(),
        name=values["name"] or path.stem,
        part=part,
        image=image,
        files=listed,
        options=options,
        serial=serial,
        unlock=values["unlock"] == "auto",
        verify=values["verify"],
        lock=values["lock"],
        loader=values["loader"],
        self_test=test,
        sockets=values["socket"],
        by_contact=values["start"] == "contact",
        stop_after=values["stop_after_failures"],
        log=where,
    )


def _serial(
    folder: Path, given: Optional[dict[str, Any]], image: Image, part: Part, problems: Problems
) -> Optional[SerialNumber]:
    if given is None or None in given.values():
        return None
    return content.serial_number(folder, given["address"], given["format"], given["file"], image, part, problems)


def _self_test(
    folder: Path, given: Optional[dict[str, Any]], names: Sequence[str], part: Part, problems: Problems
) -> Optional[SelfTest]:
    """Return the self-test. If no ELF is named, one of the image files may be one."""
    if given is None or given["line"] is None or given["seconds"] is None:
        return None
    pattern = given["line"]
    if len(pattern) > _LONGEST_PATTERN:
        problems.add("self_test.line", f"it has more than {_LONGEST_PATTERN} characters")
        return None
    if pattern[:1] == "^" or pattern[-1:] == "$":
        advice = "a pattern fits the whole line; it may have * for any text, ? for a character, and sets such as [0-9]"
        problems.add("self_test.line", f"{shortened(pattern)!r} is a regular expression", advice)
        return None
    symbols = None
    elf = given["elf"] or next((name for name in names if Path(name).suffix.lower() == ".elf"), None)
    if elf is not None:
        with problems.of("self_test.elf"):
            symbols = programs.load(str(folder / elf), part).symbols
    return SelfTest(pattern, float(given["seconds"]), symbols)


def _sockets(given: Sequence[dict[str, Any]], folder: Path, problems: Problems) -> tuple[JobSocket, ...]:
    """Return the sockets. It notes those that have one name, or that may mean one probe."""
    found: list[JobSocket] = []
    for number, table in enumerate(given, start=1):
        key = f"socket[{number}]"
        values = keys.checked(table, keys.SOCKET, problems, f"{key}.")
        if values["probe"] is None:
            continue
        probe = _placed(values["probe"].strip(), folder)
        name = values["name"] or str(number)
        if is_serial(probe):
            problems.add(
                f"{key}.probe", f"{values['probe']} is a serial port", "a socket needs an ST-LINK or another SWIM probe"
            )
        if len(given) > 1 and _ANY_PROBE.fullmatch(probe.lower()):
            problems.add(f"{key}.probe", f"{probe} does not say which one", "give its USB path or its serial number")
        for other in found:
            if other.name == name:
                problems.add(f"{key}.name", f"two sockets are called {name!r}")
            if _may_be_one(other.probe, probe):
                problems.add(f"{key}.probe", f"{values['probe']} may be the probe of socket {other.name}, too")
        found.append(JobSocket(name, probe))
    return tuple(found)


def _placed(probe: str, folder: Path) -> str:
    """Return the selector of a probe. A simulated board lies in the folder of the job file."""
    if not probe.startswith(SIM_PREFIX):
        return probe
    return SIM_PREFIX + os.path.normpath(folder / probe[len(SIM_PREFIX) :])


def _may_be_one(first: str, second: str) -> bool:
    """Tell whether two selectors mean one probe, or may do so: one may be the beginning of a serial number."""
    if first.lower() == second.lower():
        return True
    if _DIGITS.fullmatch(first) and _DIGITS.fullmatch(second):
        return first.upper().startswith(second.upper()) or second.upper().startswith(first.upper())
    return False
