"""Option bytes: what the chip holds, and bringing them back to their factory values.

This is the only place that writes option bytes, value first and complement directly behind it, and it writes
factory values from the device table, or those of a backup (`restored`). The tool can neither lock a chip nor reach
what would brick one: PCODE of the STM8L (policy "never"), a TMU switched off, addresses that are not listed.

Sources: datasheets and PM0054 5.5, RM0016 4.5; each row of data/options.csv names its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

from ..devices import OptionByte, Part, option_table
from ..image import Segment
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
    # Those of every layout come last: as long as they are not all right, the whole is seen to be unfinished.
    ordered = sorted(options, key=lambda option: option.address in _IN_EVERY_LAYOUT)
    write_values(flash, [(option, option.default) for option in ordered])


def write_values(flash: Flash, values: Iterable[tuple[OptionByte, int]]) -> None:
    """Write `values` and their complements in this order; they count from the next reset on."""
    flash.unlock(program=False)
    flash.begin_options()
    for option, value in values:
        if option.policy == "never":
            raise ValueError(f"option byte {option.name} may never be written")
        flash.write_option(option.address, value)
        if option.complement:
            flash.write_option(option.address + 1, value ^ 0xFF)
    flash.end_options()


class Restored(NamedTuple):
    """What of the option bytes in a backup can be brought back, and what is left out and why, a line each."""

    values: tuple[tuple[OptionByte, int], ...]
    left_out: tuple[str, ...]


def restored(segments: Sequence[Segment], states: Iterable[OptionState]) -> Restored:
    """Return what a backup asks for.

    Protection is never set, what is never written is not, and what only an unlock may touch comes back at its factory
    value only.

    Args:
        segments: The backup's data in the option area.
        states: What the open chip holds.
    """
    held = {segment.address + at: byte for segment in segments for at, byte in enumerate(segment.data)}
    values, left_out = [], []
    for state in states:
        option, value = state.option, held.get(state.option.address)
        complement = held.get(option.address + 1) if option.complement else None
        if value is None or (option.complement and complement is None):
            continue
        if (value, complement) == (state.value, state.complement):
            continue
        if complement is not None and complement != value ^ 0xFF:
            left_out.append(f"{option.name}: its complement does not match in the file")
        elif option.policy == "rop":
            if value not in option.accepted:
                left_out.append(f"{option.name}: read protection is never restored")
        elif option.policy == "never" or (option.policy == "after-unlock" and value not in option.accepted):
            left_out.append(f"{option.name}: the file has 0x{value:02X}, which is not written")
        else:
            values.append((option, value))
    return Restored(tuple(values), tuple(left_out))
