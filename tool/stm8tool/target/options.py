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
    area = core.read(part.options.start, part.options.size)
    states = []
    for option in option_table(part):
        offset = option.address - part.options.start
        complement = area[offset + 1] if option.complement else None
        states.append(OptionState(option, area[offset], complement))
    return states


def show_a_cut_unlock(states: Sequence[OptionState]) -> bool:
    """Tell whether the option bytes are those of an unlock that was cut short between erase and rewrite."""
    return not all(state.consistent for state in states) and all(s.is_factory or s.is_zeroed for s in states)


def restorable(states: Iterable[OptionState], *, after_unlock: bool) -> list[OptionByte]:
    """Return the options that are not at their factory values and may be brought back to them.

    Args:
        states: As read from an open chip.
        after_unlock: The global erase has just zeroed everything: options that are otherwise left alone
            (reserved ones, TMU keys) are restored too.
    """
    policies = ("rop", "normal", "after-unlock") if after_unlock else ("rop", "normal")
    return [state.option for state in states if not state.is_factory and state.option.policy in policies]


def write_factory(core: Core, flash: Flash, options: Iterable[OptionByte]) -> None:
    """Write the factory value, and complement, of each of `options`; they count from the next reset on."""
    flash.unlock(program=False)
    flash.begin_options()
    for option in options:
        if option.policy == "never":
            raise ValueError(f"option byte {option.name} may never be written")
        flash.write_option(option.address, option.default)
        if option.complement:
            flash.write_option(option.address + 1, option.default ^ 0xFF)
    flash.end_options()
