"""Values of the library as values of JSON, for `--json` and `--events`.

Objects get the names of the fields in the library. Bytes become hex digits, a part becomes its name, and a member of an
enumeration becomes its value. docs/machine-interface.md describes the result.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

from ..errors import ToolError, UsageError
from ..words import spoken

FORMAT = 1  # the version of all objects; docs/machine-interface.md says when it changes
NAMED = "Part"  # it has many facts, which the command `parts` tells: elsewhere its name stands for it
INTERRUPTED, DEFECT = "E-INTERRUPTED", "E-DEFECT"  # two more ends, which the library does not have

# Properties that are as good as fields, by the name of the type.
PROPERTIES = {
    "OptionState": ("consistent", "in_force", "is_factory"),
    "Protection": ("unclear",),
    "Quality": ("retries",),
    "RunSummary": ("chips", "yield_percent"),
}

_TREE = (ToolError.__module__, UsageError.__module__)  # the types that errors.py shows in its tree
_OWN = frozenset(("code", "advice", "evidence"))  # fields of an error that have other names in JSON


def plain(value: object) -> Any:
    """Return a value in the types that JSON has."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bytes, bytearray)):
        return value.hex().upper()
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    names = field_names(type(value))
    if names:
        return getattr(value, "name", "") if type(value).__name__ == NAMED else _object(value, names)
    if isinstance(value, (tuple, list, set, frozenset)):
        return [plain(item) for item in value]
    return _text(str(value))


def _text(text: str) -> str:
    """Return a text that every reader of JSON takes: a byte of a file name that is not UTF-8 becomes `\\udcXX`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def field_names(kind: type) -> tuple[str, ...]:
    """Return the names of the values that an object of this type has in JSON; none if it is not an object there."""
    own: tuple[str, ...] = getattr(kind, "_fields", ())
    if dataclasses.is_dataclass(kind):
        own = tuple(field.name for field in dataclasses.fields(kind))
    return (*own, *PROPERTIES.get(kind.__name__, ()))


def _object(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Return an object. A result that needs other data for programs than for text has a method `data`."""
    made = getattr(value, "data", None)
    if callable(made) and "data" not in names:
        found: dict[str, Any] = plain(made())
        return found
    return {name: plain(getattr(value, name)) for name in names}


def of_error(error: ToolError) -> dict[str, Any]:
    """Return an error with its text in the words of the command line, and with those of its numbers that are known."""
    numbers = {name: plain(value) for name, value in vars(error).items() if name not in _OWN and name[0] != "_"}
    return {
        "type": next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ in _TREE),
        "code": error.code.value,
        "exit_code": error.exit_code,
        "message": _text(str(error)),
        "hint": plain(error.hint_in(spoken())),
        "details": plain(error.details_in(spoken())),
        **{name: value for name, value in numbers.items() if value not in (None, [])},
    }


def of_other(code: str, exit_code: int, message: str, hint: str, details: list[str]) -> dict[str, Any]:
    """Return an end that is not an error of the library, in the same form."""
    return {
        "type": None,
        "code": code,
        "exit_code": exit_code,
        "message": _text(message),
        "hint": hint,
        "details": plain(details),
    }
