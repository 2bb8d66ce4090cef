"""A probe that is not an ST-LINK and not on USB: `SwimLink`, written from its description alone.

It has a `PlainChip` at its end. `fault` is called before each operation with the name of the operation, and raises what
the link would raise. `damage` has the bits that are wrong in every byte from the chip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

import pytest

from cli.plain_chip import Facts, PlainChip, RefusedError, SilentError
from clocks import StandingClock
from stm8tool import selector
from stm8tool.errors import LinkFault, ProbeError, SwimError
from stm8tool.probe.base import ProbeInfo
from stm8tool.probe.listing import ListedProbe, ProbeList
from stm8tool.support.clock import Clock
from stm8tool.words import Words

SELECTOR = "wire:bench"
_BYTE_S = {False: 11 * 2.75e-6, True: 11 * 1.25e-6}


class SecondProbe:
    """The link. What it does to the chip is all that `calls` has, by name."""

    exchanges_repeated = reads_repeated = 0
    resets_on_entry = False

    def __init__(self, facts: Facts, *, has_high_speed: bool = True) -> None:
        self.clock: Clock = StandingClock(100.0)
        self.chip = PlainChip(facts, self.clock.now)
        self.has_high_speed = has_high_speed
        self.most_written = 4096
        self.high_speed = False
        self.info = ProbeInfo("Bench wire", "7", None, SELECTOR)
        self.place = SELECTOR
        self.calls: list[str] = []
        self.opened = False
        self.fault: Callable[[str], None] = lambda name: None
        self.damage = 0

    def _begin(self, name: str) -> None:
        if not self.opened:
            raise AssertionError(f"{name} on a link that is not open")
        self.calls.append(name)
        self.fault(name)

    def _reach(self, act: Callable[[], object]) -> None:
        try:
            act()
        except SilentError:
            raise SwimError("nothing comes back on the wire", fault=LinkFault.SILENT, hint="look at the wire") from None
        except RefusedError:
            raise SwimError("the chip sends no acknowledge", fault=LinkFault.REFUSED, hint="look at NRST") from None

    def open(self) -> None:
        self.opened = True
        try:
            self._begin("open")
        except BaseException:
            self.opened = False
            raise

    def close(self) -> None:
        self.chip.move_nrst(low=False)
        self.opened = False

    def restart(self) -> None:
        self._begin("restart")
        self.high_speed = False

    def recover(self) -> None:
        self._begin("recover")
        self.chip.move_nrst(low=False)
        self.high_speed = False

    def assert_reset(self) -> None:
        self._begin("assert_reset")
        self.chip.move_nrst(low=True)

    def release_reset(self) -> None:
        self._begin("release_reset")
        self.chip.move_nrst(low=False)

    def enter(self, first_poll_s: float) -> None:
        self._begin("enter")
        self.clock.sleep(first_poll_s)
        self.high_speed = False
        self.chip.enter()

    def resync(self) -> None:
        self._begin("resync")
        self.high_speed = False
        self._reach(self.chip.resync)

    def system_reset(self) -> None:
        self._begin("system_reset")
        self._reach(self.chip.system_reset)

    def set_speed(self, high: bool) -> None:
        self._begin("set_speed")
        if high and not self.has_high_speed:
            raise ProbeError("this wire has low speed only")
        self.high_speed = high

    def rotf(self, address: int, size: int) -> bytes:
        self._begin("rotf")
        self.clock.sleep(size * _BYTE_S[self.high_speed])
        found = bytearray()
        self._reach(lambda: found.extend(self.chip.read(address, size, self.high_speed)))
        return bytes(byte ^ self.damage for byte in found)

    def wotf(self, address: int, data: bytes, *, whole: bool = False) -> None:
        self._begin("wotf")
        self.clock.sleep(len(data) * _BYTE_S[self.high_speed])
        self._reach(lambda: self.chip.write(address, data, self.high_speed))

    def supply_mv(self) -> Optional[int]:
        self._begin("supply_mv")
        return None

    @property
    def is_left_tidy(self) -> bool:
        """True where the link is closed, the program runs from its start, and nothing was done that harms a chip."""
        return not self.opened and self.chip.runs_at == 0x8000 and self.chip.violations == []


def attach(monkeypatch: pytest.MonkeyPatch, probe: SecondProbe) -> SecondProbe:
    """Make `probe` what `--probe wire:…` means."""

    def attached(_selector: str, _words: Words) -> ProbeList:
        info = probe.info
        return ProbeList([ListedProbe(info.model, info.serial, False, info.place, firmware=info.firmware)], [])

    monkeypatch.setitem(selector.KINDS, "wire:", selector.ProbeKind(lambda _: probe, attached, probe.info.model))
    return probe
