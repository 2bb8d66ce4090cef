"""The console scripts. They import their program inside `end_with`, which handles Ctrl-C."""

from __future__ import annotations

import sys
from typing import NoReturn

from .process import EXIT_INTERRUPTED, end_with


def stm8tool() -> NoReturn:
    """`stm8tool`."""

    def main() -> int:
        try:
            from . import main as cli

            return cli.main()
        except KeyboardInterrupt:
            if not _is_for_programs(sys.argv[1:]):
                raise
            return EXIT_INTERRUPTED if _is_told() else _tell_interrupted(sys.argv[1:])

    end_with(main)


def _is_for_programs(words: list[str]) -> bool:
    return "--json" in words or "--events" in words


def _is_told() -> bool:
    """Tell whether the command has put its object on stdout."""
    from .machine_console import MachineConsole

    return MachineConsole.has_told


def _tell_interrupted(words: list[str]) -> int:
    """Tell a program that Ctrl-C came before the command began."""
    from .machine_console import MachineConsole

    console = MachineConsole(json_result="--json" in words, events="--events" in words)
    console.interrupted("interrupted")
    console.finish(EXIT_INTERRUPTED)
    return EXIT_INTERRUPTED


def stm8flash_compat() -> NoReturn:
    """`stm8flash-compat`."""

    def main() -> int:
        from . import stm8flash as compat

        return compat.main()

    end_with(main)
