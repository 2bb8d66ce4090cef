"""The functions that `import stm8tool` offers to programs. The jobs of a chip are methods of `api.Chip`.

The library prints nothing. Warnings (`E-WEAK-LINK` and others) go to the logger "stm8tool" of `logging`. They are lost
unless the program sets up logging. Failures are exceptions, see `errors.py`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Optional, Union

from . import image as _image
from .api import Chip
from .chip.programmer import Progress, silent
from .errors import UsageError
from .parts.table import Part, find_part
from .selector import attached, is_serial, open_link, serial_line
from .session import Session

if TYPE_CHECKING:
    from .chip.link.capture import PowerCycle
    from .image import Image
    from .image.loading import PathLike
    from .probe.listing import ListedProbe
    from .uart.settings import SerialSettings

logging.getLogger("stm8tool").addHandler(logging.NullHandler())  # otherwise Python prints warnings to stderr

ANY_PROBE = "stlink"


def open(  # has the name of the builtin, like `gzip.open`
    probe: str = ANY_PROBE,
    part: Union[str, Part, None] = None,
    *,
    progress: Progress = silent,
    power_cycle: Optional[PowerCycle] = None,
    loader: bool = True,
    serial: Optional[SerialSettings] = None,
) -> Chip:
    """Return the chip that is connected to a probe, for a `with` statement. Only that statement opens the probe.

    Args:
        probe: "stlink" (any), "stlinkv3" (preferably this generation), a serial number or its beginning,
            "usb:BUS-PORT", or a simulated probe, "sim:CHIPFILE". `ListedProbe.path` works, too. "serial:PORT" means
            the loader in the boot ROM of a chip at a serial port; see docs/serial.md.
        part: The chip: "stm8s103f3", an order code, or a `Part`. `info`, `connect`, `reset` and `candidates` do not
            need it.
        progress: Called with stage ("comparing", "writing", "verifying", "reading"), bytes done, bytes in all.
        power_cycle: Catch the chip while the user switches its power off and on.
        loader: Whether code in the chip's RAM may program and compare, which is faster; see docs/performance.md.
        serial: Speed, reset and mode of a serial port.

    Raises:
        UnknownPartError: There is no such part. Only the command line has "auto": here, leave `part` out and call
            `info` to see the kind of the chip.
        UsageError: `probe` or `part` is of another type.
    """
    if not isinstance(probe, str):
        raise UsageError(f"a probe is named by a string, not {type(probe).__name__}", hint="such as 'stlink'")
    known = _part(part)
    if is_serial(probe):
        from .uart.chip import UartChip
        from .uart.settings import SerialSettings as Settings

        return UartChip(lambda: serial_line(probe), known, serial or Settings(), progress, loader=loader)
    return Chip(lambda: Session(open_link(probe), known, power_cycle), known, progress, loader=loader)


def _part(part: Union[str, Part, None]) -> Optional[Part]:
    """Return the part that `part` names; UsageError if it has another type."""
    if part is None or isinstance(part, Part):
        return part
    if not isinstance(part, str):
        raise UsageError(f"a part is named by a string, not {type(part).__name__}", hint="such as 'stm8s103f3'")
    return find_part(part)


def list_probes(bus: str = ANY_PROBE) -> list[ListedProbe]:
    """Return the attached probes, even those that cannot be used: they say why.

    Args:
        bus: The machine: this one, or a simulated one, "sim:FOLDER".

    Raises:
        AccessError: No USB library can be loaded.
    """
    return attached(bus).probes


def load_image(*files: PathLike, base: Optional[int] = None, part: Union[str, Part, None] = None) -> Image:
    """Return the contents of files as one image. The content of a file shows its format.

    Args:
        files: Intel HEX, S-records, ELF, or raw binaries.
        base: Address of the first byte of a raw binary.
        part: Data of an ELF file in the RAM of this part are left out.

    Raises:
        ImageError: A file is missing or malformed, or two of them hold the same address.
        UnknownPartError: No such part.
        UsageError: `base` is below 0.
    """
    chip = _part(part)
    raw_hint = "say where it begins, such as base=0x8000 for the flash"
    return _image.load(files, base, ram_size=chip.ram.size if chip else 0, raw_hint=raw_hint)


def save_image(file: PathLike, image: Image) -> None:
    """Write an image to a file, completely or not at all. The suffix names the format.

    Raises:
        UsageError: The suffix names no format, or `image` has another type.
        ImageError: The file cannot be written, or a raw binary would have more than 16 MiB with its gaps.
    """
    _image.save(file, _image.require_image(image).segments)
