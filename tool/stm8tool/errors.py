"""Every error that a user can meet. The tree shows who or what causes it.

    ToolError                        exit 1   anything else that failed
     +- UsageError                   exit 2   the command line or platformio.ini
     |   +- UnknownPartError                  no such part; near names in the hint
     +- ImageError                   exit 2   the file: malformed, too big, outside the memories
     +- TransportError               exit 3   the probe: absent, hung, unplugged
     |   +- ProbeNotFoundError                no probe is attached, or none that fits
     |   +- ProbeAmbiguousError               several probes fit, and the user chose none
     |   +- ProbeLostError                    the probe was attached and then disappeared
     |   +- TransportTimeoutError             a transfer did not end within its limit
     |   +- ExchangeError                     one exchange with the probe failed
     |       +- TransferSizeError             a reply did not have the requested length
     |       +- EndpointStallError            the probe refused a transfer
     +- AccessError                  exit 7   driver, permission, busy, USB library, dependencies
     +- ProbeError                   exit 3   the probe answers, but cannot do this
     +- SwimError                    exit 4   the probe works, but the chip does not answer it
     |   +- ConnectError                      every recipe to connect failed; `details` says how
     +- TargetError                  exit 1   the chip answers, but refuses
         +- ReadoutProtectedError    exit 5   ROP is on
         +- WriteProtectedError      exit 5   UBC covers the block
         +- VerifyError              exit 6   the chip does not hold the bytes that were written
         +- ProgramError             exit 1   a write did not finish
         +- FamilyMismatchError      exit 2   another family than the part that was named

An error is a value: it never changes. Code that knows more makes a copy, and raises the copy from the first error:

    raise error.with_(code=Code.ROP_UPLOAD) from error

`code` is the situation (docs/errors.md). It stays the same from version to version, even if the message changes. Each
type has a usual code, and its exit code is the one of that code. If more is known, the error has a more exact code.
`details` is the evidence, with one line for each piece. `hint` is the next step: the error's own, or that of its code.
Both are in the words of the library. `hint_in` and `details_in` return them in other words (`words.py`).
Numbers are fields: an address, a count, the bytes that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Optional, TypeVar

from .codes import Code as Code
from .words import LIBRARY, Advice, Words, said


class LinkFault(Enum):
    """How the SWIM link failed. It is the same for every kind of probe. The value fits after "the fault is"."""

    SILENT = "silent"  # the chip does not answer
    REFUSED = "refused"  # the chip answers, but refuses the access
    STUCK = "stuck"  # the SWIM line does not move
    BUSY = "busy"  # the probe never finishes a command
    DAMAGED = "damaged"  # the chip answers, but its bytes are wrong


_Error = TypeVar("_Error", bound="ToolError")
# Python sets these after an error is raised, and so does `add_note`.
_SET_ON_THE_WAY = frozenset(("__traceback__", "__cause__", "__context__", "__suppress_context__", "__notes__"))


class ToolError(Exception):
    """Base of all expected failures. The message is one line. An error never changes.

    Attributes:
        code: The situation.
        advice: The hint, before the words of a vocabulary are filled in.
        evidence: The details, in the same form.
        cut: Addresses of the blocks whose programming began and was not seen to end.
        supply_mv: The supply that the probe measured, in mV, if it may be the cause; otherwise None.
    """

    code: Code
    advice: Optional[Advice]
    evidence: tuple[Advice, ...]
    cut: tuple[int, ...]
    supply_mv: Optional[int]

    def __init__(
        self,
        message: str,
        *,
        code: Optional[Code] = None,
        hint: Optional[Advice] = None,
        details: Sequence[Advice] = (),
        **fields: object,
    ) -> None:
        """Make the error.

        Args:
            message: One line.
            code: The situation; without it, the code of the type.
            hint: What to do next; without it, the hint of the code.
            details: The evidence, with one line for each piece.
            fields: The numbers of the type.
        """
        super().__init__(message)
        code = code or type(self).code
        advice = code.hint if hint is None else hint
        own = {"code": code, "advice": advice, "evidence": tuple(details), "cut": (), "supply_mv": None}
        vars(self).update({**own, **fields})

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this error: that of the type's code, or else of its own code."""
        code: Code = getattr(type(self), "code", self.code)
        return code.exit_code

    @property
    def hint(self) -> Optional[str]:
        """The next step, in words of the library; None if there is no hint."""
        return self.hint_in(LIBRARY)

    @property
    def details(self) -> tuple[str, ...]:
        """The evidence, one line for each piece, in words of the library."""
        return self.details_in(LIBRARY)

    def hint_in(self, words: Words) -> Optional[str]:
        """Return the hint in the words of a vocabulary."""
        return said(self.advice, words) or None

    def details_in(self, words: Words) -> tuple[str, ...]:
        """Return the evidence in the words of a vocabulary."""
        return tuple(said(line, words) or "" for line in self.evidence)

    def with_(
        self: _Error,
        *,
        code: Optional[Code] = None,
        hint: Optional[Advice] = None,
        details: Optional[Sequence[Advice]] = None,
        **fields: object,
    ) -> _Error:
        """Return a copy with the given changes; raise it from this error.

        Args:
            code: Another situation. The exit code of the type does not change.
            hint: Another hint; "" for none.
            details: Other details, which replace all details.
            fields: Other numbers.
        """
        unknown = fields.keys() - vars(self).keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        given = {"code": code, "advice": hint, "evidence": None if details is None else tuple(details)}
        changes = {name: value for name, value in given.items() if value is not None}
        return _made(type(self), self.args, {**vars(self), **changes, **fields})

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: an error does not change."""
        if name not in _SET_ON_THE_WAY:
            raise AttributeError(f"an error does not change: use with_({name.lstrip('_')}=…)")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        """Refuse, as `__setattr__` does."""
        if name not in _SET_ON_THE_WAY:
            raise AttributeError(f"an error does not change: {name} stays")
        super().__delattr__(name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to copy and pickle it: with all fields, and without a call of `__init__`."""
        return _made, (type(self), self.args, vars(self))


def _made(kind: type[_Error], args: tuple[Any, ...], fields: dict[str, Any]) -> _Error:
    """Return an error with these fields, without its `__init__`."""
    error = kind.__new__(kind, *args)
    vars(error).update(fields)
    return error


class UsageError(ToolError):
    """The command line or the project's options are wrong."""

    code = Code.USAGE


class UnknownPartError(UsageError):
    """The part name is not in the device table."""

    code = Code.PART_UNKNOWN


class ImageError(ToolError):
    """The file cannot be used: missing, malformed, overlapping, or outside the part's memories.

    Attributes:
        address: The first address that the error is about, or None.
        size: The number of bytes that the error is about: outside the memories, in the file, or in the image.
        room: The number of bytes that fit; None if size is not the problem.
    """

    code = Code.FILE
    address: Optional[int]
    size: Optional[int]
    room: Optional[int]

    def __init__(
        self,
        message: str,
        *,
        code: Optional[Code] = None,
        hint: Optional[Advice] = None,
        details: Sequence[Advice] = (),
        address: Optional[int] = None,
        size: Optional[int] = None,
        room: Optional[int] = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, details=details, address=address, size=size, room=room)


class TransportError(ToolError):
    """The probe cannot be reached."""

    code = Code.PROBE_REFUSES


class ProbeNotFoundError(TransportError):
    """No attached probe fits the choice."""

    code = Code.NO_PROBE


class ProbeAmbiguousError(TransportError):
    """Several attached probes fit the choice."""

    code = Code.SEVERAL_PROBES


class ProbeLostError(TransportError):
    """The probe disappeared while it was in use."""

    code = Code.PROBE_LOST


class TransportTimeoutError(TransportError):
    """A transfer did not end within its time limit."""

    code = Code.PROBE_HUNG


class ExchangeError(TransportError):
    """One exchange with the probe failed, but the probe still answers. A new connection may help."""

    code = Code.PROBE_REFUSES


class EndpointStallError(ExchangeError):
    """The probe answered a USB transfer with STALL."""


class TransferSizeError(ExchangeError):
    """A reply did not have the requested length.

    Attributes:
        expected: The requested length, in bytes.
        data: The bytes that came instead.
    """

    expected: int
    data: bytes

    def __init__(self, expected: int, data: bytes) -> None:
        message = f"the probe sent {len(data)} bytes instead of {expected}"
        super().__init__(message, expected=expected, data=data)


class AccessError(ToolError):
    """The operating system, a driver or a missing library keeps the tool from the probe."""

    def __init__(
        self, message: str, *, code: Code, hint: Optional[Advice] = None, details: Sequence[Advice] = ()
    ) -> None:
        super().__init__(message, code=code, hint=hint, details=details)


class ProbeError(ToolError):
    """The probe answers, but cannot do the job.

    Attributes:
        end: One past the last address that the job needs, if the probe does not reach it; otherwise None.
    """

    code = Code.PROBE_REFUSES
    end: Optional[int]

    def __init__(
        self,
        message: str,
        *,
        code: Optional[Code] = None,
        hint: Optional[Advice] = None,
        details: Sequence[Advice] = (),
        end: Optional[int] = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, details=details, end=end)


class SwimError(ToolError):
    """The chip did not answer the probe as it should.

    Attributes:
        fault: How the link failed; None if the probe does not tell.
        address: The address whose two reads differ; otherwise None.
        expected: The byte that should have been read there, or None.
        actual: The byte that was read, or None.
    """

    code = Code.LINK_LOST
    fault: Optional[LinkFault]
    address: Optional[int]
    expected: Optional[int]
    actual: Optional[int]

    def __init__(
        self,
        message: str,
        *,
        fault: Optional[LinkFault] = None,
        code: Optional[Code] = None,
        hint: Optional[Advice] = None,
        details: Sequence[Advice] = (),
        address: Optional[int] = None,
        expected: Optional[int] = None,
        actual: Optional[int] = None,
        **fields: object,
    ) -> None:
        super().__init__(
            message,
            code=code,
            hint=hint,
            details=details,
            fault=fault,
            address=address,
            expected=expected,
            actual=actual,
            **fields,
        )


class ConnectError(SwimError):
    """No recipe of the connect ladder reached the chip; `details` lists what was tried."""

    code = Code.TARGET_SILENT


# After these errors a new connection may help, except after ConnectError itself.
LINK_ERRORS = (SwimError, ExchangeError, TransportTimeoutError)


class TargetError(ToolError):
    """The chip answers, but refuses, or its contents are wrong."""

    code = Code.WRITE_UNFINISHED


class ReadoutProtectedError(TargetError):
    """Read-out protection (ROP) is on."""

    code = Code.ROP_READ


class WriteProtectedError(TargetError):
    """The user boot code area (UBC) protects the block.

    Attributes:
        address: The address of the block; None if it is not known.
        ubc: The value of the option byte UBC.
    """

    code = Code.UBC
    address: Optional[int]
    ubc: int

    def __init__(self, message: str, *, ubc: int, address: Optional[int] = None, hint: Optional[Advice] = None) -> None:
        super().__init__(message, hint=hint, ubc=ubc, address=address)


class ProgramError(TargetError):
    """The flash controller did not finish or did not accept an operation.

    Attributes:
        address: The first byte of the block to program or erase; or None.
        iapsr: The status register of the flash, as it was last read; or None.
        count: The number of wrong bytes; or None.
    """

    code = Code.WRITE_UNFINISHED
    address: Optional[int]
    iapsr: Optional[int]
    count: Optional[int]

    def __init__(
        self,
        message: str,
        *,
        code: Optional[Code] = None,
        hint: Optional[Advice] = None,
        details: Sequence[Advice] = (),
        address: Optional[int] = None,
        iapsr: Optional[int] = None,
        count: Optional[int] = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, details=details, address=address, iapsr=iapsr, count=count)


class VerifyError(TargetError):
    """The chip's contents differ from the image.

    Attributes:
        address: The first address that differs.
        expected: The byte of the image there.
        actual: The byte of the chip there.
        differing: The number of bytes that differ in the piece.
        compared: The number of bytes in the piece.
    """

    code = Code.VERIFY
    address: int
    expected: int
    actual: int
    differing: int
    compared: int

    def __init__(
        self,
        message: str,
        *,
        address: int,
        expected: int,
        actual: int,
        differing: int = 1,
        compared: int = 1,
        hint: Optional[Advice] = None,
    ) -> None:
        super().__init__(
            message,
            hint=hint,
            address=address,
            expected=expected,
            actual=actual,
            differing=differing,
            compared=compared,
        )


class FamilyMismatchError(TargetError):
    """The chip's registers contradict the part that was named.

    Attributes:
        ram_size: The size of the RAM that the chip shows, if that is the contradiction; otherwise None.
    """

    code = Code.FAMILY
    ram_size: Optional[int]

    def __init__(self, message: str, *, hint: Optional[Advice] = None, ram_size: Optional[int] = None) -> None:
        super().__init__(message, hint=hint, ram_size=ram_size)
