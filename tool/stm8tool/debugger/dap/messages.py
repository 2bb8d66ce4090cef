"""Messages of the Debug Adapter Protocol: bytes to requests, and answers to bytes. No I/O in here.

Source: the specification of the protocol, 1.6x, its overview and its schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Union

from ...errors import Code, TargetError, UsageError

LONGEST = 1 << 20  # bytes of a message; our choice, far above what an editor sends
_LONGEST_HEAD = 2048  # bytes of the head of a message; our choice
_END = b"\r\n\r\n"
_SPEAK = "connect an editor that speaks the Debug Adapter Protocol over stdin and stdout"
_NAME_SHOWN = 40  # characters of a wrong name in a message
CAPABILITIES = {
    "supportsConfigurationDoneRequest": True,
    "supportsFunctionBreakpoints": True,
    "supportsInstructionBreakpoints": True,
    "supportsDataBreakpoints": True,
    "supportsEvaluateForHovers": True,
    "supportsSetVariable": True,
    "supportsSteppingGranularity": True,
    "supportsReadMemoryRequest": True,
    "supportsTerminateRequest": True,
    "supportsDelayedStackTraceLoading": True,
}

Body = Mapping[str, Any]


class NotDapError(UsageError):
    """The client does not speak the protocol: where its next message begins is not known."""


class ClientRequest(NamedTuple):
    """A request of the client.

    Attributes:
        number: Its `seq`.
        command: What the client wants.
        arguments: The values for it.
    """

    number: int
    command: str
    arguments: ClientArguments


class Garbage(NamedTuple):
    """A message that is not a request, and its fault."""

    number: int
    problem: str


class ClientArguments:
    """The arguments of a request; a value of a wrong type is an error with a sentence.

    Args:
        given: The values by their names.
        place: What they belong to, for messages.
    """

    def __init__(self, given: Mapping[str, Any], place: str) -> None:
        self._given = given
        self._place = place

    def has(self, name: str) -> bool:
        """Tell whether there is a value."""
        return self._given.get(name) is not None

    def text(self, name: str, default: Union[str, None] = None) -> str:
        """Return a text; UsageError without one and without a default."""
        return str(self._value(name, str, "a text", default))

    def number(self, name: str, default: Union[int, None] = None) -> int:
        """Return a whole number."""
        value = self._value(name, int, "a whole number", default)
        if isinstance(value, bool):
            raise self._wrong(name, "a whole number")
        return int(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return true or false."""
        return bool(self._value(name, bool, "true or false", default))

    def inner(self, name: str) -> ClientArguments:
        """Return the object of that name; an empty one if it is not given."""
        return ClientArguments(self._value(name, dict, "an object", {}), f"{name} of {self._place}")

    def list(self, name: str) -> list[ClientArguments]:
        """Return the objects of a list; an empty one if it is not given."""
        items = self._value(name, list, "a list", [])
        if not all(isinstance(item, dict) for item in items):
            raise self._wrong(name, "a list of objects")
        return [ClientArguments(item, f"{name} of {self._place}") for item in items]

    def _value(self, name: str, kind: type, words: str, default: Any) -> Any:
        value = self._given.get(name)
        if value is None:
            value = default
        if not isinstance(value, kind):
            raise self._wrong(name, words)
        return value

    def _wrong(self, name: str, words: str) -> UsageError:
        return UsageError(f"{name} of {self._place} is not {words}", hint=f"give {words} as {name}")


class MessageReader:
    """Turns the bytes of a client into messages, and bounds what it keeps.

    Raises:
        NotDapError: By `feed`: a head that is none, or a message that is too long.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[Union[ClientRequest, Garbage]]:
        """Take bytes; yield what is complete."""
        self._waiting += data
        while self._waiting:
            end = self._waiting.find(_END)
            if end < 0 or end > _LONGEST_HEAD:
                self._require_head(end)
                return
            start = end + len(_END)
            size = _size_of(bytes(self._waiting[:end]))
            if len(self._waiting) < start + size:
                return
            body = bytes(self._waiting[start : start + size])
            del self._waiting[: start + size]
            yield _message(body)

    def _require_head(self, end: int) -> None:
        begin = bytes(self._waiting[:_LONGEST_HEAD])
        if end > _LONGEST_HEAD or len(begin) == _LONGEST_HEAD or not begin.isascii():
            raise NotDapError("the client does not speak the Debug Adapter Protocol", hint=_SPEAK)


def _size_of(head: bytes) -> int:
    fields = [line.partition(b":") for line in head.split(b"\r\n")]
    sizes = [value.strip() for name, _, value in fields if name.strip().lower() == b"content-length"]
    if len(sizes) != 1:
        found = f"Content-Length {len(sizes)} times" if sizes else "no Content-Length"
        raise NotDapError(f"the head of a message has {found}", hint=_SPEAK)
    if not sizes[0]:
        raise NotDapError("the head of a message has a Content-Length without a number", hint=_SPEAK)
    if not sizes[0].isdigit():
        shown = ascii(sizes[0][:_NAME_SHOWN].decode("latin-1"))[1:-1]
        raise NotDapError(f"Content-Length {shown} is not a number of bytes", hint=_SPEAK)
    if len(sizes[0]) > len(str(LONGEST)) or int(sizes[0]) > LONGEST:
        shown = sizes[0][:_NAME_SHOWN].decode("ascii")
        raise NotDapError(f"Content-Length {shown} is too long: a message has at most {LONGEST} bytes", hint=_SPEAK)
    return int(sizes[0])


def _message(body: bytes) -> Union[ClientRequest, Garbage]:
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return Garbage(0, "a message is not JSON")
    if not isinstance(found, dict):
        return Garbage(0, "a message is not an object of JSON")
    number, command, arguments = found.get("seq"), found.get("command"), found.get("arguments")
    if not isinstance(number, int) or isinstance(number, bool) or number.bit_length() > 63:
        return Garbage(0, "a message has no number `seq`")
    if found.get("type") != "request" or not isinstance(command, str):
        return Garbage(number, "a message is not a request with a command")
    if arguments is not None and not isinstance(arguments, dict):
        return Garbage(number, f"the arguments of {shortened(command)} are not an object")
    return ClientRequest(number, command, ClientArguments(arguments or {}, shortened(command)))


def shortened(name: str) -> str:
    """Return a name of the client for a message."""
    text = ascii(name)[1:-1]
    return text if len(text) <= _NAME_SHOWN else f"{text[:_NAME_SHOWN]}…"


def encoded(message: Body) -> bytes:
    """Return the bytes of a message."""
    body = json.dumps(message, ensure_ascii=True, allow_nan=False).encode("ascii")
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def out_of_order(problem: str, hint: str) -> TargetError:
    """Return the error for a request that comes too early or too late."""
    return TargetError(problem, code=Code.DEBUG, hint=hint)
