"""The flasher's command line, made from what platformio.ini says (see `options.py`). Pure: no SCons in here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Optional

# SCons works this out when the command runs; being a list, it stays one word where it has a space.
PROBE = "${[STM8TOOL_PROBE(UPLOAD_PORT, UPLOAD_PROTOCOL)]}"


STM8FLASH_OPTIONS = ("-c", "-S", "-p", "-d", "-s", "-b", "-w")  # that take a value; none of stm8tool's
PROBES = ("stlinkv1", "stlinkv2", "stlinkv21", "stlinkv3")  # that the flasher knows by name


def is_serial_port(port: str) -> bool:
    """Whether `upload_port` is a UART, as an IDE or the serial monitor sets it: no ST-LINK has such a name."""
    return re.fullmatch(r"(\\\\\.\\)?COM\d+|/dev/.*", port, re.IGNORECASE) is not None


def names_a_probe(port: str) -> bool:
    """Whether `upload_port` is a socket of USB or a simulated board, which the flasher serves whatever the protocol."""
    return port.startswith(("sim:", "usb:"))


def probe(port: str, protocol: str, known: Iterable[str] = PROBES) -> str:
    """Return the flasher's `--probe`: the port, else the protocol, else any ST-LINK."""
    if port and not is_serial_port(port):
        return port
    return protocol if protocol in known else "stlink"


def command(words: str) -> str:
    """Return the command line that runs the flasher; `words` is its command and what follows."""
    return f'"$PYTHONEXE" "$STM8TOOL" $STM8TOOLFLAGS {words}'


def split_flags(entries: Iterable[str]) -> list[str]:
    """Return the words of `upload_flags`: `--part stm8s103f3` may stand on one line, a backslash is no escape.

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


def foreign_flag(words: Iterable[str]) -> Optional[str]:
    """Return why an option of stm8flash cannot stand in `upload_flags`, as one line, or None."""
    for word in words:
        if word in STM8FLASH_OPTIONS:
            return (
                f"upload_flags = {word}: that is an option of stm8flash, and upload_flags are options of stm8tool: "
                "write board_upload.part for -p, upload_port for -S, --region for -s, and leave -c and -w out"
            )
    return None


def flags(
    upload: Mapping[str, Any], mcu: str, *, given: Iterable[str] = (), bar: bool = False, verbose: bool = False
) -> list[str]:
    """Return the flasher's options. Those that `upload_flags` holds are left out, so that they win.

    Args:
        upload: The board's "upload" object with the project's `board_upload.*` and every default merged in.
        mcu: `build.mcu`, an order code; the part unless the project names another.
        given: The words of `upload_flags`, which Core puts in front.
        bar: A terminal shows the progress.
        verbose: PlatformIO runs with -v.
    """
    ours = {
        "--probe": PROBE,
        "--part": upload.get("part") or upload.get("stm8flash_target") or mcu,
        "--unlock": upload["unlock"],
        "--verify": upload["verify"],
        "--progress": "bar" if bar else "lines",
    }
    taken = {word.partition("=")[0] for word in given}
    words = [word for name, value in ours.items() if name not in taken for word in (name, value)]
    return words + ["-v"] * verbose


def stm8flash_part(upload: Mapping[str, Any], mcu: str) -> str:
    """Return the part as ststm8 2.1.0 gives it to stm8flash: with a question mark for the letter of the package."""
    # STM8AF and STM8AL have figures in that place, and no board there.
    pattern = f"{mcu[:8]}?{mcu[9:10]}" if mcu.startswith(("stm8s", "stm8l")) else mcu
    return str(upload.get("part") or upload.get("stm8flash_target") or pattern)


def stm8flash_flags(part: str, protocol: str, port: str = "") -> list[str]:
    """Return what ststm8 2.1.0 has in UPLOADERFLAGS: stm8flash, a tool or a command of the project's expects that.

    Args:
        part: See `stm8flash_part`.
        protocol: Any with "stlink" in it; for another one it is "stlinkv2".
        port: The UART of an espstlink, if it is not stm8flash's own /dev/ttyUSB0.
    """
    words = ["-c", protocol if "stlink" in protocol else "stlinkv2", "-p", part]
    return [*words, *(["-d", port] if port else []), "-s", "flash", "-w"]
