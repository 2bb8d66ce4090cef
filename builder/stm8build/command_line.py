"""Make the flasher's command line from the options of platformio.ini (see `options.py`). Pure: no SCons in here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Optional

# SCons expands this when the command runs. It is a list, so a value with a space stays one word.
PROBE = "${[STM8TOOL_PROBE(UPLOAD_PORT, UPLOAD_PROTOCOL)]}"

SERIAL_PROBES = ("espstlink", "rp2040")  # protocols, and the beginnings of their selectors
OF_STLINKS = ("sim", "usb", "usbip")  # the beginnings of selectors that mean an ST-LINK
_OF_STM8FLASH = {"rp2040": "rp2040swim"}  # protocols that stm8flash calls by another name


def is_serial_port(port: str) -> bool:
    """Tell whether `upload_port` is a UART. An IDE may set such a name; an ST-LINK never has one."""
    return re.fullmatch(r"(\\\\\.\\)?COM\d+|/dev/.*", port, re.IGNORECASE) is not None


def is_at_uart(protocol: str, port: str) -> bool:
    """Tell whether the chip is reached at its UART. A port that names its probe counts with every protocol."""
    return protocol == "serial" and port.partition(":")[0] not in (*OF_STLINKS, *SERIAL_PROBES)


def serial_probe(protocol: str, port: str) -> Optional[str]:
    """Return which probe at a serial port is meant, a name of SERIAL_PROBES; None if none of them.

    A port that names its probe counts with every protocol.
    """
    kind = port.partition(":")[0]
    if kind in SERIAL_PROBES:
        return kind
    return protocol if protocol in SERIAL_PROBES and kind not in OF_STLINKS else None


def probe(port: str, protocol: str, known: Collection[str]) -> str:
    """Return the flasher's `--probe`: the port, or the protocol if it is `known`, or any ST-LINK.

    A probe at a serial port without its name is at the only serial port on USB, which the flasher finds.
    """
    kind = serial_probe(protocol, port)
    if kind:
        return port if port.startswith(f"{kind}:") else f"{kind}:{port}"
    if port and is_at_uart(protocol, port):
        return port if "://" in port or port.startswith("serial:") else f"serial:{port}"
    if port and not is_serial_port(port):
        return port
    return protocol if protocol in known else "stlink"


def split_names(text: str) -> list[str]:
    """Return names that stand in an option with commas or line ends between them."""
    return [name.strip() for name in re.split(r"[,\n]", text) if name.strip()]


def split_flags(entries: Iterable[str]) -> list[str]:
    """Return the words of `upload_flags`. A line may have several words. A backslash does not escape anything.

    Raises:
        ValueError: A quotation mark has no partner; the message names the entry.
    """
    words: list[str] = []
    for entry in entries:
        lexer = shlex.shlex(entry, posix=True)
        lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
        try:
            words.extend(lexer)
        except ValueError:
            raise ValueError(f"upload_flags = {entry}: a quotation mark has no partner") from None
    return words


def part(upload: Mapping[str, Any], mcu: str) -> str:
    """Return the flasher's `--part`: the project's, or the order code `build.mcu`."""
    return str(upload.get("part") or upload.get("stm8flash_target") or mcu)


def flags(
    upload: Mapping[str, Any],
    mcu: str,
    *,
    given: Iterable[str] = (),
    bar: bool = False,
    verbose: bool = False,
    speed: str = "",
) -> list[str]:
    """Return the flasher's options, except those that `upload_flags` has: the user's win.

    Args:
        upload: The board's "upload" object with the project's `board_upload.*` and every default merged in.
        mcu: `build.mcu`, an order code. It is the part if the project names no other.
        given: The words of `upload_flags`, which Core puts in front.
        bar: Show the progress as a bar, for a terminal.
        verbose: PlatformIO runs with -v.
        speed: `upload_speed`, if the chip is reached at its UART.
    """
    ours = {
        "--probe": PROBE,
        "--part": part(upload, mcu),
        "--unlock": upload["unlock"],
        "--verify": upload["verify"],
        "--progress": "bar" if bar else "lines",
        **({"--baud": speed} if speed else {}),
    }
    taken = {word.partition("=")[0] for word in given}
    words = [word for name, value in ours.items() if name not in taken for word in (name, value)]
    return words + ["--no-loader"] * (upload["loader"] == "no" and "--no-loader" not in taken) + ["-v"] * verbose


def stm8flash_part(upload: Mapping[str, Any], mcu: str) -> str:
    """Return stm8flash's name of the chip: the project's, or the pattern that ststm8 2.1.0 makes from the MCU.

    Args:
        upload: The board's "upload" object with the project's `board_upload.*` merged in.
        mcu: `build.mcu`, an order code; its tenth letter is the size of the flash.
    """
    pattern = f"{mcu[:8]}?{mcu[9]}" if len(mcu) > 9 else mcu
    return str(upload.get("part") or upload.get("stm8flash_target") or pattern)


def stm8flash_flags(part: str, protocol: str, given: Iterable[str] = (), **more: str) -> list[str]:
    """Return the words that ststm8 2.1.0 has in UPLOADERFLAGS: stm8flash, or a replacement for it, expects these.

    Args:
        part: As `stm8flash_part` names it.
        protocol: `upload_protocol`. If stm8flash does not have it, its own default is used.
        given: The words of `upload_flags`, which Core puts in front and which win.
        more: Further options by their letters.
    """
    programmer = _OF_STM8FLASH.get(protocol, protocol if "stlink" in protocol else "stlinkv2")
    ours = {"c": programmer, "p": part, "s": "flash", **more}
    taken = {word[1] for word in given if re.match(r"-\w", word)}
    return [*(word for name, value in ours.items() if name not in taken for word in (f"-{name}", value)), "-w"]


def with_our_stm8flash(command: str) -> str:
    """Return a command line with $STM8FLASH in the place of a leading `stm8flash`, which may not be on PATH.

    A path to stm8flash stays.
    """
    found = re.match(r"""\s*(["']?)stm8flash(?:\.exe)?\1(?=\s|$)""", command)
    if not found:
        return command
    return "$STM8FLASH" + command[found.end() :]
