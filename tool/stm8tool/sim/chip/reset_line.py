"""NRST between the pin of the probe and the reset of the chip: a filter in the chip, and the capacitor of the board.

Source: the NRST pin characteristics in the datasheets (confidence high). An STM8S filters pulses up to 75 ns and takes
them from 500 ns on. An STM8L filters up to 50 ns and takes them from 300 ns on. Between the two either may happen; here
the chip takes none. The datasheets recommend 100 nF. With the chip's pull-up of 30 to 80 kOhm, NRST then rises some
3 to 10 ms late. A fault says by how much both edges are late: no source has measured it on a board.
"""

from __future__ import annotations

from typing import Optional

from ..state import GIVEN, State

SHORTEST_S = {"stm8s": 500e-9, "stm8l": 300e-9}  # by register map


class ResetLine:
    """One NRST line.

    Attributes:
        driven_low: The probe holds its pin low.
        follows_at: When the chip sees the new level, unless it changes before; None if the chip sees it already.
    """

    STATE = State(
        left={
            "_shortest_s": GIVEN,
            "driven_low": "saved as `nrst_low` of the chip",
            "follows_at": "before a board is saved, the chip sees it",
        }
    )

    def __init__(self, register_map: str) -> None:
        self._shortest_s = SHORTEST_S[register_map]
        self.driven_low = False
        self.follows_at: Optional[float] = None

    @property
    def low(self) -> bool:
        """The level that the chip sees."""
        return self.driven_low if self.follows_at is None else not self.driven_low

    def drive(self, low: bool, now: float, slow_s: float) -> None:
        """Move the pin; the chip never sees a pulse that is over before it would."""
        if low == self.driven_low:
            return
        self.driven_low = low
        seen = self.follows_at is None
        self.follows_at = now + slow_s + (self._shortest_s if low else 0.0) if seen else None

    def follow(self) -> None:
        """Let the chip see the level of the probe's pin."""
        self.follows_at = None
