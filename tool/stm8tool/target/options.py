"""Option bytes: what the chip holds, and the only place that writes them but for the ROP byte.

Value first, complement directly behind it: until both fit the hardware uses the default of that option, so that no
cut leaves a value that nobody asked for. `never` says what is not written whoever asks for it, because it ruins a
chip: PCODE of the STM8L (policy "never"), a TMU switched off, other values of reserved bytes; addresses that are
not listed cannot be named. Nothing here turns ROP on: that is `lock` in option_writing.py alone.

Sources: datasheets and PM0054 5.5, RM0016 4.5; each row of data/options.csv names its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

from ..devices import OptionByte, Part, option_table
from .core import Core
from .flash import Flash

_IN_EVERY_LAYOUT = range(0x4801, 0x480B)  # of those with complements
_RESERVED = "RESERVED"
_TMU, _TMU_OFF = "TMU", 5  # the low half of the byte (Versaloon, confidence medium)


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
    def in_force(self) -> int:
        """The value that the chip uses."""
        return self.value if self.consistent else self.option.default

    @property
    def is_zeroed(self) -> bool:
        """True where all is 0x00, as the global erase of an unlock leaves it."""
        return self.value == 0 and not self.complement

    @property
    def is_half_restored(self) -> bool:
        """True where the factory value is back after that, and its complement not yet."""
        return self.value in self.option.accepted and self.complement == 0

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


def factory_states(part: Part) -> list[OptionState]:
    """Return the option bytes of `part` as an unlock leaves them."""
    return [
        OptionState(option, option.default, option.default ^ 0xFF if option.complement else None)
        for option in option_table(part)
    ]


def show_a_cut_unlock(states: Sequence[OptionState]) -> bool:
    """Tell whether the option bytes are those of an unlock that was cut short between erase and rewrite.

    Only those count that every chip with complements has: behind them, a part that is not the one that was named
    may have nothing, which reads as 0x00 too.
    """
    common = [state for state in states if state.option.complement and state.option.address in _IN_EVERY_LAYOUT]
    return not all(s.consistent for s in common) and all(
        s.is_factory or s.is_zeroed or s.is_half_restored for s in common
    )


def beyond_the_chip(states: Iterable[OptionState]) -> list[OptionByte]:
    """Return the options of the part that an open chip of another part has not: pairs of zeros behind the common ones.

    A write that was cut short may have left zeros in one word of four bytes. With a common pair that does not match it
    is an unlock that was cut short: `write_factory` has those last.
    """
    pairs = [state for state in states if state.option.complement]
    zeroed = [s.option for s in pairs if s.is_zeroed and s.option.address not in _IN_EVERY_LAYOUT]
    words = [{option.address // 4, (option.address + 1) // 4} for option in zeroed]
    whole = all(s.consistent for s in pairs if s.option.address in _IN_EVERY_LAYOUT)
    return zeroed if whole and words and not set.intersection(*words) else []


def in_every_layout(option: OptionByte) -> bool:
    """Tell whether every chip of the family has this option byte, or pair."""
    return option.address < _IN_EVERY_LAYOUT.stop


def restorable(states: Iterable[OptionState], *, after_unlock: bool) -> list[OptionByte]:
    """Return the options that are not at their factory values and may be brought back to them.

    Args:
        states: As read from an open chip.
        after_unlock: The global erase has just zeroed everything: options that are otherwise left alone
            (reserved ones, TMU keys, zeros for pairs that not every layout has) are restored too.
    """
    if after_unlock:
        return [state.option for state in states if not state.is_factory and state.option.policy != "never"]
    return [
        state.option
        for state in states
        if not state.is_factory
        and state.option.policy in ("rop", "normal")
        and (state.consistent or not state.is_zeroed or state.option.address in _IN_EVERY_LAYOUT)
    ]


def never(option: OptionByte, value: int) -> Optional[str]:
    """Return why `value` is never written to `option`, or None if it may be."""
    if option.policy == "never":
        return "another value than 0x00 can ruin the chip"
    if option.name.startswith(_RESERVED) and value != option.default:
        return "it is reserved"
    if option.name == _TMU and value & 0x0F == _TMU_OFF:
        return "this makes read protection permanent"
    return None


def write_factory(flash: Flash, options: Iterable[OptionByte]) -> None:
    """Write the factory value, and complement, of each of `options`; they count from the next reset on."""
    # Those of every layout come last: as long as they are not all right, the whole is seen to be unfinished.
    ordered = sorted(options, key=lambda option: option.address in _IN_EVERY_LAYOUT)
    write_values(flash, [(option, option.default) for option in ordered])


def write_values(flash: Flash, values: Sequence[tuple[OptionByte, int]]) -> None:
    """Write option bytes and their complements in this order; they count from the next reset on.

    Raises:
        ValueError: One of the values ruins or locks a chip; nothing was written.
    """
    for option, value in values:
        if never(option, value) or (option.policy == "rop" and value not in option.accepted):
            raise ValueError(f"0x{value:02X} is not written to option byte {option.name}")
    flash.unlock(program=False)
    flash.begin_options()
    for option, value in values:
        flash.write_option(option.address, value)
        if option.complement:
            flash.write_option(option.address + 1, value ^ 0xFF)
    flash.end_options()
