"""The keys of a job file: their types, and what may be left out. docs/production.md has a row for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from .problems import Problems

_LONGEST_S = 3600
_MOST_FAILURES = 1000


class Key(NamedTuple):
    """One key of a table.

    Attributes:
        name: As it stands in the file.
        form: What its value must be, in words.
        fits: Tells whether a value has this form.
        default: The value if the key is not given.
        required: It must be given.
    """

    name: str
    form: str
    fits: Callable[[Any], bool]
    default: Any = None
    required: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _is_name(value: Any) -> bool:
    return _is_text(value) and bool(value.isprintable()) and value == value.strip()


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(_is_text, value))


def _is_text_or_texts(value: Any) -> bool:
    return _is_text(value) or _is_texts(value)


def _is_address(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 24


def _is_yes_or_no(value: Any) -> bool:
    return isinstance(value, bool)


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value <= _LONGEST_S


def _is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _MOST_FAILURES


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(_is_table, value))


def _one_of(*words: Any) -> Callable[[Any], bool]:
    return lambda value: any(type(value) is type(word) and value == word for word in words)


_ADDRESS = "an address such as 0x8000"
_NAME = "a text in one line, without spaces around it"

TOP = (
    Key("part", 'a text such as "stm8s103f3"', _is_text, required=True),
    Key("image", "the name of a file, or a list of names", _is_text_or_texts, required=True),
    Key("base", _ADDRESS, _is_address),
    Key("name", _NAME, _is_name),
    Key("unlock", '"auto" or "never"', _one_of("auto", "never"), "auto"),
    Key("verify", 'true, false or "read"', _one_of(True, False, "read"), True),
    Key("lock", "true or false", _is_yes_or_no, False),
    Key("loader", "true or false", _is_yes_or_no, True),
    Key("start", '"contact" or "enter"', _one_of("contact", "enter"), "contact"),
    Key("stop_after_failures", f"a whole number from 1 to {_MOST_FAILURES}", _is_count),
    Key("log", "the name of a file", _is_text, required=True),
    Key("options", "a table, [options]", _is_table),
    Key("serial_number", "a table, [serial_number]", _is_table),
    Key("self_test", "a table, [self_test]", _is_table),
    Key("socket", "one or more tables, [[socket]]", _is_tables, required=True),
)
OPTIONS = (
    Key("set", 'a list of texts such as ["AFR=0x01"]', _is_texts),
    Key("file", "the name of a file", _is_text),
    Key("allow", 'a list of texts such as ["watchdog"]', _is_texts),
)
SERIAL_NUMBER = (
    Key("address", _ADDRESS, _is_address, required=True),
    Key("format", 'a text such as "u32" or "SN%06d"', _is_text, required=True),
    Key("file", "the name of a file", _is_text, required=True),
)
SELF_TEST = (
    Key("line", "a text, the pattern of a line", _is_text, required=True),
    Key("seconds", f"a number above 0, up to {_LONGEST_S}", _is_seconds, 5.0),
    Key("elf", "the name of a file", _is_text),
)
SOCKET = (
    Key("name", _NAME, _is_name),
    Key("probe", 'a text such as "usb:1-2"', _is_text, required=True),
)
TABLES = {"": TOP, "options": OPTIONS, "serial_number": SERIAL_NUMBER, "self_test": SELF_TEST, "socket": SOCKET}

Table = Mapping[str, Any]


def checked(given: Table, keys: tuple[Key, ...], problems: Problems, before: str = "") -> dict[str, Any]:
    """Return the values of all `keys`. A value that is wrong or missing is None, and is noted as a problem.

    Args:
        given: The table of the file.
        keys: The keys that it may have.
        problems: Where problems go.
        before: The text in front of a key's name, such as "options.".
    """
    known = {key.name: key for key in keys}
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            problems.add(f"{before}{name}", "there is no such key", _meant(near, known))
    return {name: _value(given, key, problems, before) for name, key in known.items()}


def _meant(near: list[str], known: Mapping[str, Key]) -> str:
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"


def _value(given: Table, key: Key, problems: Problems, before: str) -> Any:
    if key.name not in given:
        if key.required:
            problems.add(f"{before}{key.name}", f"it is missing: {key.form}")
        return key.default
    value = given[key.name]
    if key.fits(value):
        return value
    problems.add(f"{before}{key.name}", f"{_shown(value)} is not {key.form}")
    return None


def _shown(value: Any) -> str:
    """Return a value as a message shows it."""
    try:
        text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    except ValueError:  # Python writes no number of that many digits
        return "a number with thousands of digits"
    return text if len(text) <= 40 else f"{text[:40]}…"
