"""Results and failures on their way from the driver to its client.

jumpstarter carries values as JSON: each integer arrives as a float, bytes as text, a tuple as a list. Of an exception
only its text arrives. So a call of the driver returns {"result": …}, or {"error": …} with everything that an error of
stm8tool holds. The client raises the same error from it. Contents of memories are base64.
"""

from __future__ import annotations

import base64
from enum import Enum
from typing import Any

import stm8tool
from stm8tool import Code, LinkFault, ToolError
from stm8tool.words import LIBRARY, Word, Words

# The words of hints: the user has the methods and commands of the client, and the owner of the farm has a file.
WORDS: Words = {
    **LIBRARY,
    "part": Word("`part` in the exporter's configuration", "part: {} in the exporter's configuration"),
    "part_or_board": Word("`part` in the exporter's configuration"),
    "part_and_board": Word("`part` in the exporter's configuration"),
    "probe": Word("`probe` in the exporter's configuration", "probe: {} in the exporter's configuration"),
    "power_cycle": Word("stm8tool's --power-cycle on the exporter's machine"),
    "list": Word("`stm8tool list` on the exporter's machine"),
    "unlock": Word("`unlock`"),
    "unlock_target": Word("`unlock`"),
    "unlock_never": Word("unlock: never"),
    "erase": Word("`erase`"),
    "reset": Word("`reset`"),
    "write": Word("`flash`"),
    "options_show": Word("`options`"),
    "options_set": Word("`options`", "`options {}`"),
    "options_defaults": Word("`options --defaults`"),
    "place": Word("`base`", "target {}"),
    "region": Word("`target`", "target {}"),
    "allow": Word("`allow`", "--allow {}"),
}

_INNER = {"code", "advice", "evidence"}  # told in other forms


def failed(error: ToolError) -> dict[str, Any]:
    """Return a failure as plain values."""
    numbers = {name: _plain(value) for name, value in vars(error).items() if name not in _INNER}
    return {
        "error": {
            "type": type(error).__name__,
            "message": str(error),
            "code": error.code.value,
            "hint": error.hint_in(WORDS),
            "details": list(error.details_in(WORDS)),
            "numbers": {name: value for name, value in numbers.items() if value is not None},
        }
    }


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return list(value) if isinstance(value, tuple) else value


def revived(told: dict[str, Any]) -> ToolError:
    """Return the error that `failed` told. One of a newer exporter, which this client does not know, is a ToolError."""
    kind = getattr(stm8tool, told["type"], ToolError)
    if not (isinstance(kind, type) and issubclass(kind, ToolError)):
        kind = ToolError
    codes = {code.value: code for code in Code}
    details = list(told["details"])
    code = codes.get(told["code"])
    if code is None:
        details.append(f"the exporter calls this {told['code']}, which this client does not know")
        code = getattr(kind, "code", Code.PROBE_REFUSES)
    numbers = {name: _number(name, value) for name, value in told["numbers"].items()}
    plain = ToolError(told["message"], code=code, hint=told["hint"] or "", details=details)
    error = kind.__new__(kind, told["message"])
    vars(error).update({**dict.fromkeys(_fields(kind)), **vars(plain), **numbers})
    return error


def _fields(kind: type) -> set[str]:
    """Return the attributes that an error of this type always has."""
    return {name for base in kind.__mro__ for name in getattr(base, "__annotations__", {})} - _INNER


def _number(name: str, value: Any) -> Any:
    if name == "fault":
        return LinkFault(value)
    return tuple(value) if isinstance(value, list) else value


def whole(value: Any) -> Any:
    """Return a value as it was before the way: a float without a fraction was an integer."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    return [whole(one) for one in value] if isinstance(value, list) else value


def packed(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode("ascii")


def unpacked(text: str) -> bytes:
    """Return the bytes that `packed` made a text of."""
    return base64.b64decode(text, validate=True)


def in_one_line(error: ToolError) -> str:
    """Return an error for a log, or for a client that takes only texts."""
    hint = error.hint_in(WORDS)
    return f"{error} {error.code}" + (f"; {hint}" if hint else "")
