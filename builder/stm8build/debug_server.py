"""The command line of the flasher's GDB server, for `pio debug` with `debug_tool = stm8tool`. No SCons in here."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional

from . import command_line, options, simulated

DEFAULT_PORT = 3333
_TCP_PORT = re.compile(r"(?:localhost|127\.0\.0\.1)?:(\d{1,5})", re.ASCII)


class Server(NamedTuple):
    """How PlatformIO starts the server and reaches it.

    Attributes:
        port: GDB connects to it.
        words: The words after the flasher's path.
        making: The words after the flasher's path that make the missing board of `upload_protocol = simulator`. They
            are empty if the program must be built first: that build makes the board.
    """

    port: int
    words: list[str]
    making: list[str]


def server(
    project: Mapping[str, Any], upload: Mapping[str, Any], mcu: str, debug_port: str, program: Optional[str]
) -> Server:
    """Return the server of a project.

    Args:
        project: The environment of platformio.ini.
        upload: The board's "upload" object.
        mcu: `build.mcu`, an order code.
        debug_port: The probe, as for `upload_port`, or the TCP port, such as ":3333"; it may be empty.
        program: The ELF that the chip will hold.

    Raises:
        ValueError: `upload_flags` cannot be read; the message names the entry.
    """
    own = {key.partition(".")[2]: value for key, value in project.items() if key.startswith("board_upload.")}
    settings = options.upload_settings({**upload, **own})
    given = command_line.split_flags(project.get("upload_flags") or [])
    tcp = _TCP_PORT.fullmatch(debug_port)
    place = ("" if tcp else debug_port) or project.get("upload_port") or ""
    protocol = project.get("upload_protocol") or settings.get("protocol", "stlink")
    making: list[str] = []
    if protocol == simulated.PROTOCOL and not place and program:
        part = command_line.part(settings, mcu)
        board = simulated.board_file(str(Path(program).parent), part)
        place = simulated.port(board)
        if Path(program).is_file() and not Path(board).exists():
            making = simulated.create(board, part)
    probe = command_line.probe(place, protocol, tuple(options.STLINK_PROTOCOLS))
    flags = command_line.flags(settings, mcu, given=given)
    port = int(tcp[1]) if tcp else _free_port()
    words = [*given, *(probe if word == command_line.PROBE else word for word in flags)]
    words += ["gdbserver", "--port", str(port), "--reset", "--end-with-stdin"]
    return Server(port, [*words, program] if program else words, making)


def _free_port() -> int:
    """Return GDB's usual port, or another one if that is taken."""
    for port in (DEFAULT_PORT, 0):
        with socket.socket() as door:
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = door.getsockname()[1]
            return found
    return DEFAULT_PORT
