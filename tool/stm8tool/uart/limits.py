"""The actions that the loader at a UART cannot do for a chip: each of them needs SWIM."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Optional

from ..api import Chip
from ..chip.programmer import Progress
from ..errors import UsageError
from ..parts.table import Part
from ..words import Hint
from .option_bytes import unable

if TYPE_CHECKING:
    from ..chip.link.core import Core
    from ..chip.options.protection import Unlocked
    from ..chip.running.live_variables import LiveVariables
    from ..chip.running.program import Program
    from ..chip.running.swim_console import SwimConsole
    from ..session import Session


class WithoutSwim(Chip):
    """A chip that is reached by another way than SWIM."""

    def __init__(self, part: Optional[Part], progress: Progress, *, loader: bool) -> None:
        super().__init__(_no_session, part, progress, loader=loader)

    def lock(self) -> bool:
        """Raise ProbeError: the chip's own programs cannot write ROP."""
        unable("set read protection", "only SWIM writes the ROP byte")

    def unlock(self) -> Unlocked:
        """Raise ProbeError: a read-protected chip does not start its loader."""
        unable("remove read protection", "a read-protected chip does not start its loader")

    def console(
        self,
        program: Optional[Program] = None,
        notice: Callable[[str], None] = lambda text: None,
        reload: Optional[Callable[[], Program]] = None,
    ) -> SwimConsole:
        """Raise ProbeError: the console needs SWIM."""
        unable("show the console of a program", "the console is read over SWIM")

    def variables(self, elf: Optional[str] = None, notice: Callable[[str], None] = lambda text: None) -> LiveVariables:
        """Raise ProbeError: variables of a program that runs need SWIM."""
        unable("show the variables of a program", "the memory of a program that runs is read over SWIM")

    def debugged(self, *, reset: bool) -> Core:
        """Raise ProbeError: a debugger needs SWIM."""
        unable("debug a program", "only SWIM halts the CPU")


def _no_session() -> Session:
    raise UsageError("a chip at a UART has no session over SWIM", hint=Hint("use an ST-LINK: {probe:stlink}"))
