"""The runner of `pio test` for this platform: it builds, uploads, reads the results, and believes only a whole run.

The results come from the simulator, through the console over SWIM, from a UART, or from a command of the project.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Optional

import click
import serial
from platformio.platform.factory import PlatformFactory
from platformio.test.exception import UnitTestError
from platformio.test.result import TestStatus
from platformio.test.runners.readers.serial import SerialTestOutputReader
from platformio.test.runners.unity import UnityTestRunner

from .command import Command, SilenceError, Source, deadline, left
from .progress import END, Counts, Problem, Progress

_ROOT = Path(__file__).resolve().parents[2]
_BUILDER = _ROOT / "builder"
_MOST_S = 600.0  # for all tests of one program, on any clock; PlatformIO's own limit for a silent port
_OPTION = "custom_test_timeout"
_TIME_IS_OVER = "[E-RUN-TIME]"
# Notes of `stm8tool monitor`.
_WAS_RESET = "the chip was reset"
_SILENT, _ANSWERS = "the chip does not answer", "the chip answers again"


def _stm8build() -> tuple[Any, Any, Any]:
    """Return the modules command_line, options and simulated of the builder."""
    sys.path.insert(0, str(_BUILDER))
    try:
        from stm8build import command_line, options, simulated
    finally:
        sys.path.remove(str(_BUILDER))
    return command_line, options, simulated


class PlatformTestRunner(UnityTestRunner):  # type: ignore[misc]  # PlatformIO carries no types
    """PlatformIO's runner for Unity, with other ways to the output, and with a check of the whole."""

    EXTRA_LIB_DEPS = None  # stm8_unity.h comes with the platform

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._progress = Progress()

    def configure_build_env(self, env: Any) -> Any:
        """Add nothing to the build. Called in the process of SCons, where builder/main.py sets the flags of a test."""
        return env

    def _option(self, name: str, default: Any = None) -> Any:
        return self.project_config.get(f"env:{self.test_suite.env_name}", name, default)

    def _board(self) -> Any:
        return self.platform.board_config(self._option("board"))

    @property
    def _protocol(self) -> str:
        return str(self._option("upload_protocol") or self._board().get("upload.protocol", "stlink"))

    @property
    def _silence_s(self) -> float:
        """How long the program may be silent."""
        _, options, _ = _stm8build()
        text = str(self._option(_OPTION, options.OPTIONS[_OPTION].default))
        if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _MOST_S:
            raise UnitTestError(
                f"error: {_OPTION} = {text} is not a number of seconds\nhint: write a number from 1 to {_MOST_S:.0f}"
            )
        return float(text)

    # -- the three stages -----------------------------------------------------------------------------------------

    def stage_uploading(self) -> Any:
        """Upload the program; the simulator's board gets it at the start of its test."""
        if self.options.without_building and self._is_simulated:
            return None
        return super().stage_uploading()

    @property
    def _is_simulated(self) -> bool:
        port = self.options.upload_port or self._option("upload_port")
        return self._protocol == "simulator" and not port

    def stage_testing(self) -> None:
        """Read the results and check them; UnitTestError if they cannot be believed."""
        if self.options.without_testing:
            return
        click.secho("Testing...", bold=True)
        command = self._option("test_testing_command")
        port = self.get_test_port() or ""
        seconds = self._silence_s
        if command:
            try:
                running = Command(command)
            except OSError as exc:
                raise UnitTestError(
                    f"error: {command[0]} cannot be started: {exc.strerror}\nhint: check test_testing_command"
                ) from exc
            self._follow(running, seconds, to_its_end=True)
        elif self._protocol == "simulator" and not port:
            self._simulate(seconds)
        elif port.startswith("swim://") or (not port and self._protocol != "serial"):
            self._watch_console(port, seconds)
        else:
            self._listen_to_uart(seconds)
        count = self.test_suite.get_status_nums
        cases = len(self.test_suite.cases)
        self._stop(self._progress.problem(Counts(cases, count(TestStatus.FAILED), count(TestStatus.SKIPPED))))

    def _stop(self, problem: Optional[Problem]) -> None:
        if problem is not None:
            raise UnitTestError(str(problem))

    # -- where the results come from ------------------------------------------------------------------------------

    def _elf(self) -> Path:
        build = self.project_config.get("platformio", "build_dir")
        return Path(build, self.test_suite.env_name, "firmware.elf")

    def _simulate(self, seconds: float) -> None:
        """Run the program on a simulated board: one of its own, which is new, or that of the project."""
        command_line, options, simulated = _stm8build()
        elf = self._elf()
        project = self.project_config.items(env=self.test_suite.env_name, as_dict=True)
        part = command_line.part(*options.of_project(project, self._board()))
        tool = [sys.executable, str(_ROOT / "tool")]
        port = str(self.options.upload_port or self._option("upload_port") or "")
        chip_file = simulated.given(port)
        if chip_file is None:
            chip_file = simulated.board_file(str(elf.parent), part)
            click.echo(f"On a new simulated {part}, {chip_file}")
            with Command([*tool, *simulated.create(chip_file, part, str(elf))]) as making:
                self._expect_success(making)
        words = simulated.run(
            chip_file, str(elf), "--until", END, "--silence", f"{seconds:g}s", "--for", f"{_MOST_S:g}s"
        )
        self._follow(Command([*tool, *words]), _MOST_S)

    def _expect_success(self, command: Command) -> None:
        said: list[str] = []
        source = Source.OUT
        while source is not Source.END:
            source, line = command.line(_MOST_S)
            if source is Source.ERR:
                said.append(line.rstrip())
        if command.exit_code:
            raise UnitTestError("\n".join(said))

    def _watch_console(self, port: str, seconds: float) -> None:
        """Read the console over SWIM. The program waits there for its reader."""
        PlatformFactory.from_env(self.test_suite.env_name)  # it registers swim://
        from stm8serial import protocol_swim

        name = port.partition("://")[2].strip("/")
        try:
            if self.options.without_uploading and not self.options.no_reset:  # the program may have ended long ago
                words, _ = protocol_swim.flasher(name)
                with Command([*words, "reset"], ends_with_stdin=True) as resetting:
                    self._expect_success(resetting)
            words = protocol_swim.command(name)
        except serial.SerialException as exc:
            raise UnitTestError(f"error: {exc}") from exc
        self._follow(Command([*words, "--until", END], ends_with_stdin=True), seconds)

    def _listen_to_uart(self, seconds: float) -> None:
        """Read a port of pyserial, as PlatformIO does it."""
        reader = SerialTestOutputReader(self)
        port = reader.resolve_test_port()
        try:
            with serial.serial_for_url(port, do_not_open=True, baudrate=self.get_test_speed(), timeout=seconds) as uart:
                uart.rts = self.options.monitor_rts
                uart.dtr = self.options.monitor_dtr
                if not uart.is_open:
                    uart.open()
                end = deadline(_MOST_S)
                while not self._progress.is_over and not self.test_suite.is_finished():
                    data = uart.read(uart.in_waiting or 1)
                    if not data:
                        self._stop(self._progress.silent(f"{seconds:g} s"))
                    self.on_testing_data_output(data)
                    if left(end) <= 0:
                        self._stop(self._progress.endless(f"{_MOST_S:g} s"))
        except serial.SerialException as exc:
            raise UnitTestError(f"error: {port}: {exc}\nhint: check test_port; it reads a UART") from exc

    def _follow(self, command: Command, seconds: float, *, to_its_end: bool = False) -> None:
        """Take the output of a command; say why if it ended before the program did.

        Args:
            command: It is ended at the return.
            seconds: How long it may be silent.
            to_its_end: The command ends by itself, and its exit code counts. Otherwise the program's end is enough.
        """
        said: list[str] = []
        end = deadline(_MOST_S)
        with command as running:
            while to_its_end or not self._progress.is_over:
                try:
                    source, line = running.line(min(seconds, left(end)))
                except SilenceError:
                    self.on_testing_data_output("\n")  # what came of the last line
                    if left(end) <= 0:
                        self._stop(self._progress.endless(f"{_MOST_S:g} s"))
                    self._stop(self._progress.silent(f"{seconds:g} s"))
                if source is Source.OUT:
                    self.on_testing_data_output(line)
                elif source is Source.ERR:
                    said.append(line.rstrip())
                    if self.options.verbose:
                        click.echo(line, nl=False, err=True)
                    if _SILENT in line or _ANSWERS in line:
                        self._progress.chip_is_silent = _SILENT in line
                    if _WAS_RESET in line:
                        self._stop(self._progress.was_reset())
                else:
                    self.on_testing_data_output("\n")
                    self._explain(running.exit_code, said)
                    return

    def _explain(self, exit_code: int, said: list[str]) -> None:
        """Tell why a command ended before its program did; return if it ended in order."""
        if not exit_code:
            return
        reason = next((line[len("error: ") :] for line in reversed(said) if line.startswith("error: ")), "")
        hint = next((line[len("hint: ") :] for line in reversed(said) if line.startswith("hint: ")), "")
        if not reason:
            said_last = f": {said[-1]}" if said else ""
            raise UnitTestError(f"error: the command ended with exit code {exit_code}{said_last}")
        if _TIME_IS_OVER in reason:
            self._stop(self._progress.hangs(reason, hint.replace("--silence", _OPTION)))
        self._stop(self._progress.stopped(reason, hint or "see docs/errors.md"))

    def on_testing_line_output(self, line: str) -> None:
        """Take a line, as PlatformIO's own readers also pass it."""
        problem = self._progress.take(line)
        super().on_testing_line_output(line)
        self._stop(problem)

    def parse_test_case(self, line: str) -> Any:
        """Return the result in a line; a note has none."""
        return super().parse_test_case(line) if self._progress.is_result(line) else None
