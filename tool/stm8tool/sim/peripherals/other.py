"""The place of the registers that are not modelled: they keep the written values, and it tells this once a peripheral.

A gap that stopped the run would stop most firmware at its start-up code, which sets registers that it does not need.
Until a register is written, it has its value after a reset. A flag that says "ready" falls with the first write to
its peripheral, and never rises: no work is done here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from ..rules import PAIRS
from ..state import GIVEN, State
from .device import Quiet
from .resets import Resets

_log = logging.getLogger(__name__)

PERIPHERALS = range(0x5000, 0x5800)
FLASH_WINDOW = range(0x5050, 0x5070)
CORE = range(0x7F00, 0x8000)
CFG_GCR = 0x7F60


class Unmodelled(Quiet):
    """Every register that no other device and no memory holds.

    Attributes:
        used: The peripherals that the program has used.
    """

    STATE = State(
        {"_written": PAIRS},
        left={
            **dict.fromkeys(("_names", "_taken", "_resets", "_warn"), GIVEN),
            "_values": "saved as `written`",
            **dict.fromkeys(("used", "_told", "_told_by_swim"), "told once in each run"),
        },
    )

    def __init__(self, names: Mapping[int, str], taken: range, resets: Resets, warn: Callable[[str], None]) -> None:
        self._names = names
        self._taken = taken
        self._resets = resets
        self._warn = warn
        self.used: list[str] = []
        self._told: set[int] = set()  # addresses whose peripheral is in `used`
        self._told_by_swim: set[str] = set()
        self._values: dict[int, int] = {}

    @property
    def _written(self) -> list[list[int]]:
        return [list(pair) for pair in self._values.items()]

    @_written.setter
    def _written(self, pairs: list[list[int]]) -> None:
        self._values = {address: value & 0xFF for address, value in pairs}

    def forget_used(self) -> None:
        """Tell of each peripheral once more."""
        self.used.clear()
        self._told.clear()

    def reset(self, _now: float) -> None:
        """Forget what was written."""
        self._values.clear()

    def holds(self, address: int) -> bool:
        """True for an address where a peripheral could be."""
        if address in self._taken or address in FLASH_WINDOW:
            return False
        return address in PERIPHERALS or (address in CORE and address != CFG_GCR)

    def read(self, address: int, _now: float) -> int:
        """Return what was written there last, or the value after a reset."""
        self._tell(address, "reads")
        return self._value(address)

    def write(self, address: int, value: int, _now: float) -> None:
        """Keep a value."""
        self._tell(address, "writes")
        self._values[address] = value

    def read_by_swim(self, address: int) -> int:
        """Return what the program would read; SWIM reaches every register, so no use of the program is noted."""
        self._tell_of_swim(address)
        return self._value(address)

    def write_by_swim(self, address: int, value: int) -> None:
        """Keep a value."""
        self._tell_of_swim(address)
        self._values[address] = value

    def _value(self, address: int) -> int:
        if address in self._values:
            return self._values[address]
        if address in self._resets.flags and any(self._base(at) == self._base(address) for at in self._values):
            return 0
        return self._resets.values.get(address, 0)

    def _tell_of_swim(self, address: int) -> None:
        name = self._name(address)
        if name not in self._told_by_swim:
            self._told_by_swim.add(name)
            _log.warning(
                "the simulator does not model %s at 0x%06X: its registers show their values after a reset, or what "
                "was written last. Nothing works there, so a real chip may show other values",
                name,
                address,
            )

    def _tell(self, address: int, verb: str) -> None:
        if address in self._told:
            return
        self._told.add(address)
        name = self._name(address)
        if name not in self.used:
            self.used.append(name)
            self._warn(
                f"the program {verb} {name} at 0x{address:06X}, which is not modelled: its registers read as they "
                "were written last, and no status bit ever rises"
            )

    def _base(self, address: int) -> int:
        """Return where the peripheral with an address begins; the address itself if none is known."""
        return max((start for start in self._names if start <= address), default=address)

    def _name(self, address: int) -> str:
        if address in CORE:
            return "a register of the CPU"
        return self._names.get(self._base(address), "a register")
