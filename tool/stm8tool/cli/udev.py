"""The command `udev`: the rule that lets users of Linux open the probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import NoArguments, PartUse, command

if TYPE_CHECKING:
    from .console import Console
    from .request import Request
    from .results.probes import UdevResult


def udev(_request: Request[NoArguments], _console: Console) -> UdevResult:
    from ..transport.usb_access import udev_rules
    from ..words import spoken
    from .results.probes import UdevResult

    return UdevResult(udev_rules(f"{spoken()['tool']}"))


COMMANDS = (
    command(
        "udev",
        "print the udev rule that lets every user of a Linux machine open the probes",
        udev,
        NoArguments,
        part=PartUse.NONE,
        writes=False,
    ),
)
