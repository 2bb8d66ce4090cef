"""The command line of stm8gal, for `upload_protocol = serial`: it talks to the chip's boot ROM. Pure: no SCons.

Package `tool-stm8gal` ~1.5.0, https://github.com/gicking/stm8gal; boot ROM: ST's UM0560.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

UPLOADER = "stm8gal"

# The values of PlatformIO's own ststm8 2.1.0: the same wiring works here.
DEFAULTS = {
    "-p": "$UPLOAD_PORT",
    "-b": "$UPLOAD_SPEED",
    "-R": "1",  # the user resets the board
    "-u": "2",  # two wires; every byte comes back
    "-V": "2",  # read back
}
LONG_NAMES = {"-port": "-p", "-baudrate": "-b", "-reset": "-R", "-uart-mode": "-u", "-verify": "-V"}

HINT = (
    "hint: reset the board when stm8gal synchronizes. The boot ROM listens for a second after a reset, if the chip is "
    "blank or an option byte enables it. If the adapter's DTR drives NRST, set upload_flags = -R 2; if its RTS does, "
    "-R 6. If there is no answer, check that TX and RX are crossed, that GND is connected, and that no other program "
    "uses the port.\n"
)


def flags(speed: Optional[str], given: Iterable[str] = ()) -> list[str]:
    """Return stm8gal's options, except those that `upload_flags` has. The last one takes the file.

    `-v` is not among them: old versions of stm8gal take it alone, newer ones need a number after it.

    Args:
        speed: `upload_speed`, or None for stm8gal's own.
        given: The words of `upload_flags`, which Core puts in front.
    """
    taken = {LONG_NAMES.get(word, word) for word in given}
    words = [word for name, value in DEFAULTS.items() if name not in taken for word in (name, value)]
    if not speed and "-b" in words:
        del words[words.index("-b") : words.index("-b") + 2]
    return [*words, "-B", "-w"]


def hint(given: Iterable[str] = ()) -> str:
    """Return the line that tells the user to reset the board, or an empty text if an option says how."""
    return "" if {"-R", "-reset"} & set(given) else HINT
