"""Text out of the running program and into it, with the time limits of labgrid's consoles."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Optional

from pexpect import TIMEOUT

import stm8tool
from stm8tool.chip.running.program import Program

from .problem import Stm8ToolError

_LOOK_S = 0.01  # between two looks for text
_WRITE_S = 5.0  # how long a program may take to make room for text


class SwimText:
    """The console of a running program; the probe is open until `close`.

    Args:
        chip: The chip, which is not entered yet.
        program: Its program, from an ELF; without it the console is looked for in RAM.
        notice: Called with a line for the user, such as "the chip was reset".
    """

    def __init__(self, chip: stm8tool.Chip, program: Optional[Program], notice: Callable[[str], None]) -> None:
        self._held = bytearray()
        with ExitStack() as stack:
            stack.enter_context(chip)
            self._console = stack.enter_context(chip.console(program, notice))
            self._stack = stack.pop_all()

    def read(self, size: int, timeout: float, max_size: Optional[int]) -> bytes:
        """Return at least `size` bytes, or those that came in `timeout` seconds; TIMEOUT if none came."""
        clock = self._console.clock
        end = clock.now() + timeout
        while True:
            found = self._console.read()
            self._held += found
            if len(self._held) >= size or clock.now() >= end:
                break
            if not found:
                clock.sleep(_LOOK_S)
        if not self._held:
            raise TIMEOUT(f"the program wrote nothing in {timeout:.2f} s")
        taken = bytes(self._held[: max_size or None])
        del self._held[: len(taken)]
        return taken

    def write(self, data: bytes) -> int:
        """Give the program all of `data`.

        Raises:
            Stm8ToolError: It takes no text, or makes no room for it.
        """
        console = self._console
        end = console.clock.now() + _WRITE_S
        sent = 0
        while sent < len(data):
            count = console.write(data[sent:])
            sent += count
            if not count:
                self._held += console.read()
                if console.clock.now() >= end:
                    raise self._refused(sent, len(data))
                console.clock.sleep(_LOOK_S)
        return sent

    def _refused(self, sent: int, size: int) -> Stm8ToolError:
        code = stm8tool.Code.NO_CONSOLE
        if not self._console.takes_input:
            return Stm8ToolError(
                "the program takes no text: it has no ring for input",
                code=code,
                hint="let the program call swim_getchar, and give the driver its ELF",
            )
        return Stm8ToolError(
            f"the program took {sent} of {size} bytes in {_WRITE_S:g} s",
            code=code,
            hint="let it call swim_getchar more often",
        )

    def close(self) -> None:
        """Detach; the program runs on, and the probe is free."""
        self._stack.close()
