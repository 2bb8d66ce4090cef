"""The named situations. Each is one row: exit code, meaning, and usually a hint.

docs/errors.md has a section for each, and docs/error_index.py makes its index from these rows. The doctor prints the
meaning. A new row needs a section there, with commands that show the situation.
"""

from __future__ import annotations

from enum import Enum
from typing import Optional

from .words import Advice, Hint


class Code(Enum):
    """The named situations, one row each.

    Attributes:
        value: The text that the tool prints and that users search for. It never changes.
        exit_code: The exit code of a command that ends with an error of this code; 0 if there is only a warning.
        meaning: A sentence for the doctor and for the index of docs/errors.md.
        hint: The hint for errors without a hint of their own.
    """

    _value_: str
    exit_code: int
    meaning: str
    hint: Optional[Advice]

    # The command line and the file
    USAGE = "E-USAGE", 2, "the command line or an option in platformio.ini is wrong"
    PART_UNKNOWN = (
        "E-PART-UNKNOWN",
        2,
        "the flasher has no data about this chip, so it can neither check nor program it",
    )
    FILE = "E-FILE", 2, "the file cannot be read as an image, or the output cannot be written"
    IMAGE_TOO_BIG = "E-IMAGE-TOO-BIG", 2, "the program is larger than the memory that it starts in"
    OUTSIDE_MAP = "E-OUTSIDE-MAP", 2, "the file has data where this part has no memory that can be programmed"
    DANGEROUS_WRITE = "E-DANGEROUS-WRITE", 2, "this write can lock or ruin the chip; nothing was written"
    # Production
    JOB = "E-JOB", 2, "the job file of `produce` is wrong, so the tool touched no chip"
    CHIPS_FAILED = "E-CHIPS-FAILED", 1, "the production run has ended, and not every chip passed"
    # The way to the probe
    NO_PROBE = (
        "E-NO-PROBE",
        3,
        "the system sees no probe, or not the one that you asked for; drivers and wires do not matter yet",
    )
    SEVERAL_PROBES = (
        "E-SEVERAL-PROBES",
        3,
        "more than one probe fits, and the tool does not guess which one you mean",
    )
    USB_LIBRARY = (
        "E-USB-LIBRARY",
        7,
        "without libusb the tool cannot use USB; it did not look at the probe",
    )
    PACKAGES = (
        "E-PACKAGES",
        7,
        "the Python packages that the flasher needs are missing or damaged; it did not look at the probe",
    )
    DRIVER_MISSING = "E-DRIVER-MISSING", 7, "the system sees the probe, but has no driver that lets programs use it"
    DRIVER_WRONG = "E-DRIVER-WRONG", 7, "the system sees the probe, but its driver does not work"
    PERMISSION = "E-PERMISSION", 7, "the system sees the probe, but does not let this process open it"
    BUSY = "E-BUSY", 7, "the system sees the probe, but something else uses it"
    REMOTE = "E-REMOTE", 2, "the probe is on another machine, and you did not allow the tool to reach that"
    NO_SERVER = (
        "E-NO-SERVER",
        3,
        "no USB/IP server answers at this address, or what answers does not speak USB/IP; no probe was reached",
    )
    # The probe
    PROBE_LOST = (
        "E-PROBE-LOST",
        3,
        "the probe was attached and then disappeared",
        Hint("plug the probe in again and repeat the {command}: until then the chip's program may be stopped"),
    )
    PROBE_HUNG = (
        "E-PROBE-HUNG",
        3,
        "the probe is attached, but does not do what the tool asks; the chip and its wires are hardly the cause",
        "unplug the probe, plug it in again and retry; if that does not help, try another port, without a hub",
    )
    PROBE_REFUSES = (
        "E-PROBE-REFUSES",
        3,
        "the probe does not answer as it should; the chip is not the cause",
        "unplug the probe, plug it in again, without a hub; then try another cable, port or probe",
    )
    PROBE_LIMIT = "E-PROBE-LIMIT", 3, "this probe cannot do what the chip needs; another one can"
    PROBE_LOADER = "E-PROBE-LOADER", 3, "the probe waits for new firmware and cannot do anything else"
    PROBE_NO_SWIM = "E-PROBE-NO-SWIM", 3, "this probe's firmware is for STM32 only; the tool did not look at the chip"
    # The wires and the board
    TARGET_SILENT = (
        "E-TARGET-SILENT",
        4,
        "the probe works, but nothing answers on its SWIM wire: check wiring, power and the program in the chip",
    )
    TARGET_UNPOWERED = "E-TARGET-UNPOWERED", 4, "the probe works, but sees no supply on the board"
    SUPPLY_LOW = "E-SUPPLY-LOW", 4, "the probe works, but sees a supply that is too low for the chip"
    SWIM_STUCK = "E-SWIM-STUCK", 4, "the probe works, but something holds its SWIM wire"
    RESET_LOW = "E-RESET-LOW", 4, "the probe works, but something holds the chip in reset"
    SWIM_DISABLED = (
        "E-SWIM-DISABLED",
        4,
        "the program in the chip probably turns SWIM off before the tool can reach it",
    )
    LINK_LOST = (
        "E-LINK-LOST",
        4,
        "the chip answered at first, then not as it should: check the wires, the supply, and any second supply",
        "check SWIM, GND and the supply; keep the wires under 10 cm",
    )
    WEAK_LINK = "E-WEAK-LINK", 0, "the job is done, but something had to be repeated: the link is not perfect"
    NO_HIGH_SPEED = "E-NO-HIGH-SPEED", 0, "the chip never allowed high speed; the job was done at low speed"
    # The UART
    NO_LOADER = "E-NO-LOADER", 2, "this part cannot be programmed at its UART; an ST-LINK can program it"
    LOADER_SILENT = (
        "E-LOADER-SILENT",
        4,
        "the serial port works, but no loader answers: check reset, wiring, OPTBL and read protection",
    )
    UART_LINK = "E-UART-LINK", 4, "a loader answers, but its bytes or those of the tool are damaged on the way"
    # The chip
    FAMILY = "E-FAMILY", 2, "the chip on the wire is not the part that you named"
    ROP_READ = (
        "E-ROP-READ",
        5,
        "nothing is broken: the chip's contents cannot be read, and a write erases the whole chip first",
    )
    ROP_UPLOAD = "E-ROP-UPLOAD", 5, "the chip is read-protected, and the upload is not allowed to unlock it"
    UNLOCK_FAILED = (
        "E-UNLOCK-FAILED",
        1,
        "the tool did the unlock as the manuals say, but the chip does not show the result",
    )
    NOT_ERASED = "E-NOT-ERASED", 1, "the read protection is off, but some bytes of the chip were not erased"
    OPTIONS_CORRUPT = (
        "E-OPTIONS-CORRUPT",
        1,
        "the chip uses its defaults in place of these bytes; this is harmless if the part is right",
    )
    UBC = "E-UBC", 5, "the user boot code area protects a block of the image; nothing was written"
    KEYS = "E-KEYS", 1, "the flash does not open, although the tool sent the right keys"
    WRITE_UNFINISHED = (
        "E-WRITE-UNFINISHED",
        1,
        "the tool sent a block, but the chip did not report that it was programmed",
        "power the board off and on, then retry; if that does not help, check the supply",
    )
    VERIFY = "E-VERIFY", 6, "the chip does not hold the same data as the file"
    NO_PROGRAM = "E-NO-PROGRAM", 0, "the command did its work, but the chip has no program that a reset starts"
    # A program that runs
    NO_CONSOLE = "E-NO-CONSOLE", 1, "the chip answers, but no program with a console runs in it"
    RING_FULL = "E-RING-FULL", 0, "the program wrote faster than the computer read its console, so it dropped bytes"
    OTHER_BUILD = "E-OTHER-BUILD", 1, "the chip runs another program than the ELF that you gave"
    SELF_TEST = (
        "E-SELF-TEST",
        1,
        "the chip holds the right program, but the program did not print the line that its job waits for",
    )
    DEBUG = "E-DEBUG", 1, "a debugger cannot do this with the chip, or not while its program runs"
    NOT_RUNNING = "E-NOT-RUNNING", 1, "the chip answers, but its program does not run or its memory cannot be read"
    # The data for debuggers in an ELF
    NO_DWARF = "E-NO-DWARF", 2, "the ELF has no data for debuggers, so the tool knows no variables, types and lines"
    NO_VARIABLE = "E-NO-VARIABLE", 2, "the program has no such variable, or the variable has no such piece"
    NOT_RAM = "E-NOT-RAM", 2, "this value is not in RAM, so it cannot be set while the program runs"
    # A program that runs in the simulator
    RUN_STOPPED = "E-RUN-STOPPED", 1, "the CPU of the simulated board cannot continue, or nothing can run there"
    RUN_TIME = "E-RUN-TIME", 1, "the program in the simulator did not reach the condition that the command waits for"

    def __new__(cls, value: str, exit_code: int, meaning: str, hint: Optional[Advice] = None) -> Code:
        """Make a row; `Code("E-UBC")` finds it by its value alone."""
        row = object.__new__(cls)
        row._value_ = value
        row.exit_code, row.meaning, row.hint = exit_code, meaning, hint
        return row

    def __str__(self) -> str:
        """Return the code as it is printed after a message: "[E-UBC]"."""
        return f"[{self.value}]"
