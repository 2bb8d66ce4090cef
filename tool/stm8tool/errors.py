"""Every error a user can meet, by whose fault it is.

    ToolError                        exit 1   anything else that failed
     +- UsageError                   exit 2   the command line or platformio.ini
     |   +- UnknownPartError                  no such part; near names in the hint
     +- ImageError                   exit 2   the file: malformed, too big, outside the memories
     +- TransportError               exit 3   the probe: absent, hung, unplugged
     |   +- ProbeNotFoundError                nothing (or nothing that fits) is attached
     |   +- ProbeAmbiguousError               several fit and none was chosen
     |   +- ProbeLostError                    it was there and is gone
     |   +- TransportTimeoutError             a transfer did not end within its limit
     |   +- TransferSizeError                 a reply had another length than asked for
     |   +- EndpointStallError                the probe refused a transfer
     +- AccessError                  exit 7   driver, permission, busy, USB library, dependencies
     +- ProbeError                   exit 3   the probe answers but cannot do this
     +- SwimError                    exit 4   the probe works, the chip does not answer it
     |   +- ConnectError                      every recipe to connect failed; `attempts` says how
     +- TargetError                  exit 1   the chip answers and refuses
         +- ReadoutProtectedError    exit 5   ROP is on
         +- WriteProtectedError      exit 5   UBC covers the block
         +- VerifyError              exit 6   read back something else than was written
         +- ProgramError             exit 1   a write did not finish
         +- FamilyMismatchError      exit 2   another family than the part that was named

`exit_code` is what the command returns, `hint` what to do next, `details` the evidence, a line each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional


class ToolError(Exception):
    """Base of all expected failures; the message is one line."""

    exit_code = 1

    def __init__(self, message: str, *, hint: Optional[str] = None, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = tuple(details)


class UsageError(ToolError):
    """The command line or the project's options are wrong."""

    exit_code = 2


class UnknownPartError(UsageError):
    """The part name is not in the device table."""


class ImageError(ToolError):
    """The file cannot be used: missing, malformed, overlapping, or outside the part's memories."""

    exit_code = 2


class TransportError(ToolError):
    """The probe cannot be reached."""

    exit_code = 3


class ProbeNotFoundError(TransportError):
    """No attached probe fits the choice."""


class ProbeAmbiguousError(TransportError):
    """Several attached probes fit the choice."""


class ProbeLostError(TransportError):
    """The probe disappeared while it was in use."""


class TransportTimeoutError(TransportError):
    """A transfer did not end within its time limit."""


class EndpointStallError(TransportError):
    """The probe answered a transfer with STALL."""


class TransferSizeError(TransportError):
    """A reply came with another length than asked for.

    Attributes:
        expected: Length asked for, in bytes.
        data: What came instead.
    """

    def __init__(self, expected: int, data: bytes) -> None:
        super().__init__(f"the probe sent {len(data)} bytes where {expected} were expected")
        self.expected = expected
        self.data = data


class AccessError(ToolError):
    """The operating system, a driver or a missing library stands between us and the probe."""

    exit_code = 7


class ProbeError(ToolError):
    """The probe answers, but cannot do what is needed."""

    exit_code = 3


class SwimError(ToolError):
    """The chip did not answer the probe as it should.

    Attributes:
        status: Byte 0 of READSTATUS, or None where the failure is not a status.
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        status: Optional[int] = None,
        hint: Optional[str] = None,
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.status = status


class ConnectError(SwimError):
    """No recipe of the connect ladder reached the chip; `details` lists what was tried."""


# What connecting again may mend; ConnectError itself excepted.
LINK_ERRORS = (SwimError, EndpointStallError, TransferSizeError, TransportTimeoutError)


class TargetError(ToolError):
    """The chip answers and refuses, or holds something else than it should."""


class ReadoutProtectedError(TargetError):
    """Read-out protection (ROP) is on."""

    exit_code = 5


class WriteProtectedError(TargetError):
    """The user boot code area (UBC) protects the block."""

    exit_code = 5


class ProgramError(TargetError):
    """The flash controller did not finish or did not accept an operation."""


class VerifyError(TargetError):
    """The chip holds another value than the image.

    Attributes:
        address: First differing address.
        expected: Byte of the image there.
        actual: Byte of the chip there.
    """

    exit_code = 6

    def __init__(self, message: str, *, address: int, expected: int, actual: int, hint: Optional[str] = None) -> None:
        super().__init__(message, hint=hint)
        self.address = address
        self.expected = expected
        self.actual = actual


class FamilyMismatchError(TargetError):
    """The chip's registers contradict the part that was named."""

    exit_code = 2
