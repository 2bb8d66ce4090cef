"""When our loader in the chip's RAM does the work, how it gets there, and the way back to the boot ROM."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Optional

from ...chip.flash.blocks import Span
from ...parts.table import Part
from ..link import MOST_WRITTEN, LoaderLink
from ..settings import UartMode
from . import START, code, obstacle, variant
from .link import RESETS_ITSELF_S, LoaderInRam, pieces

_WORTH_BLOCKS = 6  # its 700 bytes take as long on the wire as the boot ROM needs for three blocks
_BEGINS_S = 0.002  # it makes its table; bytes that come meanwhile would be lost

_log = logging.getLogger(__name__)


class InRam:
    """Our loader in the RAM of one chip.

    Args:
        part: The chip.
        mode: How its UART works.
        baud: The speed of the wire.
        again: Reaches the loader in the boot ROM anew.
    """

    def __init__(self, part: Part, mode: UartMode, baud: int, again: Callable[[], LoaderLink]) -> None:
        self._part = part
        self._mode = mode
        self._baud = baud
        self._again = again

    def is_worth(self, covered: Sequence[Span]) -> bool:
        """Tell whether so much is written that the loader saves time."""
        return sum(span.end - span.start for span in covered) >= _WORTH_BLOCKS * self._part.block

    def start(self, link: LoaderLink) -> Optional[LoaderInRam]:
        """Return our loader, which runs; None if this chip cannot have it.

        Raises:
            SerialError: It does not answer.
        """
        if isinstance(link, LoaderInRam):
            return link
        why = obstacle(self._part, self._mode)
        if why is not None:
            _log.info("no loader in RAM: %s", why)
            return None
        data = code(variant(self._part, self._mode))
        for number, piece in enumerate(pieces(data, MOST_WRITTEN)):
            address = START + number * MOST_WRITTEN
            link.persist(lambda address=address, piece=piece: link.write(address, piece))  # type: ignore[misc]
        link.persist(lambda: link.go(START))
        link.line.clock.sleep(_BEGINS_S)
        found = LoaderInRam(link, self._part, self._baud)
        found.greet(data)
        _log.info("a loader in the chip's RAM does the work")
        return found

    def back(self, link: LoaderLink) -> LoaderLink:
        """Return the loader in the boot ROM, after a reset of the chip."""
        if isinstance(link, LoaderInRam):
            link.reset_chip()
        else:
            link.line.clock.sleep(RESETS_ITSELF_S)  # if it runs, and does not hear
        found = self._again()
        found.repeated += link.repeated
        return found
