"""Decide whether a job uses the loader. If the loader does not do its work, begin the same job without it.

Only a job that uses the loader imports the loader's modules, because that takes time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Optional, TypeVar, Union

from ....errors import LINK_ERRORS, VerifyError
from ....image import Segment
from ....parts.table import Region
from ... import registers as reg
from ...link.core import WRITE_ENDS_S
from ..blocks import spans
from ..controller import Flash
from ..swim_work import Progress, SwimWork

if TYPE_CHECKING:
    from .work import LoaderWork

WORTH_BLOCKS = 20  # for fewer, the start of the loader costs more time than it saves
_LOST_LINKS = 2  # after so many, every byte less that a write needs counts for more than time

Work = Union["LoaderWork", SwimWork]

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class LoaderUse:
    """The loader for the jobs of one `Programmer`.

    Args:
        swim: What does the work without it.
        flash: The controller of a connected chip.
        progress: Called with stage, bytes done, bytes in all.
        wanted: False if the user turned it off.
    """

    def __init__(self, swim: SwimWork, flash: Flash, progress: Progress, *, wanted: bool) -> None:
        self._swim = swim
        self._flash = flash
        self._core = flash.core
        self._progress = progress
        self._wanted = wanted
        self._links_lost = 0

    def do(
        self,
        segments: Callable[[], Sequence[Segment]],
        job: Callable[[Sequence[Segment], Work], _Result],
        progress: Callable[[], int] = lambda: 0,
    ) -> _Result:
        """Return what `job` returns. It gets a loader that runs, and is begun again without one if that fails.

        Args:
            segments: What the job is about; asked anew for each try.
            job: Looks at the chip before it writes. LoaderError ends the use of the loader.
            progress: How much is done for good: a link that is lost after some of it is for the caller to mend.
        """
        while True:
            wanted = segments()
            before = progress()
            work = self._work(wanted)
            if work is None:
                return job(wanted, self._swim)
            from .records import LoaderError

            try:
                work.loader.start()
                _log.info("a loader in the chip's RAM does the work")
                result = job(wanted, work)
                work.loader.stop()
                return result
            except LoaderError as exc:
                self._give_up(exc)
            except LINK_ERRORS as exc:
                self._links_lost += 1
                self._wanted = self._links_lost < _LOST_LINKS
                if progress() > before:
                    raise
                self._wanted = False
                _log.warning("%s; connecting again", exc)
                self._core.tally.reconnects += 1
            except BaseException as exc:  # the caller may go on with the chip, whose CPU is stalled then
                self._stall(work)
                if isinstance(exc, VerifyError) and progress() > before:
                    self._give_up(exc)  # what it has programmed is wrong: the next try does without it
                raise
            # The chip may run anything now. To connect resets it.
            self._core.clock.sleep(WRITE_ENDS_S)
            self._core.connect()

    def _give_up(self, why: Exception) -> None:
        _log.info("the loader is given up: %s; programming over SWIM, block by block", why)
        self._wanted = False

    def _stall(self, work: LoaderWork) -> None:
        """End the loader after an error. That error goes to the user, and one of the end does not."""
        from .records import LoaderError

        try:
            work.stop()
        except (*LINK_ERRORS, LoaderError) as exc:
            _log.debug("while the loader is stopped: %s", exc)

    def _work(self, segments: Sequence[Segment]) -> Optional[LoaderWork]:
        """Return a loader that is not started yet, if this job is to have one."""
        part = self._flash.part
        if not self._wanted or not segments or not _are_in_blocks(segments, part.programmable):
            return None
        size = part.block
        if sum(span.end - span.start for span in spans(segments, size)) < WORTH_BLOCKS * size:
            return None
        from . import variants

        why, iapsr = variants.obstacle(part), 0
        if why is None:
            self._core.check_reaches(max(segment.end for segment in segments))
            iapsr = self._flash.status()
            if iapsr & reg.IAPSR_ROP_ACTIVE:
                why = "the chip shows that it is read-protected"
        if why is not None:
            _log.info("no loader: %s", why)
            self._wanted = False
            return None
        from .work import LoaderWork

        return LoaderWork(self._core, part, self._progress, iapsr)


def _are_in_blocks(segments: Sequence[Segment], memories: Sequence[Region]) -> bool:
    return all(
        any(memory.start <= segment.address and segment.end <= memory.end for memory in memories)
        for segment in segments
    )
