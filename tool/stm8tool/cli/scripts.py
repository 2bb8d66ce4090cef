"""The console scripts. They import their program inside `end_with`, which handles Ctrl-C."""

from __future__ import annotations

from typing import NoReturn

from .process import end_with


def stm8tool() -> NoReturn:
    """`stm8tool`."""

    def main() -> int:
        from . import main as cli

        return cli.main()

    end_with(main)


def stm8flash_compat() -> NoReturn:
    """`stm8flash-compat`."""

    def main() -> int:
        from . import stm8flash as compat

        return compat.main()

    end_with(main)
