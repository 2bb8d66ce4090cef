"""The command line of stm8gal, which serves `upload_protocol = serial`, the chip's UART boot ROM. Pure: no SCons.

Package `tool-stm8gal` ~1.5.0, https://github.com/gicking/stm8gal; boot ROM: ST's UM0560.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

UPLOADER = "stm8gal"

# The values of PlatformIO's own ststm8 2.1.0, so that wiring that works there works here.
DEFAULTS = {
    "-p": "$UPLOAD_PORT",
    "-b": "$UPLOAD_SPEED",
    "-R": "1",  # the user resets the board
    "-u": "2",  # two wires, every byte is echoed
    "-V": "2",  # read back
}
LONG_NAMES = {"-port": "-p", "-baudrate": "-b", "-reset": "-R", "-uart-mode": "-u", "-verify": "-V"}

HINT = (
    "hint: reset the board when stm8gal synchronizes: the boot ROM listens for a second after a reset, on a chip that "
    "is blank or whose option byte enables it. An adapter whose DTR drives NRST does it by itself with "
    "upload_flags = -R 2, by RTS with -R 6. No answer: TX and RX crossed, GND connected, no other program on the "
    "port.\n"
)


def flags(speed: Optional[str], given: Iterable[str] = ()) -> list[str]:
    """Return stm8gal's options, the last of which takes the file. Those that `upload_flags` holds are left out.

    Not `-v`: stm8gal took it alone once and wants a number after it in newer versions.

    Args:
        speed: `upload_speed`, if there is one; else stm8gal's own.
        given: The words of `upload_flags`, which Core puts in front.
    """
    taken = {LONG_NAMES.get(word, word) for word in given}
    words = [word for name, value in DEFAULTS.items() if name not in taken for word in (name, value)]
    if not speed and "-b" in words:
        del words[words.index("-b") : words.index("-b") + 2]
    return [*words, "-B", "-w"]


def hint(given: Iterable[str] = ()) -> str:
    """Return the line that says what the user has to do, or an empty text where an option has the adapter do it."""
    return "" if {"-R", "-reset"} & set(given) else HINT
