"""Option bytes: what the chip holds, and bringing them back to their factory values.

This is the only place that writes option bytes, and it writes nothing but factory values from the device
table, value first and complement directly behind it. So the tool can neither lock a chip nor reach what
would brick one: PCODE of the STM8L (policy "never"), a TMU switched off, addresses that are not listed.

Sources: datasheets and PM0054 5.5, RM0016 4.5; each row of data/options.csv names its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

from ..devices import OptionByte, Part, option_table
from .core import Core
from .flash import Flash

_IN_EVERY_LAYOUT = range(0x4801, 0x480B)  # of those with complements


class OptionState(NamedTuple):
    """One option byte as the chip holds it; `complement` is None where the layout has none."""

    option: OptionByte
    value: int
    complement: Optional[int]

    @property
    def consistent(self) -> bool:
        """False where value and complement do not match: the hardware then uses the default."""
        return self.complement is None or self.complement == self.value ^ 0xFF

    @property
    def is_zeroed(self) -> bool:
        """True where all is 0x00, as the global erase of an unlock leaves it."""
        return self.value == 0 and not self.complement

    @property
    def is_factory(self) -> bool:
        """True where nothing needs to be written to have the factory setting."""
        return self.consistent and self.value in self.option.accepted


def read_options(core: Core, part: Part) -> list[OptionState]:
    """Read all option bytes of `part`; under ROP the values mean nothing."""
    area = core.read_surely(part.options.start, part.options.size)
    states = []
    for option in option_table(part):
        offset = option.address - part.options.start
        complement = area[offset + 1] if option.complement else None
        states.append(OptionState(option, area[offset], complement))
    return states


def show_a_cut_unlock(states: Sequence[OptionState]) -> bool:
    """Tell whether the option bytes are those of an unlock that was cut short between erase and rewrite.

    Only those count that every chip with complements has: behind them, a part that is not the one that was named
    may have nothing, which reads as 0x00 too.
    """
    common = [state for state in states if state.option.complement and state.option.address in _IN_EVERY_LAYOUT]
    return not all(s.consistent for s in common) and all(s.is_factory or s.is_zeroed for s in common)


def restorable(states: Iterable[OptionState], *, after_unlock: bool) -> list[OptionByte]:
    """Return the options that are not at their factory values and may be brought back to them.

    Args:
        states: As read from an open chip.
        after_unlock: The global erase has just zeroed everything: options that are otherwise left alone
            (reserved ones, TMU keys, pairs without a complement that no erase explains) are restored too.
    """
    if after_unlock:
        return [state.option for state in states if not state.is_factory and state.option.policy != "never"]
    return [
        state.option
        for state in states
        if not state.is_factory
        and state.option.policy in ("rop", "normal")
        and (state.consistent or state.option.address in _IN_EVERY_LAYOUT)
    ]


def write_factory(core: Core, flash: Flash, options: Iterable[OptionByte]) -> None:
    """Write the factory value, and complement, of each of `options`; they count from the next reset on."""
    flash.unlock(program=False)
    flash.begin_options()
    # Those of every layout come last: as long as they are not all right, the whole is seen to be unfinished.
    for option in sorted(options, key=lambda option: option.address in _IN_EVERY_LAYOUT):
        if option.policy == "never":
            raise ValueError(f"option byte {option.name} may never be written")
        flash.write_option(option.address, option.default)
        if option.complement:
            flash.write_option(option.address + 1, option.default ^ 0xFF)
    flash.end_options()
