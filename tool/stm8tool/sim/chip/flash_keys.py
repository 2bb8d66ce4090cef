"""The keys of the flash controller: which sequences open program memory, and data EEPROM with the option bytes.

Sources: RM0016 4.5.2 (STM8S/AF), RM0013 (STM8L101), PM0054 4.4 (STM8L), UM0560 (its boot ROM of version 1.2).
"""

from __future__ import annotations

from stm8tool.parts.table import Part

from ..faults import Faults
from ..rules import COUNTER, FLAG, Rule, number
from ..switches import Switches
from .options import is_l101

DUL, PUL = 0x08, 0x02  # of IAPSR
PUKR_KEYS = (0x56, 0xAE)
DUKR_KEYS = (0xAE, 0x56)

KEY_RULES: dict[str, Rule] = {
    **dict.fromkeys(("pul", "dul", "_pukr_dead", "_dukr_dead", "_high_voltage_off"), FLAG),
    **dict.fromkeys(("_pukr_step", "_dukr_step"), number(0, 1)),
    "_dul_misses": COUNTER,
}


class Keys:
    """The registers PUKR and DUKR, and the two locks that they open."""

    def __init__(self, part: Part, switches: Switches) -> None:
        self._part = part
        self._switches = switches
        self.faults = Faults()

    def _lock(self) -> None:
        """Do what a reset does."""
        self.pul = self.dul = False
        self._pukr_step = self._dukr_step = 0
        self._pukr_dead = self._dukr_dead = False
        self._dul_misses = self._switches.dul_misses if self.faults.dul_misses is None else self.faults.dul_misses
        self._high_voltage_off = False

    def _pukr(self, value: int) -> None:
        if self.pul or self._pukr_dead:
            return
        if value != PUKR_KEYS[self._pukr_step]:
            self._pukr_dead = True
            return
        self._pukr_step ^= 1
        if self._pukr_step == 0:
            self.pul = self._high_voltage_off = True

    def leave_open(self) -> None:
        """Open the flash as the boot ROM of a medium STM8L does: after a lock no key opens it again."""
        self.pul = self._pukr_dead = self._high_voltage_off = True

    def _dukr(self, value: int) -> None:
        if self.dul or self._dukr_dead:
            return
        if value != DUKR_KEYS[self._dukr_step]:
            self._dukr_dead = self._switches.dukr_second_key_locks and self._dukr_step == 1
            self._dukr_step = 0
            return
        self._dukr_step ^= 1
        if self._dukr_step:
            return
        if self._dul_misses:
            self._dul_misses -= 1
            return
        self.dul = self._high_voltage_off = True

    def _relock(self, value: int) -> None:
        if self.pul and not value & PUL:
            self.pul = False
            self._pukr_dead = self._pukr_dead or is_l101(self._part)  # once between two resets
        if not value & DUL:
            self.dul = False
