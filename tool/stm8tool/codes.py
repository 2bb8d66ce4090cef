"""The situations that have a name, one row each: exit code, meaning, and what to do.

docs/errors.md has a section for each, and its index is made from these rows (docs/error_index.py). The doctor says the
meaning. A new row needs its section there, with commands that show it.
"""

from __future__ import annotations

from enum import Enum
from typing import Optional

from .words import Advice, Hint


class Code(Enum):
    """The situations that have a name: one row each.

    Attributes:
        value: What is printed and searched for. It never changes.
        exit_code: How a command ends that meets the situation; 0 if it is only warned of.
        meaning: A sentence for the doctor and for the index of docs/errors.md.
        hint: What to do if the error brings no hint of its own.
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
        "the flasher has no figures of this chip, so it can neither judge nor program it",
    )
    FILE = "E-FILE", 2, "the file cannot be read as an image, or the output cannot be written"
    IMAGE_TOO_BIG = "E-IMAGE-TOO-BIG", 2, "the program is larger than the memory that it starts in"
    OUTSIDE_MAP = "E-OUTSIDE-MAP", 2, "the file has data where this part has no memory that can be programmed"
    DANGEROUS_WRITE = "E-DANGEROUS-WRITE", 2, "this write can lock or ruin the chip; nothing was written"
    # Between us and the probe
    NO_PROBE = (
        "E-NO-PROBE",
        3,
        "the system sees no ST-LINK, or not the one that was asked for; no driver or wire can matter yet",
    )
    SEVERAL_PROBES = (
        "E-SEVERAL-PROBES",
        3,
        "more than one probe fits, and the wrong one must not be taken by chance",
    )
    USB_LIBRARY = (
        "E-USB-LIBRARY",
        7,
        "without libusb no program here can speak to USB; the probe itself was not looked at",
    )
    PACKAGES = (
        "E-PACKAGES",
        7,
        "the Python packages that the flasher needs are missing or damaged; the probe was not looked at",
    )
    DRIVER_MISSING = "E-DRIVER-MISSING", 7, "the system sees the probe, and no driver lets programs use it"
    DRIVER_WRONG = "E-DRIVER-WRONG", 7, "the system sees the probe, and its driver does not work"
    PERMISSION = "E-PERMISSION", 7, "the system sees the probe, and does not let this process open it"
    BUSY = "E-BUSY", 7, "the system sees the probe, and something else uses it"
    # The probe
    PROBE_LOST = (
        "E-PROBE-LOST",
        3,
        "the probe was there and went away",
        Hint("plug the probe in again and repeat the {command}: until then the chip's program may be stopped"),
    )
    PROBE_HUNG = (
        "E-PROBE-HUNG",
        3,
        "the probe is there and does not do what it is told; the chip or its wires are hardly the cause",
        "unplug the probe, plug it in again and retry; if it stays so, try another port, without a hub",
    )
    PROBE_REFUSES = (
        "E-PROBE-REFUSES",
        3,
        "the probe answers otherwise than an ST-LINK should; the chip is not the cause",
        "unplug the probe, plug it in again, without a hub; then try another cable, port or probe",
    )
    PROBE_LIMIT = "E-PROBE-LIMIT", 3, "this probe cannot do what the chip needs; another one can"
    PROBE_LOADER = "E-PROBE-LOADER", 3, "the probe waits for new firmware and cannot do anything else"
    PROBE_NO_SWIM = "E-PROBE-NO-SWIM", 3, "this probe's firmware is for STM32 only; the chip was not looked at"
    # The wires and the board
    TARGET_SILENT = (
        "E-TARGET-SILENT",
        4,
        "the probe works, and nothing on its SWIM wire answers: wiring, power, or a program in the way",
    )
    TARGET_UNPOWERED = "E-TARGET-UNPOWERED", 4, "the probe works, and sees no supply on the board"
    SUPPLY_LOW = "E-SUPPLY-LOW", 4, "the probe works, and sees a supply that is too low for the chip"
    SWIM_STUCK = "E-SWIM-STUCK", 4, "the probe works, and something holds its SWIM wire"
    RESET_LOW = "E-RESET-LOW", 4, "the probe works, and something holds the chip in reset"
    SWIM_DISABLED = (
        "E-SWIM-DISABLED",
        4,
        "most likely the program in the chip turns SWIM off before it can be reached",
    )
    LINK_LOST = (
        "E-LINK-LOST",
        4,
        "the chip answered once and then not as it should: wires, supply, or another supply that is on",
        "check SWIM, GND and the supply; keep the wires under 10 cm",
    )
    WEAK_LINK = "E-WEAK-LINK", 0, "the job is done, and something had to be repeated: the link is not perfect"
    NO_HIGH_SPEED = "E-NO-HIGH-SPEED", 0, "the chip never allowed high speed; the job was done at low speed"
    # The chip
    FAMILY = "E-FAMILY", 2, "the chip on the wire is not the part that was named"
    ROP_READ = (
        "E-ROP-READ",
        5,
        "nothing is broken: what the chip holds cannot be read, and writing to it erases it first",
    )
    ROP_UPLOAD = "E-ROP-UPLOAD", 5, "the chip is read-protected, and the upload may not unlock it"
    UNLOCK_FAILED = "E-UNLOCK-FAILED", 1, "the unlock is done as the manuals say, and the chip does not show it"
    NOT_ERASED = "E-NOT-ERASED", 1, "the read protection is off, and some bytes of the chip were not erased"
    OPTIONS_CORRUPT = (
        "E-OPTIONS-CORRUPT",
        0,
        "the chip works with its defaults in place of these bytes; harmless if the part is right",
    )
    UBC = "E-UBC", 5, "the user boot code area protects a block of the image; nothing was written"
    KEYS = "E-KEYS", 1, "the flash does not open to the right keys"
    WRITE_UNFINISHED = (
        "E-WRITE-UNFINISHED",
        1,
        "a block was sent, and the chip did not say that it was programmed",
        "power the board off and on, then retry; if it stays so, check the supply",
    )
    VERIFY = "E-VERIFY", 6, "the chip holds something else than the file"
    NO_PROGRAM = "E-NO-PROGRAM", 0, "the command did its work, and the chip has no program that a reset starts"
    # A program that runs in the simulator
    RUN_STOPPED = "E-RUN-STOPPED", 1, "the CPU of the simulated board cannot go on, or nothing can run there"
    RUN_TIME = "E-RUN-TIME", 1, "the program in the simulator did not come to what the command waits for"

    def __new__(cls, value: str, exit_code: int, meaning: str, hint: Optional[Advice] = None) -> Code:
        """Make a row; `Code("E-UBC")` finds it by its value alone."""
        row = object.__new__(cls)
        row._value_ = value
        row.exit_code, row.meaning, row.hint = exit_code, meaning, hint
        return row

    def __str__(self) -> str:
        """Return the code as it is printed behind a message: "[E-UBC]"."""
        return f"[{self.value}]"
