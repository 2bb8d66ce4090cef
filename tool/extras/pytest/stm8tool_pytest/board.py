"""One board, as a test uses it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

import stm8tool
from stm8tool import Code, ImageError, TargetError, ToolError
from stm8tool.chip.running import program as programs

from .console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stm8tool.chip.running.live_variables import LiveVariables, Reading
    from stm8tool.chip.running.swim_console import SwimConsole

_LOOK_S = 0.02  # between two looks at a variable; our choice
_TIMEOUT_S = 5.0

File = Union[str, "os.PathLike[str]"]
Value = Union[int, float, str]


class Board:
    """A chip and its probe.

    Each method opens the probe, does its job, lets the program run, and closes the probe. So a test that fails at any
    place leaves the chip running. Failures are `stm8tool.ToolError`, with a code and a hint.

    Args:
        probe: The probe, as `stm8tool.open` takes it.
        part: The chip.

    Attributes:
        console: The text of the program, see docs/console.md.
        elf: The file whose names `watch` and `set` know: the ELF that `flash` wrote last. A test may set it.
    """

    def __init__(self, probe: str, part: str) -> None:
        self.probe = probe
        self.part = part
        self.elf: Optional[Path] = None
        self.console = Console(self._console)

    @contextmanager
    def chip(self) -> Iterator[stm8tool.Chip]:
        """Give the chip as the library has it, for everything that has no method here; see docs/api.md."""
        with stm8tool.open(self.probe, self.part) as chip:
            yield chip

    def flash(self, *files: File, base: Optional[int] = None, unlock: bool = True) -> stm8tool.Upload:
        """Write files to flash and EEPROM, and start the program. Only blocks that differ are written.

        Args:
            files: Intel HEX, S-records, ELF, or raw binaries.
            base: Address of the first byte of a raw binary.
            unlock: Whether a read-protected chip is unlocked first, which erases all of it.
        """
        image = stm8tool.load_image(*files, base=base, part=self.part)
        with self.chip() as chip:
            done = chip.write(image, unlock=unlock)
        self.console.clear()
        self.elf = next((Path(file) for file in files if _is_elf(file)), None)
        return done

    def verify(self, *files: File, base: Optional[int] = None) -> int:
        """Compare files with the chip; return how many bytes are equal. `VerifyError` has the first difference."""
        image = stm8tool.load_image(*files, base=base, part=self.part)
        with self.chip() as chip:
            return chip.verify(image)

    def reset(self) -> None:
        """Reset the chip: its program starts anew, and the text that was not read is dropped."""
        with self.chip() as chip:
            chip.reset()
        self.console.clear()

    def unlock(self) -> stm8tool.Unlocked:
        """Remove read protection, which erases a locked chip; bring option bytes to factory values."""
        with self.chip() as chip:
            return chip.unlock()

    def erase(self, region: str = "flash") -> stm8tool.Written:
        """Erase flash, EEPROM, or whole blocks of one of them."""
        with self.chip() as chip:
            return chip.erase(region)

    # -- variables ------------------------------------------------------------------------------------------------

    def watch(self, *names: str) -> dict[str, Any]:
        """Return the values of variables at one moment, while the program runs; names: see docs/watch.md.

        Raises:
            UsageError: There is no such variable, or no ELF with debug information was flashed.
            TargetError: A pointer on the way leads nowhere; another program runs.
        """
        with self._variables() as live:
            return {reading.name: _value(reading) for reading in _read(live, names)}

    def set(self, values: Optional[Mapping[str, Value]] = None, /, **named: Value) -> None:
        """Set variables in RAM while the program runs: `set(gain=12)`, `set({"motor.speed": 100})`; see `watch`."""
        with self._variables() as live:
            settings = [live.setting(name, value) for name, value in {**(values or {}), **named}.items()]
            for setting in settings:
                live.apply(setting)

    def wait_until(self, name: str, test: Callable[[Any], bool], timeout: float = _TIMEOUT_S) -> Any:
        """Watch a variable until `test` of its value is true, and return that value.

        Raises:
            ToolError: It never was in that time (`Code.RUN_TIME`); and the errors of `watch`.
        """
        with self._variables() as live:
            end = live.clock.now() + timeout
            while True:
                (reading,) = _read(live, [name])
                value = _value(reading)
                if test(value):
                    return value
                if live.clock.now() >= end:
                    raise ToolError(
                        f"{name} was not as expected within {timeout:g} s: it is {reading.text}",
                        code=Code.RUN_TIME,
                        hint="give it more time, such as timeout=30",
                    )
                live.clock.sleep(_LOOK_S)

    @contextmanager
    def _variables(self) -> Iterator[LiveVariables]:
        elf = None if self.elf is None else str(self.elf)
        with self.chip() as chip, chip.variables(elf, self.console.notices.append) as live:
            yield live

    @contextmanager
    def _console(self, notice: Callable[[str], None]) -> Iterator[SwimConsole]:
        with self.chip() as chip:
            program = None
            if self.elf is not None:
                try:
                    program = programs.load(str(self.elf), chip.part)
                    program = program if program.symbols else program._replace(symbols=None)  # it is stripped
                except ImageError as exc:
                    notice(f"{exc}; the console is looked for in RAM")
            with chip.console(program, notice) as console:
                yield console


def _is_elf(file: File) -> bool:
    with Path(file).open("rb") as opened:
        return opened.read(4) == b"\x7fELF"


def _read(live: LiveVariables, names: Sequence[str]) -> Sequence[Reading]:
    """Return the readings; a chip that is silent for a moment is asked again, and its patience ends with an error."""
    while True:
        found = live.read(names)
        if found is not None:
            return found


def _value(reading: Reading) -> Any:
    if reading.problem:
        raise TargetError(
            f"{reading.name} has no value: {reading.problem}",
            code=Code.NO_VARIABLE,
            hint="wait until the program has set the pointer",
        )
    return reading.value
