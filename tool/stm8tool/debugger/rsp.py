"""Packets of GDB's Remote Serial Protocol: bytes to packets, and packets to bytes. No I/O in here.

Source: the manual of GDB, appendix "GDB Remote Serial Protocol".
"""

from __future__ import annotations

from enum import Enum
from typing import Optional, Union

from ..errors import UsageError

PACKET_SIZE = 0x4000  # bytes between `$` and `#`; the size that OpenOCD offers
_LONGEST = 2 * PACKET_SIZE + 16  # each byte may be escaped
_MOST_GARBAGE = 4096  # bytes outside of packets in a row; then the client speaks something else
_MOST_BAD = 16  # packets with a wrong checksum in a row
_ESCAPE, _FLIP = 0x7D, 0x20
_SPEAK = "connect with stm8-gdb, or another program that speaks its remote protocol"
_ESCAPED = frozenset(b"#$}*")


class Sign(Enum):
    """A byte outside of packets that means something."""

    ACK = "+"
    NACK = "-"
    INTERRUPT = "Ctrl-C"
    BAD = "a packet with a wrong checksum"


Event = Union[bytes, Sign]
_SIGNS = {ord("+"): Sign.ACK, ord("-"): Sign.NACK, 0x03: Sign.INTERRUPT}


class NotRspError(UsageError):
    """The client does not speak the protocol."""


class Reader:
    """Turns the bytes of a client into packets, and bounds what it keeps.

    Attributes:
        checks: A packet with a wrong checksum is refused. Without acknowledgements no client sends it again.

    Raises:
        NotRspError: By `feed`: too much garbage, a packet without an end, or one bad packet after the other.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._garbage = self._bad = 0
        self.checks = True

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes; return what is complete."""
        self._waiting += data
        found: list[Event] = []
        while self._waiting:
            first = self._waiting[0]
            if first != ord("$"):
                self._skip(first, found)
                continue
            end = self._waiting.find(b"#")
            if end < 0 or len(self._waiting) < end + 3:
                if len(self._waiting) > _LONGEST:
                    raise NotRspError("the client sent a packet without an end", hint=_SPEAK)
                break
            begin = self._waiting.rfind(b"$", 0, end)  # the client gave up what is before it: a body has no plain `$`
            body, digits = bytes(self._waiting[begin + 1 : end]), bytes(self._waiting[end + 1 : end + 3])
            del self._waiting[: end + 3]
            found.append(self._checked(body, digits))
        return found

    def _skip(self, byte: int, found: list[Event]) -> None:
        del self._waiting[0]
        sign = _SIGNS.get(byte)
        if sign is not None:
            found.append(sign)
            if sign is not Sign.NACK:
                return
        self._garbage += 1
        if self._garbage > _MOST_GARBAGE:
            raise NotRspError("the client does not speak GDB's protocol", hint=_SPEAK)

    def _checked(self, body: bytes, digits: bytes) -> Event:
        if self.checks and checksum(body) != digits.lower():
            self._bad += 1
            if self._bad > _MOST_BAD:
                raise NotRspError("the client sends one packet after the other with a wrong checksum", hint=_SPEAK)
            return Sign.BAD
        self._garbage = self._bad = 0
        return unescaped(body)


def checksum(body: bytes) -> bytes:
    """Return the two digits after a packet."""
    return f"{sum(body) & 0xFF:02x}".encode()


def framed(body: bytes) -> bytes:
    """Return the bytes of a packet; the body is escaped here."""
    sent = escaped(body)
    return b"$" + sent + b"#" + checksum(sent)


def escaped(body: bytes) -> bytes:
    """Return a body that has none of the protocol's own characters."""
    if not _ESCAPED.intersection(body):
        return body
    return b"".join(bytes([_ESCAPE, byte ^ _FLIP]) if byte in _ESCAPED else bytes([byte]) for byte in body)


def unescaped(body: bytes) -> bytes:
    """Undo `escaped`."""
    if _ESCAPE not in body:
        return body
    found, flip = bytearray(), 0
    for byte in body:
        if byte == _ESCAPE and not flip:
            flip = _FLIP
        else:
            found.append(byte ^ flip)
            flip = 0
    return bytes(found)


def console(text: str) -> bytes:
    """Return the body of a packet that GDB prints."""
    return b"O" + text.encode("utf-8", "replace").hex().encode()


def failure(text: str) -> bytes:
    """Return the body of a reply that says why something was refused."""
    plain = " ".join(text.encode("ascii", "replace").decode().split())
    return b"E." + plain.encode()[:1000]


def number(text: bytes) -> Optional[int]:
    """Return a number in hex of up to 64 bits; None for anything else."""
    if not 0 < len(text) <= 16 or not all(byte in b"0123456789abcdefABCDEF" for byte in text):
        return None
    return int(text, 16)


def numbers(text: bytes) -> Optional[tuple[int, int]]:
    """Return the two numbers in "1000,20"; None for anything else."""
    first, _, second = text.partition(b",")
    one, other = number(first), number(second)
    return None if one is None or other is None else (one, other)


def unhexed(text: bytes) -> Optional[bytes]:
    """Return the bytes of hex digits; None for anything else."""
    if len(text) % 2 or not all(byte in b"0123456789abcdefABCDEF" for byte in text):
        return None
    return bytes.fromhex(text.decode("ascii"))
