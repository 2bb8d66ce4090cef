"""The findings of `doctor`, as a page for the user and as a JSON document for a bug report."""

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
from ..words import COMMAND_LINE, Hint
from .findings import Diagnosis, Finding, Mark

FORMAT = "stm8tool doctor report"
VERSION = 1

_FANCY = {Mark.OK: "✓", Mark.BAD: "✗", Mark.NOTE: "·"}
_PLAIN = {Mark.OK: "[ok]", Mark.BAD: "[!!]", Mark.NOTE: "[  ]"}
_NO_HINT = "send the report of `doctor --report`, and describe what you did"
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
    "block-times": "block times",
}
_TITLE_WIDTH = max(map(len, _TITLES.values()))


def page(diagnosis: Diagnosis, *, fancy: bool) -> list[str]:
    """Return the page: a line for each finding, then the meaning of the first problem and the things that work.

    Args:
        diagnosis: The findings.
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
        f"  it means:   {first.code.meaning}",
        f"  it works:   {works}",
        f"  what to do: {first.hint_in(COMMAND_LINE) or _NO_HINT}",
    ]


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the findings as plain values; the user's home directory is "~"."""
    plain: dict[str, Any] = _without_home({"format": FORMAT, "version": VERSION, **values(diagnosis)})
    return plain


def values(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the findings as plain values, as they are."""
    first = diagnosis.first_problem
    return {
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


def check_output(path: str) -> None:
    """Raise UsageError unless `save` could write `path`."""
    with _refused(path):
        if not files.names_file(path) or Path(path).is_dir():
            raise UsageError(
                f"{path} is not the name of a file", code=Code.FILE, hint=Hint("such as {report:doctor.json}")
            )
        files.check_whole(Path(path))


def save(path: str, diagnosis: Diagnosis) -> None:
    """Write the JSON document, completely or not at all; UsageError if that fails."""
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
    hint = error.hint_in(COMMAND_LINE)
    return {"code": error.code.value, "message": str(error), "hint": hint, "exit_code": error.exit_code}


def _without_home(value: Any) -> Any:
    """Return `value` with the home directory as "~" in every text, because its path often contains the user's name."""
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
