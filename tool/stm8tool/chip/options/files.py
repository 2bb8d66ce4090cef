"""The changes that the option bytes of a file ask for: an image is read strictly, a backup leniently.

Pure: nothing here touches a chip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Optional

from ...errors import Code, ImageError, UsageError
from ...parts.option_fields import fields_of
from ...parts.table import Part
from .bytes import OptionState
from .plan import Change, check, check_area, check_layout, never_written

_BLANK = (0x00, 0xFF)  # between options, as blank bytes and as their complements


class RestorePlan(NamedTuple):
    """The option bytes of a backup that must change, and a line for each one that is left out, with the reason."""

    changes: tuple[Change, ...]
    left_out: tuple[str, ...]


def plan_restore(part: Part, states: Sequence[OptionState], held: Mapping[int, int]) -> RestorePlan:
    """Return the changes for a backup, without those that protect, are never written, or belong to an unlock alone.

    Args:
        part: The chip.
        states: Its option bytes, read from an open chip.
        held: The bytes of the backup in the option area, by address.
    """
    changes, left_out = [], []
    halves, unknown = _by_option(states, held)
    for state, value, complement in halves:
        option = state.option
        if state.absent:
            left_out.append(f"{option.name}: the chip seems to have none, so it is not an {part.name}")
            continue
        if value is None or (option.complement and complement is None):
            left_out.append(f"{option.name}: the file has only one half of value and complement")
            continue
        change = Change(state, value)
        if change.is_done([state]):
            continue
        if complement not in (None, value ^ 0xFF):
            left_out.append(f"{option.name}: its complement does not match in the file")
        elif option.policy == "rop":
            if change.locks:
                left_out.append(f"{option.name}: read protection is never restored")
        elif option.policy == "after-unlock" and value not in option.accepted:
            left_out.append(f"{option.name}: 0x{value:02X} is not restored, because it could ruin the chip")
        else:
            try:
                check(part, change)
            except UsageError as exc:
                left_out.append(str(exc))
            else:
                changes.append(change)
    left_out += [f"{_no_option(part, address, byte)}: it is not restored" for address, byte in unknown.items()]
    return RestorePlan(tuple(changes), tuple(left_out))


def from_image(part: Part, states: Sequence[OptionState], held: Mapping[int, int]) -> list[Change]:
    """Return the changes after which the chip has the option bytes of an image, by address.

    Args:
        part: The chip.
        states: Its option bytes.
        held: The bytes of the image in the option area, by address; a missing complement is computed.

    Raises:
        ImageError: A complement does not match, or has no value.
        UsageError: The image has an option byte that is never written.
    """
    changes = []
    halves, unknown = _by_option(states, held)
    for state, value, complement in halves:
        option = state.option
        if value is None or complement not in (None, value ^ 0xFF):
            raise ImageError(
                f"{option.name} at 0x{option.address:04X}: its complement in the image "
                + ("does not match" if value is not None else "has no value"),
                hint="make the file again, or leave the complement out: the tool computes it",
            )
        change = Change(state, value)
        if change.is_done([state]):
            continue
        if all(field.reserved for field in fields_of(part, option)):
            raise never_written(part, option, "it is reserved, or can ruin the chip")
        check(part, change)
        check_area(part, change)
        changes.append(change)
    check_layout(part, changes)
    for address, byte in unknown.items():
        raise UsageError(
            f"{_no_option(part, address, byte)}: nothing was written",
            code=Code.DANGEROUS_WRITE,
            hint="leave it out; reserved addresses are never written",
        )
    return changes


def _by_option(
    states: Iterable[OptionState], held: Mapping[int, int]
) -> tuple[list[tuple[OptionState, Optional[int], Optional[int]]], dict[int, int]]:
    """Return each option of which `held` has a byte, with value and complement; and the bytes that belong to no option.

    Blank bytes between the options do not count: 0x00, or 0xFF as its complement.
    """
    left = dict(sorted(held.items()))
    found = []
    for state in states:
        value = left.pop(state.option.address, None)
        complement = left.pop(state.option.address + 1, None) if state.option.complement else None
        if value is not None or complement is not None:
            found.append((state, value, complement))
    return found, {address: byte for address, byte in left.items() if byte not in _BLANK}


def _no_option(part: Part, address: int, byte: int) -> str:
    return f"0x{address:04X} (0x{byte:02X} in the file): the {part.name} is not known to have an option byte there"
