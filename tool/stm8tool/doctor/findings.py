"""The findings of an examination. Each has a mark, a line, and the same facts as values for programs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Optional

from ..errors import Code, ToolError
from ..words import spoken


class Mark(Enum):
    """The result of a finding: it works, it does not work, or a note."""

    OK = "ok"
    BAD = "problem"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One line of the page.

    Attributes:
        key: The subject. It stays the same from version to version.
        mark: A finding with `Mark.BAD` has an error; the others have none.
        text: One line.
        details: Lines below it.
        facts: The same for programs, as values that JSON knows.
        error: The reason for `Mark.BAD`.
    """

    key: str
    mark: Mark
    text: str
    details: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: Optional[ToolError] = None


class Diagnosis(NamedTuple):
    """The selector and the part that the user named, and the findings from Python down to the chip."""

    selector: str
    part: Optional[str]
    findings: Sequence[Finding]

    @property
    def first_problem(self) -> Optional[ToolError]:
        """The error of the first finding that is bad."""
        return next((finding.error for finding in self.findings if finding.error), None)


def bad(
    key: str,
    error: ToolError,
    *,
    prefix: str = "",
    details: Sequence[str] = (),
    facts: Optional[Mapping[str, Any]] = None,
) -> Finding:
    return Finding(key, Mark.BAD, f"{prefix}{error}", [*details, *error.details_in(spoken())], facts or {}, error)


def not_seen(key: str, why: str) -> Finding:
    return Finding(key, Mark.NOTE, f"not checked: {why}")


@contextmanager
def warnings_heard(told_by_findings: Sequence[Code]) -> Iterator[list[str]]:
    """Collect the warnings inside the `with` statement. They are not shown.

    Args:
        told_by_findings: Situations that a finding reports. Their warnings are dropped.
    """
    logger = logging.getLogger("stm8tool")
    heard: list[str] = []

    class _Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            codes = record.args if isinstance(record.args, tuple) else ()
            if not any(code in codes for code in told_by_findings):
                heard.append(record.getMessage())

    def shown(record: logging.LogRecord) -> bool:
        return record.levelno < logging.WARNING

    ear = _Ear(logging.WARNING)
    others = [*logger.handlers]
    for handler in others:
        handler.addFilter(shown)
    logger.addHandler(ear)
    try:
        yield heard
    finally:
        logger.removeHandler(ear)
        for handler in others:
            handler.removeFilter(shown)
