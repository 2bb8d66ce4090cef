"""The options of stm8gal, which programs through the boot ROM, in the words of our flasher. Pure: no SCons.

ststm8 2.1.0 runs stm8gal for `upload_protocol = serial`. Here the flasher does that work, and stm8gal's options in
`upload_flags` keep their meaning. A project whose own `upload_command` runs stm8gal still gets its options.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Optional

UPLOADER = "stm8gal"

# The values of PlatformIO's own ststm8 2.1.0, for a command of the project.
DEFAULTS = {
    "-p": "$UPLOAD_PORT",
    "-b": "$UPLOAD_SPEED",
    "-R": "1",  # the user resets the board
    "-u": "2",  # two wires; every byte comes back
    "-V": "2",  # read back
}
LONG_NAMES = {
    "-port": "-p",
    "-baudrate": "-b",
    "-reset": "-R",
    "-uart-mode": "-u",
    "-verify": "-V",
    "-verbose": "-v",
    "-background": "-B",
    "-exit-prompt": "-q",
    "-interface": "-i",
    "-jump-addr": "-j",
    "-write-file": "-w",
    "-write-byte": "-W",
    "-read": "-r",
    "-erase-sector": "-e",
    "-erase-full": "-E",
}
_VALUES = {
    "-R": {
        "0": ("--uart-reset", "none"),
        "1": ("--uart-reset", "manual"),
        "2": ("--uart-reset", "dtr"),
        "6": ("--uart-reset", "rts"),
    },
    "-u": {"0": ("--uart-mode", "duplex"), "1": ("--uart-mode", "one-wire"), "2": ("--uart-mode", "reply")},
    "-V": {"0": ("--verify", "no"), "1": ("--verify", "yes"), "2": ("--verify", "read")},
}
_NO_EFFECT = ("-B", "-q")  # of a program that asks
_INSTEAD = {
    "-w": "leave it out: the target names the file",
    "-W": "write option bytes by `stm8tool options set`, and other bytes as part of the program",
    "-r": "use `pio run -t dump`",
    "-e": "use `pio run -t erase`",
    "-E": "use `pio run -t erase`",
}
_FLASH_START = 0x8000


class Translated(NamedTuple):
    """Words of `upload_flags` for the flasher, and the reason why one of them has no such word, or None."""

    words: list[str]
    problem: Optional[str]


def translated(given: Iterable[str]) -> Translated:
    """Return the words of `upload_flags`, with stm8gal's options in the words of the flasher."""
    left, words = list(given), []
    while left:
        word = left.pop(0)
        name = LONG_NAMES.get(word, word)
        if name in _NO_EFFECT:
            continue
        if name == "-v":
            if left and left[0].isdecimal():  # its level; older versions have none
                left.pop(0)
            continue
        if name in _INSTEAD:
            return Translated([], _unknown(word, _INSTEAD[name]))
        if name not in ("-p", "-b", "-i", "-j", *_VALUES):
            words.append(word)
            continue
        if not left:
            return Translated([], _unknown(word, "give its value"))
        value = left.pop(0)
        found, problem = _option(name, value)
        if problem:
            return Translated([], _unknown(f"{word} {value}", problem))
        words += found
    return Translated(words, None)


def _option(name: str, value: str) -> tuple[tuple[str, ...], Optional[str]]:
    """Return the words for an option with a value, and what to do if there are none."""
    if name == "-p":
        return ("--probe", value if "://" in value else f"serial:{value}"), None
    if name == "-b":
        return ("--baud", value), None
    if name == "-i":
        return (), None if value == "0" else "only the UART is served; use an ST-LINK for other wires"
    if name == "-j":
        in_flash = _number(value) in (_FLASH_START, None)
        return (), None if in_flash else f"the tool starts the program at 0x{_FLASH_START:06X}"
    if name == "-u" and value not in _VALUES["-u"]:
        return ("--uart-mode", "auto"), None
    words = _VALUES[name].get(value, ())
    return words, None if words else "use --reset-command COMMAND for another way to reset the board"


def _number(text: str) -> Optional[int]:
    try:
        return int(text, 0)
    except ValueError:
        return None


def _unknown(option: str, instead: str) -> str:
    return f"upload_flags = {option}: this option of stm8gal has no counterpart; {instead}"


def flags(speed: Optional[str], given: Iterable[str] = ()) -> list[str]:
    """Return the words that ststm8 2.1.0 has in UPLOADERFLAGS, for a command of the project that runs stm8gal.

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
