"""`upload_protocol = simulator`: the platform makes a simulated board for the targets; `upload` runs the program."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from SCons.Script import COMMAND_LINE_TARGETS

from . import command_line, options, process, simulated

_TIME_OPTION = "custom_simulated_time"


def of(env: Any, stands: Callable[[str], str]) -> Optional[Simulation]:
    """Return the simulation of an environment, and let all targets use its board; None with another protocol.

    Args:
        env: The environment of the build.
        stands: Keeps SCons from changing a value.
    """
    if env.subst("$UPLOAD_PROTOCOL") != simulated.PROTOCOL:
        return None
    return Simulation(env, stands)


class Simulation:
    """The board of one environment of platformio.ini."""

    def __init__(self, env: Any, stands: Callable[[str], str]) -> None:
        board = env.BoardConfig()
        self._part = command_line.part(options.upload_settings(board.get("upload")), board.get("build.mcu", ""))
        named = simulated.given(env.subst("$UPLOAD_PORT"))
        self._is_own = named is None
        self._board = named or simulated.board_file(env.subst("$BUILD_DIR"), self._part)
        self._seconds = str(env.GetProjectOption(_TIME_OPTION, options.OPTIONS[_TIME_OPTION].default))
        if self._is_own:
            env.Replace(UPLOAD_PORT=stands(simulated.port(self._board)))

    @property
    def problem(self) -> Optional[str]:
        """Why the program cannot run, as one line, or None."""
        if re.fullmatch(r"\d+(\.\d+)?(us|ms|s)", self._seconds, re.ASCII):
            return None
        return f"{_TIME_OPTION} = {self._seconds} is not a simulated time, such as 500ms or 2s"

    @property
    def serves_a_test(self) -> bool:
        """True if `pio test` runs the program, on a new board. A debugger of a test uses the board of the targets."""
        return self._is_own and "__test" in COMMAND_LINE_TARGETS and not self.serves_a_debugger

    @property
    def serves_a_debugger(self) -> bool:
        """True if `pio debug` builds the program."""
        return "__debug" in COMMAND_LINE_TARGETS

    def _tool(self, env: Any, words: list[str]) -> int:
        return process.start([*process.words(env, ["$PYTHONEXE", "$STM8TOOL"]), *words], env)

    def make_board(self, target: Any, source: Any, env: Any) -> int:
        """Make the board if it is missing. A board that upload_port names is the user's."""
        if not self._is_own or self.serves_a_test or Path(self._board).exists():
            return 0
        Path(self._board).parent.mkdir(parents=True, exist_ok=True)
        return self._tool(env, simulated.create(self._board, self._part))

    def tell_of_the_test(self, target: Any, source: Any, env: Any) -> int:
        """Say why nothing is uploaded."""
        sys.stdout.write(f"the test runs on a new simulated {self._part}; nothing is uploaded\n")
        return 0

    def run(self, target: Any, source: Any, env: Any) -> int:
        """Run the program from power-on, and print what it sends."""
        if "__test" in COMMAND_LINE_TARGETS:
            return 0  # its runner does that
        elf = env.subst("$PROGRAM_ELF")
        sys.stdout.write(f"running {source[0]} on the simulated {self._part} for {self._seconds} ({_TIME_OPTION})\n")
        return self._tool(env, simulated.run(self._board, elf, "--for", self._seconds))
