"""Option bytes: read them, and write all of them except the ROP byte. No other module writes them.

The value is written first, its complement directly after it. Until both match, the hardware uses the default of that
option. So a write that is cut short leaves the default, not some other value.

`never` names the values that no command writes, because they ruin a chip. These are PCODE of the STM8L (policy
"never"), a TMU switched off, and other values of reserved bytes. An address that is not listed has no name to ask for.
This module never turns ROP on: only `lock` in writing.py does.

Sources: datasheets and PM0054 5.5, RM0016 4.5; each row of parts/data/options.csv names its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Optional

from ...parts.table import OptionByte, Part, option_table
from ..flash.controller import Flash
from ..link.family import may_lack_the_pairs_of

_IN_EVERY_LAYOUT = range(0x4801, 0x480B)  # in every layout that has complements
_RESERVED = "RESERVED"
_TMU, _TMU_OFF = "TMU", 5  # the low half of the byte (Versaloon, confidence medium)


class OptionState(NamedTuple):
    """One option byte as the chip holds it.

    Attributes:
        option: Which one.
        value: The byte.
        complement: The byte after it; None if the layout has none.
        absent: The chip seems to have no such option byte: it is probably not the part that was named.
    """

    option: OptionByte
    value: int
    complement: Optional[int]
    absent: bool = False

    @property
    def consistent(self) -> bool:
        """False if value and complement do not match: the hardware then uses the default."""
        return self.complement is None or self.complement == self.value ^ 0xFF

    @property
    def in_force(self) -> int:
        """The value that the chip uses."""
        return self.value if self.consistent else self.option.default

    @property
    def is_zeroed(self) -> bool:
        """True if value and complement are 0x00, as after the global erase of an unlock."""
        return self.value == 0 and not self.complement

    @property
    def is_left_by_an_erase(self) -> bool:
        """True for a pair that does not match, as it may be between the global erase and the end of an unlock.

        Either the complement is still 0x00, or the factory value is there and the write of its complement was cut
        short. If a user's change is cut short, the complement is still that of the old value.
        """
        return not self.consistent and (self.complement == 0 or self.value in self.option.accepted)

    @property
    def is_factory(self) -> bool:
        """True if nothing needs to be written to have the factory setting."""
        return self.consistent and self.value in self.option.accepted


def read_as_listed(flash: Flash) -> list[OptionState]:
    """Read all option bytes that the part has, even if the chip may lack some; under ROP the values mean nothing."""
    core, part = flash.core, flash.part
    core.options_seen = area = core.read_surely(part.options.start, part.options.size)
    states = []
    for option in option_table(part):
        offset = option.address - part.options.start
        complement = area[offset + 1] if option.complement else None
        states.append(OptionState(option, area[offset], complement))
    return states


def read_one(flash: Flash, option: OptionByte) -> OptionState:
    """Return one option byte of an open chip; it is read unless it was seen before."""
    size, offset = 2 if option.complement else 1, option.address - flash.part.options.start
    held = flash.core.options_seen[offset : offset + size] or flash.core.read_surely(option.address, size)
    return OptionState(option, held[0], held[1] if option.complement else None)


def read_options(flash: Flash) -> list[OptionState]:
    """Read all option bytes of an open chip, and mark those that it may not have."""
    core, part = flash.core, flash.part
    states = read_as_listed(flash)
    wrong = [s.option.address for s in states if not s.consistent and not in_every_layout(s.option)]
    words = [{address // 4, (address + 1) // 4} for address in wrong]
    # A byte write that is cut short may ruin one word of four bytes. If all wrong pairs lie in one, they prove nothing.
    if not words or set.intersection(*words):
        return states
    if may_lack_the_pairs_of(part, core.seen, core.read_surely, as_after_a_cut=_look_like_a_cut_unlock(states)):
        return [state._replace(absent=_may_be_absent(state)) for state in states]
    return states


def _look_like_a_cut_unlock(states: Iterable[OptionState]) -> bool:
    """Tell whether the pairs look as they do between the global erase and the end of an unlock.

    An unlock writes the pairs above 0x480A first, in the order of their addresses, and then the common ones. So a cut
    leaves the last of them undone. Another tool may have written the common ones since then.
    """
    pairs = [state for state in states if state.complement is not None and not state.absent]
    others = [state for state in pairs if not in_every_layout(state.option)]
    left = [state for state in others if state.is_left_by_an_erase]
    common_is_left = any(s.is_left_by_an_erase for s in pairs if in_every_layout(s.option))
    return common_is_left or (bool(left) and others[-len(left) :] == left)


def _may_be_absent(state: OptionState) -> bool:
    return not in_every_layout(state.option) and (state.complement is None or not state.consistent)


def factory_states(part: Part) -> list[OptionState]:
    """Return the option bytes of `part` as an unlock leaves them."""
    return [
        OptionState(option, option.default, option.default ^ 0xFF if option.complement else None)
        for option in option_table(part)
    ]


def left_undone(states: Sequence[OptionState]) -> list[OptionByte]:
    """Return the option bytes that are still to be written after an unlock was cut short; none if nothing shows one.

    The sign is a pair of value and complement as the global erase leaves it. An unlock writes pairs last, and every
    writer of option bytes first finishes the unlock. So the sign stays until all is done.
    The chip uses the factory value for a pair that does not match. To write that value does not change the chip's work.
    """
    if not _look_like_a_cut_unlock(states):
        return []
    wrong = [s for s in states if not (s.is_factory or s.absent or s.option.policy == "never")]
    # Bytes without complement come before the pairs above 0x480A. If power fails then, they may hold any value.
    cut_first = all(s.is_zeroed for s in states if s.complement is not None and not in_every_layout(s.option))
    first = {s.option for s in wrong if cut_first and s.complement is None and s.option.policy == "after-unlock"}
    return [s.option for s in wrong if not s.consistent or s.is_zeroed or _is_reserved(s.option) or s.option in first]


def spoilt(
    before: Sequence[OptionState], states: Sequence[OptionState], asked: Collection[OptionByte]
) -> list[tuple[OptionState, int]]:
    """Return the options that changed though they are not in `asked`, with their old values, if these may be written.

    A write of one byte works on a word of four (RM0016 4.6.2). So a power failure may ruin the options beside it.
    """
    had = {state.option: state for state in before}
    found = []
    for state in states:
        option, (_, value, complement, _) = state.option, had[state.option]
        if option in asked or state.absent or (state.value, state.complement) == (value, complement):
            continue
        writable = not never(option, value) and (option.policy != "rop" or value in option.accepted)
        if had[option].consistent and writable:
            found.append((state, value))
    return found


def _is_reserved(option: OptionByte) -> bool:
    """Tell whether this option byte is reserved: no command changes its factory value."""
    return option.name.startswith(_RESERVED)


def show_a_cut_unlock(states: Sequence[OptionState]) -> bool:
    """Tell whether the option bytes are those of an unlock that was cut short, without any change since then."""
    pairs = [state for state in states if state.complement is not None and not state.absent]
    untouched = all(state.is_factory or not state.consistent for state in pairs)  # a power failure may leave any value
    return untouched and bool(left_undone(states))


def in_every_layout(option: OptionByte) -> bool:
    """Tell whether every chip of the family has this option byte or pair."""
    return option.address < _IN_EVERY_LAYOUT.stop


def restorable(states: Sequence[OptionState], *, after_unlock: bool) -> list[OptionByte]:
    """Return the options that are not at their factory values and may be brought back to them.

    Args:
        states: As read from an open chip.
        after_unlock: The global erase has just zeroed everything, so that options which no command changes otherwise
            (reserved ones, TMU keys) are restored, too. An unlock that was cut short has the same effect.
    """
    after_unlock = after_unlock or bool(left_undone(states))
    return [
        state.option
        for state in states
        if not (state.is_factory or state.absent or state.option.policy == "never")
        and (after_unlock or state.option.policy in ("rop", "normal") or not state.consistent)
    ]


def never(option: OptionByte, value: int) -> Optional[str]:
    """Return why `value` is never written to `option`, or None if it may be."""
    if option.policy == "never":
        return "any value except 0x00 can ruin the chip"
    if _is_reserved(option) and value != option.default:
        return "it is reserved"
    if option.name == _TMU and value & 0x0F == _TMU_OFF:
        return "this makes read protection permanent"
    return None


def write_factory(flash: Flash, options: Iterable[OptionByte]) -> None:
    """Write the factory value and complement of each of `options`; the chip uses them from its next reset on."""
    write_values(flash, [(option, option.default) for option in in_order(options)])


def in_order(options: Iterable[OptionByte]) -> list[OptionByte]:
    """Return `options` in the order in which a cut leaves a sign: those without complement first, common pairs last."""
    return sorted(options, key=lambda o: 2 if o.address in _IN_EVERY_LAYOUT else int(o.complement))


def write_values(flash: Flash, values: Sequence[tuple[OptionByte, int]]) -> None:
    """Write option bytes and their complements in this order; the chip uses them from its next reset on.

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
