"""The command `parts`: find chips in the table. `results/parts.py` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .command import PartUse, command

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from .console import Console
    from .request import Request
    from .results.parts import PartsResult


class PartsArguments(NamedTuple):
    """The arguments of `parts`."""

    words: Sequence[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument(
            "words", nargs="*", metavar="PATTERN", help="stm8s103f3, stm8s103, stm8l15?c6; or KEY=VALUE"
        )


def parts(request: Request[PartsArguments], _console: Console) -> PartsResult:
    from .catalogue import select
    from .results.parts import PartsResult

    return PartsResult(select(request.arguments.words))


COMMANDS = (
    command(
        "parts",
        "list the known chips, or show all about one of them",
        parts,
        PartsArguments,
        part=PartUse.NONE,
        writes=False,
    ),
)
