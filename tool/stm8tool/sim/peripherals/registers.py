"""Ports, interrupt priorities, reset status: registers in which nothing happens by itself.

Source: RM0016 and RM0031: GPIO, ITC, RST. Nothing is connected to the pins. An input with a pull-up reads as 1, one
without a pull-up as 0. An open-drain output that is released also reads as 0.
"""

from __future__ import annotations

from ..rules import BYTE, hex_bytes
from ..state import GIVEN, State
from .device import Quiet

ODR, IDR, DDR, CR1, CR2 = range(5)
PORTS, PORT_SIZE, PORT_COUNT = 0x5000, 5, 9
PORT_D = 3
SWIM_PULL_UP = 0x02  # PD1 of the STM8S has its pull-up after a reset

SPR = range(0x7F70, 0x7F78)
LEVELS = {1: 1, 0: 2, 3: 3}  # I1, I0 of an interrupt; 2 is not allowed and changes nothing


class Ports(Quiet):
    """GPIOA to GPIOI."""

    STATE = State({"_values": hex_bytes(PORT_SIZE * PORT_COUNT)}, left={"_swim_pull_up": GIVEN})

    def __init__(self, *, swim_pull_up: bool) -> None:
        self._swim_pull_up = swim_pull_up
        self.reset(0.0)

    def reset(self, _now: float) -> None:
        """Make every pin an input that floats."""
        self._values = bytearray(PORT_SIZE * PORT_COUNT)
        if self._swim_pull_up:
            self._values[PORT_SIZE * PORT_D + CR1] = SWIM_PULL_UP

    def holds(self, address: int) -> bool:
        """True for an address of a port."""
        return 0 <= address - PORTS < len(self._values)

    def read(self, address: int, _now: float) -> int:
        """Return a register; IDR shows the levels of the pins."""
        port, register = divmod(address - PORTS, PORT_SIZE)
        return self.levels(port) if register == IDR else self._values[address - PORTS]

    def write(self, address: int, value: int, _now: float) -> None:
        """Write a register; IDR cannot be written."""
        if (address - PORTS) % PORT_SIZE != IDR:
            self._values[address - PORTS] = value

    def levels(self, port: int) -> int:
        """Return the levels of the pins of a port: 0 is GPIOA."""
        output, _, outputs, pulled, _ = self._values[port * PORT_SIZE : (port + 1) * PORT_SIZE]
        return int((outputs & pulled & output) | (~outputs & pulled & 0xFF))


class Priorities(Quiet):
    """ITC_SPR1 to ITC_SPR8."""

    reaches_others = True
    STATE = State({"_values": hex_bytes(len(SPR))})

    def __init__(self) -> None:
        self.reset(0.0)

    def reset(self, _now: float) -> None:
        """Give every interrupt level 3."""
        self._values = bytearray([0xFF] * len(SPR))

    def level(self, number: int) -> int:
        """Return the level of an interrupt, 1 to 3."""
        return LEVELS[self._values[number // 4] >> number % 4 * 2 & 3]

    def holds(self, address: int) -> bool:
        """True for an address of these registers."""
        return address in SPR

    def read(self, address: int, _now: float) -> int:
        """Return a register."""
        return self._values[address - SPR.start]

    def write(self, address: int, value: int, _now: float) -> None:
        """Write a register."""
        held = self._values[address - SPR.start]
        for shift in range(0, 8, 2):
            if value >> shift & 3 in LEVELS:
                held = held & ~(3 << shift) | value & 3 << shift
        self._values[address - SPR.start] = held


class ResetStatus(Quiet):
    """RST_SR: a bit for each cause of a reset, cleared by writing 1."""

    STATE = State({"causes": BYTE}, left=dict.fromkeys(("_address", "_at_power_on"), GIVEN))

    def __init__(self, address: int, at_power_on: int) -> None:
        self._address = address
        self._at_power_on = at_power_on
        self.power_on()

    def power_on(self) -> None:
        """Forget the causes of former resets."""
        self.causes = self._at_power_on

    def reset(self, _now: float) -> None:
        """Keep the causes: the code that resets the chip sets the new bit."""

    def holds(self, address: int) -> bool:
        """True for the address of RST_SR."""
        return address == self._address

    def read(self, _address: int, _now: float) -> int:
        """Return the causes since they were cleared."""
        return self.causes

    def write(self, _address: int, value: int, _now: float) -> None:
        """Clear the bits that are 1 in `value`."""
        self.causes &= ~value
