"""The rules for the values in a chip file: each is a check and the words for a right value."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

MOST = 1 << 48  # more than any counter of a board reaches
_LONGEST_TEXT = 200

Check = Callable[[Any], bool]
Rule = tuple[Check, str]  # the check of a value, and the words for a right one


def is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def number(least: int, most: int) -> Rule:
    return (lambda value: is_whole(value, least, most)), f"a whole number from {least} to {most}"


def _is_hex(value: Any) -> bool:
    return isinstance(value, str) and not value.strip("0123456789abcdef")


def hex_bytes(size: int) -> Rule:
    return (lambda value: _is_hex(value) and len(value) == 2 * size), f"{2 * size} hex digits"


def hex_up_to(size: int) -> Rule:
    """Return the rule for bytes whose number depends on the part; `State.restore` checks their number."""
    right = f"{2 * size} hex digits at most"
    return (lambda value: _is_hex(value) and len(value) <= 2 * size and len(value) % 2 == 0), right


def one_of(*values: str) -> Rule:
    return (lambda value: isinstance(value, str) and value in values), f"one of {', '.join(values)}"


def counts(size: int) -> Rule:
    def right(value: Any) -> bool:
        return isinstance(value, list) and len(value) == size and all(is_whole(count, 0, MOST) for count in value)

    return right, f"a list of {size} counts"


def is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and value.isprintable()


def is_seconds(value: Any) -> bool:
    return _is_number(value) and bool(value >= 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def seconds(least: float, most: float) -> Rule:
    """Return the rule for a time before or after the moment of saving."""
    return (lambda value: _is_number(value) and least <= value <= most), f"seconds from {least:g} to {most:g}"


def optional(rule: Rule) -> Rule:
    """Return the rule that also takes null."""
    return (lambda value: value is None or rule[0](value)), f"null or {rule[1]}"


FLAG: Rule = (lambda value: isinstance(value, bool)), "true or false"
BYTE = number(0, 0xFF)
COUNTER = number(0, MOST)
TEXT: Rule = (is_text, f"a text of {_LONGEST_TEXT} characters at most")
TEXTS: Rule = (
    (lambda value: isinstance(value, list) and len(value) <= _LONGEST_TEXT and all(map(is_text, value))),
    "a list of texts",
)
PAIRS: Rule = (
    lambda value: (
        isinstance(value, list)
        and len(value) <= 4096
        and all(
            isinstance(pair, list) and len(pair) == 2 and all(is_whole(n, 0, 0xFFFF) for n in pair) for pair in value
        )
    ),
    "a list of pairs of numbers up to 65535",
)
_NAMES = one_of("flash", "eeprom", "options")


def group_of(**fields: Rule) -> Rule:
    """Return the rule for a group that has these fields and no others."""

    def right(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and value.keys() == fields.keys()
            and all(rule[0](value[name]) for name, rule in fields.items())
        )

    return right, f"a group of {', '.join(fields)}"


_BLOCK = hex_up_to(256)
_ADDRESS = number(0, 0xFFFFFF)
LOAD = group_of(mode=BYTE, start=_ADDRESS, size=number(1, 256), data=_BLOCK, by_program=FLAG)
OPERATION = group_of(memory=optional(_NAMES), address=_ADDRESS, data=_BLOCK)
TIME = optional(seconds(-1e6, 1e6))
GROUP: Rule = (lambda value: isinstance(value, dict)), "a group of fields"
