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
     +- SerialError                  exit 4   the loader in the boot ROM does not answer at its UART as it should
     +- TargetError                  exit 1   the chip answers, but refuses
         +- ReadoutProtectedError    exit 5   ROP is on
         +- WriteProtectedError      exit 5   UBC covers the block
         +- VerifyError              exit 6   the chip does not hold the bytes that were written
         +- ProgramError             exit 1   a write did not finish
         +- FamilyMismatchError      exit 2   another family than the part that was named

The exit codes are those of each type's usual code. An error with another code has the exit code of that one.
`error_value.py` says what every error has: `code`, `hint`, `details` and its numbers as fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Optional

from .codes import Code as Code
from .error_value import ToolError as ToolError
from .words import Advice


class LinkFault(Enum):
    """How the SWIM link failed. It is the same for every kind of probe. The value fits after "the fault is"."""

    SILENT = "silent"  # the chip does not answer
    REFUSED = "refused"  # the chip answers, but refuses the access
    STUCK = "stuck"  # the SWIM line does not move
    BUSY = "busy"  # the probe never finishes a command
    DAMAGED = "damaged"  # the chip answers, but its bytes are wrong


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


class SerialError(ToolError):
    """The loader in the chip's boot ROM does not answer at its UART as it should."""

    code = Code.UART_LINK


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
