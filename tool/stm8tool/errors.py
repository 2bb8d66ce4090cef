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
     |   +- ExchangeError                     one exchange with the probe failed
     |       +- TransferSizeError             a reply had another length than asked for
     |       +- EndpointStallError            the probe refused a transfer
     +- AccessError                  exit 7   driver, permission, busy, USB library, dependencies
     +- ProbeError                   exit 3   the probe answers but cannot do this
     +- SwimError                    exit 4   the probe works, the chip does not answer it
     |   +- ConnectError                      every recipe to connect failed; `details` says how
     +- TargetError                  exit 1   the chip answers and refuses
         +- ReadoutProtectedError    exit 5   ROP is on
         +- WriteProtectedError      exit 5   UBC covers the block
         +- VerifyError              exit 6   read back something else than was written
         +- ProgramError             exit 1   a write did not finish
         +- FamilyMismatchError      exit 2   another family than the part that was named

`exit_code` is what the command returns, `details` the evidence, a line each. `hint` is what to do next: every error
has one, its own or that of its code. `code` is the situation (docs/errors.md): it stays the same from version to
version, whatever the words. A type has the code of what it mostly means; where more is known, the error brings its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Optional


class Code(Enum):
    """The situations that have a name; some of them are only warned of."""

    # The command line and the file
    USAGE = "E-USAGE"
    PART_UNKNOWN = "E-PART-UNKNOWN"
    FILE = "E-FILE"
    IMAGE_TOO_BIG = "E-IMAGE-TOO-BIG"
    OUTSIDE_MAP = "E-OUTSIDE-MAP"
    DANGEROUS_WRITE = "E-DANGEROUS-WRITE"
    # Between us and the probe
    NO_PROBE = "E-NO-PROBE"
    SEVERAL_PROBES = "E-SEVERAL-PROBES"
    USB_LIBRARY = "E-USB-LIBRARY"
    PACKAGES = "E-PACKAGES"
    DRIVER_MISSING = "E-DRIVER-MISSING"
    DRIVER_WRONG = "E-DRIVER-WRONG"
    PERMISSION = "E-PERMISSION"
    BUSY = "E-BUSY"
    # The probe
    PROBE_LOST = "E-PROBE-LOST"
    PROBE_HUNG = "E-PROBE-HUNG"
    PROBE_REFUSES = "E-PROBE-REFUSES"
    PROBE_LIMIT = "E-PROBE-LIMIT"
    PROBE_LOADER = "E-PROBE-LOADER"
    PROBE_NO_SWIM = "E-PROBE-NO-SWIM"
    # The wires and the board
    TARGET_SILENT = "E-TARGET-SILENT"
    TARGET_UNPOWERED = "E-TARGET-UNPOWERED"
    SUPPLY_LOW = "E-SUPPLY-LOW"
    SWIM_STUCK = "E-SWIM-STUCK"
    RESET_LOW = "E-RESET-LOW"
    SWIM_DISABLED = "E-SWIM-DISABLED"
    LINK_LOST = "E-LINK-LOST"
    WEAK_LINK = "E-WEAK-LINK"
    NO_HIGH_SPEED = "E-NO-HIGH-SPEED"
    # The chip
    FAMILY = "E-FAMILY"
    ROP_READ = "E-ROP-READ"
    ROP_UPLOAD = "E-ROP-UPLOAD"
    UNLOCK_FAILED = "E-UNLOCK-FAILED"
    NOT_ERASED = "E-NOT-ERASED"
    OPTIONS_CORRUPT = "E-OPTIONS-CORRUPT"
    UBC = "E-UBC"
    KEYS = "E-KEYS"
    WRITE_UNFINISHED = "E-WRITE-UNFINISHED"
    VERIFY = "E-VERIFY"
    NO_PROGRAM = "E-NO-PROGRAM"
    # A program that runs in the simulator
    RUN_STOPPED = "E-RUN-STOPPED"
    RUN_TIME = "E-RUN-TIME"

    def __str__(self) -> str:
        """Return the code as it is printed behind a message: "[E-UBC]"."""
        return f"[{self.value}]"


class LinkFault(Enum):
    """How the SWIM link failed, whatever probe reports it. The value reads well after "the fault is"."""

    SILENT = "silent"  # the chip does not answer
    REFUSED = "refused"  # the chip answers, and refuses the access
    STUCK = "stuck"  # the SWIM line does not move
    BUSY = "busy"  # the probe never gets done with a command
    DAMAGED = "damaged"  # the chip answers, and the bytes are not what they must be


# What to do where whoever raises an error knows no more than its code.
HINTS = {
    Code.PROBE_REFUSES: "unplug the probe, plug it in again, without a hub; then try another cable, port or probe",
    Code.PROBE_HUNG: "unplug the probe, plug it in again and retry; if it stays so, try another port, without a hub",
    Code.PROBE_LOST: "plug the probe in again and repeat the command: until then the chip's program may be stopped",
    Code.LINK_LOST: "check SWIM, GND and the supply; keep the wires under 10 cm",
    Code.WRITE_UNFINISHED: "power the board off and on, then retry; if it stays so, check the supply",
}


class ToolError(Exception):
    """Base of all expected failures; the message is one line."""

    exit_code = 1
    code: Code

    def __init__(
        self, message: str, *, code: Optional[Code] = None, hint: Optional[str] = None, details: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.hint = HINTS.get(self.code) if hint is None else hint
        self.details = tuple(details)


class UsageError(ToolError):
    """The command line or the project's options are wrong."""

    exit_code = 2
    code = Code.USAGE


class UnknownPartError(UsageError):
    """The part name is not in the device table."""

    code = Code.PART_UNKNOWN


class ImageError(ToolError):
    """The file cannot be used: missing, malformed, overlapping, or outside the part's memories."""

    exit_code = 2
    code = Code.FILE


class TransportError(ToolError):
    """The probe cannot be reached."""

    exit_code = 3
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
    """One exchange with the probe failed, and the probe still answers: connecting again may mend it."""

    code = Code.PROBE_REFUSES


class EndpointStallError(ExchangeError):
    """The probe answered a USB transfer with STALL."""


class TransferSizeError(ExchangeError):
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

    def __init__(self, message: str, *, code: Code, hint: Optional[str] = None, details: Sequence[str] = ()) -> None:
        super().__init__(message, code=code, hint=hint, details=details)


class ProbeError(ToolError):
    """The probe answers, but cannot do what is needed."""

    exit_code = 3
    code = Code.PROBE_REFUSES


class SwimError(ToolError):
    """The chip did not answer the probe as it should.

    Attributes:
        fault: How the link failed; None if the probe does not tell.
    """

    exit_code = 4
    code = Code.LINK_LOST

    def __init__(
        self,
        message: str,
        *,
        fault: Optional[LinkFault] = None,
        code: Optional[Code] = None,
        hint: Optional[str] = None,
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(message, code=code, hint=hint, details=details)
        self.fault = fault


class ConnectError(SwimError):
    """No recipe of the connect ladder reached the chip; `details` lists what was tried."""

    code = Code.TARGET_SILENT


# What connecting again may mend; ConnectError itself excepted.
LINK_ERRORS = (SwimError, ExchangeError, TransportTimeoutError)


class TargetError(ToolError):
    """The chip answers and refuses, or holds something else than it should."""

    code = Code.WRITE_UNFINISHED


class ReadoutProtectedError(TargetError):
    """Read-out protection (ROP) is on."""

    exit_code = 5
    code = Code.ROP_READ


class WriteProtectedError(TargetError):
    """The user boot code area (UBC) protects the block."""

    exit_code = 5
    code = Code.UBC


class ProgramError(TargetError):
    """The flash controller did not finish or did not accept an operation."""

    code = Code.WRITE_UNFINISHED


class VerifyError(TargetError):
    """The chip holds another value than the image.

    Attributes:
        address: First differing address.
        expected: Byte of the image there.
        actual: Byte of the chip there.
    """

    exit_code = 6
    code = Code.VERIFY

    def __init__(self, message: str, *, address: int, expected: int, actual: int, hint: Optional[str] = None) -> None:
        super().__init__(message, hint=hint)
        self.address = address
        self.expected = expected
        self.actual = actual


class FamilyMismatchError(TargetError):
    """The chip's registers contradict the part that was named."""

    exit_code = 2
    code = Code.FAMILY
