"""What `doctor` found, as a page for the user and as a JSON document for a bug report."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import Code, ToolError, UsageError
from ..support import files, places
from .findings import Diagnosis, Finding, Mark

FORMAT = "stm8tool doctor report"
VERSION = 1

_FANCY = {Mark.OK: "✓", Mark.BAD: "✗", Mark.NOTE: "·"}
_PLAIN = {Mark.OK: "[ok]", Mark.BAD: "[!!]", Mark.NOTE: "[  ]"}
NO_PROBLEM = "no problem found; writing was not tried"
SIGNS = "".join(_FANCY.values())

_TITLES = {
    "python": "Python",
    "tool": "stm8tool",
    "usb-library": "USB library",
    "usb-device": "USB device",
    "usb-other": "USB device",
    "nrst": "NRST",
    "ubc": "UBC",
    "unique-id": "unique ID",
}
_TITLE_WIDTH = max(map(len, _TITLES.values()))

# What a situation means, a sentence; what to do is the hint of the error.
_MEANINGS = {
    Code.USAGE: "the probe was named in a way that cannot be understood",
    Code.PART_UNKNOWN: "the flasher has no figures of this chip, so it can neither judge nor program it",
    Code.NO_PROBE: "the system sees no ST-LINK, or not the one that was asked for; no driver or wire can matter yet",
    Code.SEVERAL_PROBES: "more than one probe fits, and the wrong one must not be taken by chance",
    Code.USB_LIBRARY: "without libusb no program here can speak to USB; the probe itself was not looked at",
    Code.PACKAGES: "the Python packages that the flasher needs are missing or damaged; the probe was not looked at",
    Code.DRIVER_MISSING: "the system sees the probe, and no driver lets programs use it",
    Code.DRIVER_WRONG: "the system sees the probe, and its driver does not work",
    Code.PERMISSION: "the system sees the probe, and does not let this process open it",
    Code.BUSY: "the system sees the probe, and something else uses it",
    Code.PROBE_LOST: "the probe was there and went away",
    Code.PROBE_HUNG: "the probe is there and does not do what it is told; the chip or its wires are hardly the cause",
    Code.PROBE_REFUSES: "the probe answers otherwise than an ST-LINK should; the chip is not the cause",
    Code.PROBE_LIMIT: "this probe cannot do what the chip needs; another one can",
    Code.PROBE_LOADER: "the probe waits for new firmware and cannot do anything else",
    Code.PROBE_NO_SWIM: "this probe's firmware is for STM32 only; the chip was not looked at",
    Code.TARGET_SILENT: "the probe works, and nothing on its SWIM wire answers: wiring, power, or a program in the way",
    Code.TARGET_UNPOWERED: "the probe works, and sees no supply on the board",
    Code.SUPPLY_LOW: "the probe works, and sees a supply that is too low for the chip",
    Code.SWIM_STUCK: "the probe works, and something holds its SWIM wire",
    Code.RESET_LOW: "the probe works, and something holds the chip in reset",
    Code.SWIM_DISABLED: "most likely the program in the chip turns SWIM off before it can be reached",
    Code.LINK_LOST: "the chip answered once and then not as it should: wires, supply, or another supply that is on",
    Code.FAMILY: "the chip on the wire is not the part that was named",
    Code.ROP_READ: "nothing is broken: what the chip holds cannot be read, and writing to it erases it first",
    Code.OPTIONS_CORRUPT: "the chip works with its defaults in place of these bytes; harmless if the part is right",
}


def page(diagnosis: Diagnosis, *, fancy: bool) -> list[str]:
    """Return the page, a line for each finding, and at its end what the first problem means and what still works.

    Args:
        diagnosis: What was found.
        fancy: Mark the lines with SIGNS, not with ASCII.
    """
    signs = _FANCY if fancy else _PLAIN
    lines = [line for finding in diagnosis.findings for line in _lines(finding, signs)]
    first = diagnosis.first_problem
    if first is None:
        return [*lines, "", NO_PROBLEM]
    works = ", ".join(dict.fromkeys(_title(f.key) for f in diagnosis.findings if f.mark is Mark.OK))
    return [
        *lines,
        "",
        f"{signs[Mark.BAD]} the first problem {first.code}: {first}",
        f"  it means:   {_MEANINGS.get(first.code, 'the chip answers and refuses')}",
        f"  it works:   {works}",
        f"  what to do: {first.hint or 'send the report of `doctor --report` with a description of what you did'}",
    ]


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the findings as plain values; the user's home directory is "~"."""
    first = diagnosis.first_problem
    plain: dict[str, Any] = _without_home(
        {
            "format": FORMAT,
            "version": VERSION,
            "probe": diagnosis.selector,
            "part": diagnosis.part,
            "exit_code": first.exit_code if first else 0,
            "first_problem": _error(first) if first else None,
            "findings": [
                {
                    "key": finding.key,
                    "mark": finding.mark.value,
                    "text": finding.text,
                    "details": list(finding.details),
                    "facts": dict(finding.facts),
                    "problem": _error(finding.error) if finding.error else None,
                }
                for finding in diagnosis.findings
            ],
        }
    )
    return plain


def check_output(path: str) -> None:
    """Raise UsageError unless `save` could write `path`."""
    with _refused(path):
        if not Path(path).name or Path(path).is_dir():
            raise UsageError(f"{path}: not the name of a file", code=Code.FILE, hint="such as --report doctor.json")
        files.check_whole(Path(path))


def save(path: str, diagnosis: Diagnosis) -> None:
    """Write the JSON document, the whole file or none; UsageError if that fails."""
    text = json.dumps(document(diagnosis), indent=2, ensure_ascii=False)
    with _refused(path):
        files.write_whole(Path(path), f"{text}\n".encode(errors="backslashreplace"))


def _lines(finding: Finding, signs: dict[Mark, str]) -> Iterator[str]:
    yield f"{signs[finding.mark]} {_title(finding.key):<{_TITLE_WIDTH}}  {finding.text}"
    for detail in finding.details:
        yield " " * len(signs[finding.mark]) + f"   {detail}"


def _title(key: str) -> str:
    return _TITLES.get(key, key)


def _error(error: ToolError) -> dict[str, Any]:
    return {"code": error.code.value, "message": str(error), "hint": error.hint, "exit_code": error.exit_code}


def _without_home(value: Any) -> Any:
    """Return `value` with the home directory as "~" in every text: its path mostly holds the user's name."""
    home = places.home()
    homes = sorted({str(form) for form in (home, home.resolve())}, key=len, reverse=True) if home else []
    forms = [form for home in homes if len(Path(home).parts) > 1 for form in (home, Path(home).as_posix())]
    if not forms:
        return value
    # Windows writes the same path in either case.
    flags = re.IGNORECASE if sys.platform == "win32" else re.UNICODE
    pattern = re.compile(f"(?:{'|'.join(map(re.escape, forms))})(?![\\w.-])", flags)

    def shorten(item: Any) -> Any:
        if isinstance(item, str):
            return pattern.sub("~", item)
        if isinstance(item, dict):
            return {key: shorten(below) for key, below in item.items()}
        return [shorten(below) for below in item] if isinstance(item, list) else item

    return shorten(value)


@contextmanager
def _refused(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise UsageError(
            f"{path}: cannot be written: {exc.strerror}", code=Code.FILE, hint="choose another name or directory"
        ) from exc
