"""Flash STM8 microcontrollers over SWIM with an ST-LINK.

    import stm8tool

    image = stm8tool.load_image("firmware.hex")
    with stm8tool.open("stlink", part="stm8s103f3") as chip:
        chip.write(image)

The names in `__all__` are the library (docs/api.md). Everything else may change from version to version. Each part of
the library is loaded at its first use.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import Chip
    from .chip.facts import ChipInfo
    from .chip.link.capture import PowerCycle
    from .chip.link.quality import Quality
    from .chip.options.bytes import OptionState
    from .chip.options.plan import Change as OptionChange
    from .chip.options.plan import Danger
    from .chip.options.protection import Protection, Unlocked
    from .chip.programmer import Progress, Written
    from .chip.upload import Restored, Upload
    from .errors import (
        AccessError,
        Code,
        ConnectError,
        FamilyMismatchError,
        ImageError,
        LinkFault,
        ProbeAmbiguousError,
        ProbeError,
        ProbeLostError,
        ProbeNotFoundError,
        ProgramError,
        ReadoutProtectedError,
        SerialError,
        SwimError,
        TargetError,
        ToolError,
        TransportError,
        UnknownPartError,
        UsageError,
        VerifyError,
        WriteProtectedError,
    )
    from .image import Image, Segment
    from .image.serial_number import SerialNumber
    from .library import list_probes, load_image, open, save_image
    from .parts.table import OptionByte, Part, Region, all_parts, find_part
    from .probe.base import ProbeInfo
    from .probe.listing import ListedProbe
    from .uart.settings import SerialSettings

__version__ = "3.0.0"

__all__ = [
    "AccessError",
    "Chip",
    "ChipInfo",
    "Code",
    "ConnectError",
    "Danger",
    "FamilyMismatchError",
    "Image",
    "ImageError",
    "LinkFault",
    "ListedProbe",
    "OptionByte",
    "OptionChange",
    "OptionState",
    "Part",
    "PowerCycle",
    "ProbeAmbiguousError",
    "ProbeError",
    "ProbeInfo",
    "ProbeLostError",
    "ProbeNotFoundError",
    "ProgramError",
    "Progress",
    "Protection",
    "Quality",
    "ReadoutProtectedError",
    "Region",
    "Restored",
    "Segment",
    "SerialError",
    "SerialNumber",
    "SerialSettings",
    "SwimError",
    "TargetError",
    "ToolError",
    "TransportError",
    "UnknownPartError",
    "Unlocked",
    "Upload",
    "UsageError",
    "VerifyError",
    "WriteProtectedError",
    "Written",
    "all_parts",
    "find_part",
    "list_probes",
    "load_image",
    "open",
    "save_image",
]

# The module of each name, except those of errors.py. OptionChange has another name there.
_HOMES = {
    "api": "Chip",
    "chip.facts": "ChipInfo",
    "chip.link.capture": "PowerCycle",
    "chip.link.quality": "Quality",
    "chip.options.bytes": "OptionState",
    "chip.options.plan": "Danger OptionChange",
    "chip.options.protection": "Protection Unlocked",
    "chip.programmer": "Progress Written",
    "chip.upload": "Restored Upload",
    "image": "Image Segment",
    "image.serial_number": "SerialNumber",
    "library": "list_probes load_image open save_image",
    "parts.table": "OptionByte Part Region all_parts find_part",
    "probe.base": "ProbeInfo",
    "probe.listing": "ListedProbe",
    "uart.settings": "SerialSettings",
}

if not TYPE_CHECKING:  # a type checker would then accept any name

    def __getattr__(name: str) -> object:
        """Return a name of the library from its module (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = next((home for home, names in _HOMES.items() if name in names.split()), "errors")
        return getattr(import_module(f"{__name__}.{home}"), "Change" if name == "OptionChange" else name)

    def __dir__() -> "list[str]":  # in quotes: Python 3.6 to 3.8 run this file, too, see oldest.py
        return sorted({*globals(), *__all__})
