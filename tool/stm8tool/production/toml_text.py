"""The text of a job file as tables.

A job file is TOML 1.0 on each Python. tomli, which older Pythons need, and the newest Pythons also take what TOML 1.1
added. A file with that would work on one machine and fail on the next, so `_newer` finds it.
"""

from __future__ import annotations

import sys
from typing import Any, Optional

from ..errors import Code, UsageError
from ..support import deps

_QUOTES = ('"""', "'''", '"', "'")
_ESCAPES_OF_1_1 = "ex"


def parse(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        UsageError: It is not TOML 1.0.
    """
    try:
        tables = _read(text)
    except ValueError as exc:
        raise _not_toml(str(exc)) from exc
    except RecursionError as exc:
        raise _not_toml("its values are nested too deeply") from exc
    newer = _newer(text)
    if newer:
        raise _not_toml(f"{newer} is a part of TOML 1.1, and Python before 3.15 reads only TOML 1.0")
    return tables


def _not_toml(why: str) -> UsageError:
    return UsageError(f"this is not TOML 1.0: {why}", code=Code.JOB, hint="correct this line of the file")


def _read(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib

        return tomllib.loads(text)
    deps.require("tomli")
    import tomli

    tables: dict[str, Any] = tomli.loads(text)
    return tables


def _newer(text: str) -> Optional[str]:
    """Return what a valid text has of TOML 1.1 and not of TOML 1.0; None if it has nothing of it.

    A time without seconds is not looked for: no key of a job file takes a time.
    """
    at, line = 0, 1
    open_brackets = ""
    last = ""  # the last character that is neither a space nor in a string
    while at < len(text):
        character = text[at]
        quote = next((quote for quote in _QUOTES if text.startswith(quote, at)), None)
        if quote:
            end = _end_of_string(text, at + len(quote), quote)
            escape = _new_escape(text[at:end]) if quote[0] == '"' else None
            if escape:
                return f"line {line}: the escape {escape}"
            line += text.count("\n", at, end)
            at, last = end, '"'
            continue
        if character == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
            continue
        if open_brackets[-1:] == "{":
            if character == "\n":
                return f"line {line}: a line break in an inline table"
            if character == "}" and last == ",":
                return f"line {line}: a comma at the end of an inline table"
        if character in "[{":
            open_brackets += character
        elif character in "]}":
            open_brackets = open_brackets[:-1]
        line += character == "\n"
        last = last if character.isspace() else character
        at += 1
    return None


def _end_of_string(text: str, at: int, quote: str) -> int:
    """Return where the string ends that has begun before `at`; the text is valid, so it has an end."""
    while not text.startswith(quote, at):
        at += 2 if text[at] == "\\" and quote[0] == '"' else 1
    at += len(quote)
    while len(quote) == 3 and text.startswith(quote[0], at):  # one or two quotes may stand before the last three
        at += 1
    return at


def _new_escape(string: str) -> Optional[str]:
    at = string.find("\\")
    while at >= 0:
        if string[at + 1] in _ESCAPES_OF_1_1:
            return string[at : at + 2]
        at = string.find("\\", at + 2)
    return None
