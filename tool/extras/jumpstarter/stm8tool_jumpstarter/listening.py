"""The console of the program that runs in the chip, for clients: read and written in short turns.

Between two turns another use of the probe may come, such as an upload: `SwimConsole` lends the probe to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Optional

from stm8tool import Code, TargetError
from stm8tool.chip.running.program import Program
from stm8tool.chip.running.swim_console import SwimConsole

from .uses import Uses

IDLE_S = 0.01  # our choice: a person sees no delay


class Listening:
    """A console that is open. Its methods may be called from any thread.

    Args:
        uses: The probe.
        program: Returns the program that was flashed last, or None; another command may have written another one.
    """

    def __init__(self, uses: Uses, program: Callable[[], Optional[Program]]) -> None:
        self._uses = uses
        self._program = program
        self._stack = ExitStack()
        self._turn = threading.Lock()
        self._console: Optional[SwimConsole] = None
        self._notices: list[str] = []

    def open(self) -> None:
        """Attach to the running program; errors: see `Chip.console`."""
        with self._turn, ExitStack() as stack:
            stack.enter_context(self._uses.reserved())
            chip = stack.enter_context(self._uses.opened())
            program = self._program()
            try:
                console = stack.enter_context(chip.console(program, self._notices.append, self._flashed))
            except TargetError as exc:
                if program is None or exc.code is not Code.OTHER_BUILD:
                    raise
                self._notices.append(f"{exc}; the console is looked for in RAM")
                console = stack.enter_context(chip.console(None, self._notices.append, self._flashed))
            self._console = console
            self._stack = stack.pop_all()

    def _flashed(self) -> Program:
        """Return the program that was flashed last: a file without data if none was, which every chip holds."""
        return self._program() or Program("the program", None, ())

    def turn(self) -> tuple[bytes, list[str]]:
        """Return what the program wrote since the last turn, and notices; wait a little if it wrote nothing."""
        with self._turn:
            if self._console is None:
                return b"", []
            found = self._console.read()
            notices, self._notices[:] = list(self._notices), []
            if not found:
                self._console.clock.sleep(IDLE_S)
            return found, notices

    def write(self, data: bytes) -> int:
        """Give the program as many bytes as have room now; return how many. One without input takes and drops all."""
        with self._turn:
            if self._console is None:
                return 0
            return self._console.write(data) if self._console.takes_input else len(data)

    @property
    def is_open(self) -> bool:
        """True from `open` to `close`."""
        return self._console is not None

    @property
    def takes_input(self) -> bool:
        """True if the program has a ring for input."""
        return self._console is not None and self._console.takes_input

    def close(self) -> None:
        """Detach, and let the probe go; this does no harm if it is closed."""
        with self._turn:
            self._console = None
            self._stack.pop_all().close()
