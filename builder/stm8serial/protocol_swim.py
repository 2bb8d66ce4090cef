"""The port swim:// for `pio device monitor` and `pio test`: the console over SWIM of the project's chip.

    monitor_port = swim://
    test_port = swim://

The flasher's `monitor` runs as a process of its own, so PlatformIO loads nothing of USB. Its stdin and stdout are the
port. pyserial finds this module by its name, and takes the class `Serial` from it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, ClassVar, Optional

import click
from platformio.exception import PlatformioException
from platformio.platform.factory import PlatformFactory
from platformio.project.config import ProjectConfig
from serial import PortNotOpenError, SerialBase, SerialException

import stm8serial

_ROOT = Path(__file__).resolve().parents[2]
_ELF = "firmware.elf"
_NOTICE = "monitor: "
_END_S = 10.0  # how long the flasher may take to leave the chip


def _parameter(name: str) -> Any:
    """Return what the user gave PlatformIO's command on its line, such as --upload-port; None if nothing."""
    context = click.get_current_context(silent=True)
    return context.params.get(name) if context else None


def _environment(name: str) -> str:
    """Return the environment of platformio.ini: the one in the URL, the one PlatformIO works on, or the default.

    Raises:
        SerialException: The project has no such environment.
    """
    config = ProjectConfig.get_instance()
    asked = _parameter("environment")  # `pio device monitor` prepares none, and takes one name
    chosen = name or stm8serial.environment or (asked if isinstance(asked, str) else "") or config.get_default_env()
    if chosen not in config.envs():
        raise SerialException(f"swim://{chosen}: platformio.ini has no [env:{chosen}]")
    return chosen


def flasher(name: str) -> tuple[list[str], Path]:
    """Return the flasher's command line without a command, and the ELF of the program.

    Args:
        name: Of an environment of the project in the current directory; empty: see `_environment`.

    Raises:
        SerialException: There is no such environment, or its upload_flags cannot be read.
    """
    sys.path.insert(0, str(_ROOT / "builder"))
    try:
        from stm8build import command_line, options, simulated, stm8gal
    finally:
        sys.path.remove(str(_ROOT / "builder"))
    environment = _environment(name)
    config = ProjectConfig.get_instance()
    project = config.items(env=environment, as_dict=True)
    if not project.get("board"):
        raise SerialException(f"[env:{environment}] of platformio.ini names no board")
    try:
        board = PlatformFactory.from_env(environment).board_config(project["board"])
    except PlatformioException as exc:
        raise SerialException(str(exc)) from exc
    upload, mcu = options.of_project(project, board)
    try:
        given = command_line.split_flags(project.get("upload_flags") or [])
    except ValueError as exc:
        raise SerialException(str(exc)) from exc
    build_dir = Path(config.get("platformio", "build_dir"), environment)
    port = _parameter("upload_port") or project.get("upload_port") or ""
    protocol = project.get("upload_protocol") or upload.get("protocol", "stlink")
    if protocol == simulated.PROTOCOL and not port:
        port = simulated.port(simulated.board_file(str(build_dir), command_line.part(upload, mcu)))
    if command_line.is_at_uart(protocol, port):  # the upload needs the UART, the console an ST-LINK
        port, (given, _) = "", stm8gal.translated(given)
    probe = command_line.probe(port, protocol, tuple(options.STLINK_PROTOCOLS))
    words = [probe if word == command_line.PROBE else word for word in command_line.flags(upload, mcu, given=given)]
    return [sys.executable, str(_ROOT / "tool"), *given, *words], build_dir / _ELF


def command(name: str) -> list[str]:
    """Return the command line of the flasher for an environment of the project in the current directory.

    Raises:
        SerialException: As `flasher` does.
    """
    words, elf = flasher(name)
    return [*words, "monitor", "--raw", *[str(elf)] * elf.is_file()]


class Serial(SerialBase):  # type: ignore[misc]  # pyserial carries no types
    """pyserial's port over the flasher's process."""

    BAUDRATES: ClassVar[tuple[int, ...]] = (115200,)  # any rate is taken and has no effect

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._came = bytearray()
        self._news = threading.Condition()
        self._ended = False
        self._said: list[str] = []
        self._noting: Optional[threading.Thread] = None
        super().__init__(*arguments, **settings)

    def open(self) -> None:
        """Start the flasher; SerialException if the project does not say how."""
        if self._port is None:
            raise SerialException("the port has no name")
        words = command(str(self._port).partition("://")[2].strip("/"))
        self._came.clear()
        self._said.clear()
        self._ended = False
        self._process = process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._noting = threading.Thread(target=self._note, args=(process.stderr,), daemon=True)
        self._noting.start()
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True).start()
        self.is_open = True

    def close(self) -> None:
        """Let the flasher leave the chip: its stdin ends."""
        process, self._process = self._process, None
        self.is_open = False
        if process is None:
            return
        if process.stdin is not None:
            with suppress(OSError):  # the flasher has ended, and bytes for it are left
                process.stdin.close()
        for end in (process.terminate, process.kill):  # the flasher leaves the chip in order at the first
            try:
                process.wait(_END_S)
                break
            except subprocess.TimeoutExpired:
                end()

    def _listen(self, stream: IO[bytes]) -> None:
        while True:
            data = stream.read1(4096)  # type: ignore[attr-defined]  # a BufferedReader
            with self._news:
                self._came += data
                self._ended = not data
                self._news.notify_all()
            if not data:
                return

    def _note(self, stream: IO[bytes]) -> None:
        """Keep the flasher's lines, and show what it says of the chip and the probe after its first line."""
        for line in stream:
            text = line.decode("utf-8", "backslashreplace").rstrip()
            if self._said and text.startswith(_NOTICE):
                click.echo(f"--- {text}", err=True)
            self._said.append(text)

    @property
    def in_waiting(self) -> int:
        """How many bytes wait to be read."""
        with self._news:
            return len(self._came)

    def read(self, size: int = 1) -> bytes:
        """Return up to `size` bytes, as soon as there are some; fewer when the timeout is over.

        Raises:
            SerialException: The flasher has ended; the message is its last line.
        """
        self._require_open()
        end = None if self._timeout is None else time.monotonic() + self._timeout
        with self._news:
            while not self._came:
                if self._ended:
                    raise SerialException(self._reason())
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return b""
                self._news.wait(left)
            found = bytes(self._came[:size])
            del self._came[:size]
            return found

    def write(self, data: bytes) -> int:
        """Send bytes to the program."""
        process = self._require_open()
        try:
            if process.stdin is not None:
                process.stdin.write(data)
                process.stdin.flush()
        except OSError as exc:
            raise SerialException(self._reason()) from exc
        return len(data)

    def _require_open(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise PortNotOpenError
        return self._process

    def _reason(self) -> str:
        if self._noting is not None:
            self._noting.join()  # until the flasher has ended
        return "; ".join(self._said[-2:]) or "the console has ended"

    def reset_input_buffer(self) -> None:
        """Drop nothing: the text of a program is wanted from its first byte."""

    def reset_output_buffer(self) -> None:
        """Drop nothing."""

    def _reconfigure_port(self) -> None:
        """Do nothing: SWIM has no rate to choose. pyserial calls these."""

    _update_rts_state = _update_dtr_state = _update_break_state = _reconfigure_port

    @property
    def cts(self) -> bool:
        """Always ready."""
        return True

    dsr = cd = cts
    ri = property(lambda self: False)
