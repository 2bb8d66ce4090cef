"""A chip in a `with` statement: its probe, its part, and the connection. `api.Chip` adds the jobs.

`session.py` handles one use of the probe.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Optional, TypeVar

from .chip import upload
from .chip.flash.controller import Flash
from .chip.programmer import Programmer, Progress, silent
from .errors import UsageError
from .image import Image

if TYPE_CHECKING:
    from .chip.facts import ChipInfo
    from .chip.link.quality import Quality
    from .parts.table import Part
    from .probe.base import ProbeInfo
    from .session import Session

_Itself = TypeVar("_Itself", bound="ConnectedChip")


class ConnectedChip:
    """A chip that is connected to a probe inside a `with` statement."""

    def __init__(
        self, begin: Callable[[], Session], part: Optional[Part], progress: Progress = silent, *, loader: bool = True
    ) -> None:
        self._begin = begin  # finds the probe for one `with` statement
        self._part = part
        self._progress = progress
        self._loader = loader
        self._last: Optional[Session] = None
        self._is_open = False

    def __enter__(self: _Itself) -> _Itself:
        """Find and open the probe. The first job connects to the chip."""
        if self._is_open:
            raise UsageError("this chip is in use already", hint="leave its `with` statement first")
        self._last = self._begin()
        self._last.__enter__()
        self._is_open = True
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Let the program run and release the probe."""
        session = self._session
        self._is_open = False
        session.__exit__(kind, error, trace)

    @property
    def _session(self) -> Session:
        if self._last is None or not self._is_open:
            raise UsageError("the probe is not open", hint="use the chip inside `with stm8tool.open(…) as chip:`")
        return self._last

    def _flash(self) -> Flash:
        """Connect to the chip, for a job that needs the part; UsageError if none was named."""
        part, session = self.part, self._session
        session.known = Image()
        return Flash(session.connect(), part)

    def _open_flash(self) -> Flash:
        """Do `_flash`; ReadoutProtectedError if the chip is locked."""
        flash = self._flash()
        upload.require_open(flash)
        return flash

    def _programmer(self, flash: Flash) -> Programmer:
        return Programmer(flash, self._progress, loader=self._loader)

    @property
    def part(self) -> Part:
        """The part; UsageError if none was named."""
        if self._part is None:
            raise UsageError("which chip?", hint="name it: stm8tool.open(probe, part='stm8s103f3')")
        return self._part

    @property
    def probe(self) -> ProbeInfo:
        """Model, firmware and serial number of the probe."""
        return self._session.probe

    @property
    def supply_mv(self) -> Optional[int]:
        """The chip's supply as the probe measures it, in mV; None if it cannot."""
        return self._session.supply_mv

    @property
    def resets_for_options(self) -> bool:
        """True if option bytes are read back after a reset, which brings them into force."""
        return True

    def how_connected(self, info: ChipInfo) -> str:
        """Return how the chip was reached, in words."""
        from .chip import wording

        return f"{info.recipe}; {wording.speed(info.high_speed)}"

    @property
    def quality(self) -> Quality:
        """The repetitions so far; after the `with` statement, all of them."""
        return (self._last or self._session).quality

    @property
    def starts_program(self) -> Optional[bool]:
        """After the `with` statement: whether the chip has a program, which then runs. None if this is not known."""
        return self._last.starts_program if self._last else None

    def expect_program(self) -> None:
        """Look for a program when the `with` statement ends, and warn if there is none.

        `reset`, and `write` of flash, call this themselves. `erase`, `restore`, `run` and `unlock` undo it.
        """
        self._session.expects_program = True

    def connect(self) -> None:
        """Connect to the chip now. Without this call, the first job that needs the chip connects."""
        self._session.connect()
