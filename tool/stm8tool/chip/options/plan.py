"""Plan a change of option bytes: from `UBC=1K MISC.IWDG_HW=1` to bytes, with refusals and dangers.

Pure: nothing here touches a chip. The writer computes complements; a user cannot ask for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple, Optional

from ...errors import Code, FamilyMismatchError, UsageError
from ...parts.option_fields import Field, fields_of
from ...parts.table import OptionByte, Part
from ...support.values import number, size
from ...words import Hint
from . import ubc
from .bytes import OptionState, never, restorable
from .datasize import DATASIZE, data_area

_TMU = "TMU"
_BOR, _LOWEST_LEVEL = "BOR", 1  # of the STM8L: bit 0 turns it on, bits 3 to 1 are its threshold
_WATCHDOGS = ("IWDG_HW", "WWDG_HW")
_INVALID_KEYS = (0x00, 0xFF)  # of the TMU (confidence medium)


class Danger(Enum):
    """The dangers of a change to a chip; each has an option `--force-…` of its own."""

    LOCK = "lock"
    WATCHDOG = "watchdog"
    BROWNOUT = "brownout"
    TMU = "tmu"
    UNCERTAIN = "uncertain"


class Change(NamedTuple):
    """One option byte as it is, and its new value."""

    state: OptionState
    value: int

    @property
    def option(self) -> OptionByte:
        """The option byte that changes."""
        return self.state.option

    @property
    def locks(self) -> bool:
        """True if this change turns read protection on."""
        return self.option.policy == "rop" and self.value not in self.option.accepted

    def is_done(self, states: Iterable[OptionState]) -> bool:
        """Tell whether `states` already have the new value."""
        return any(s.option == self.option and s.consistent and s.value == self.value for s in states)


class Hazard(NamedTuple):
    """A danger of a change: the name of the option byte, the danger, and the reason."""

    name: str
    danger: Danger
    why: str


def requested(part: Part, states: Sequence[OptionState], texts: Iterable[str]) -> list[Change]:
    """Return the changes that `texts` ask for, by address, without those that the chip already has.

    Args:
        part: The chip.
        states: Its option bytes, read from an open chip.
        texts: `OPTION=VALUE` or `OPTION.FIELD=VALUE`; UBC also `none`, `all` or a number of bytes. If a byte
            does not match its complement, a field of it is put into the factory value, which is the one the chip uses.

    Raises:
        UsageError: There is no such option, field or value, or it is given twice, or it is never written.
    """
    wanted: dict[str, Change] = {}
    given: set[str] = set()
    for text in texts:
        name, _, value = text.partition("=")
        option_name, dot, field_name = name.upper().partition(".")
        if not (option_name and value):
            raise UsageError(f"'{text}' is not OPTION=VALUE", hint="such as UBC=none, AFR=0x01 or MISC.LSI_EN=1")
        state = _find(part, states, name.partition(".")[0])
        fields = fields_of(part, state.option)
        if all(field.reserved for field in fields):
            raise never_written(part, state.option, "it is reserved or can ruin the chip")
        field = _field(state.option, fields, field_name) if dot else None
        names = {f"{option_name}.{f.name}" for f in ([field] if field else fields)}
        if names & given:
            raise UsageError(f"{text}: {option_name} is set twice", hint="give each option or field once")
        given |= names
        change = wanted.get(option_name) or Change(state, state.in_force)
        byte = field.put(change.value, _field_value(field, text, value)) if field else _byte(part, state.option, value)
        wanted[option_name] = change._replace(value=byte)
    for change in wanted.values():
        check(part, change)
        check_area(part, change)
    check_layout(part, wanted.values())
    return sorted(_needed(wanted.values()), key=lambda change: change.option.address)


def factory(part: Part, states: Sequence[OptionState]) -> list[Change]:
    """Return the changes that set the option bytes of an open chip to factory values, as far as they may be written.

    After an unlock that was cut short the TMU is among them. The caller allows that danger: the values are safe.
    """
    at = {state.option: state for state in states}
    return [Change(at[option], option.default) for option in restorable(states, after_unlock=False)]


def hazards(part: Part, changes: Iterable[Change]) -> list[Hazard]:
    """Return the dangers of `changes`; a return to the factory value is never dangerous."""
    found = []
    for change in changes:
        option, old, new = change.option, change.state.in_force, change.value
        if change.locks:
            why = "read protection locks the chip: only an erase of the whole chip opens it"
            found.append(Hazard(option.name, Danger.LOCK, why))
        if option.name.startswith(_TMU):
            found.append(Hazard(option.name, Danger.TMU, f"{option.name}: wrong TMU keys can erase the chip"))
        if option.name == _BOR and _brownout_level(new) > max(_brownout_level(old), _LOWEST_LEVEL):
            why = f"{option.name}: a chip whose supply is below the threshold stays in reset and cannot be reached"
            found.append(Hazard(option.name, Danger.BROWNOUT, why))
        for field in fields_of(part, option):
            value = field.of(new)
            if value in (field.of(old), field.of(option.default)):
                continue
            if field.name in _WATCHDOGS:
                why = f"{option.name}.{field.name} starts a watchdog at each reset"
                found.append(Hazard(option.name, Danger.WATCHDOG, why))
            if field.uncertain:
                name = option.name if field.is_whole else f"{option.name}.{field.name}"
                why = f"{name}: its effect on the {part.name} is not known for sure ({field.source})"
                found.append(Hazard(option.name, Danger.UNCERTAIN, why))
    return found


def refuse(found: Sequence[Hazard]) -> None:
    """Raise UsageError if there is a hazard; it names all of them, and what allows them."""
    if found:
        needed = " ".join(dict.fromkeys(hazard.danger.value for hazard in found))
        raise UsageError(
            f"{found[0].why}: nothing was written",
            code=Code.DANGEROUS_WRITE,
            hint=Hint("{allow:{needed}} writes it anyway", needed=needed),
            details=[Hint("{allow:{danger}}: {why}", danger=h.danger.value, why=h.why) for h in found],
        )


def _brownout_level(byte: int) -> int:
    """Return the level of the brown-out reset: 0 if it is off, else 1 and up with its threshold."""
    return (byte >> 1 & 7) + 1 if byte & 1 else 0


def write_order(part: Part, changes: Iterable[Change]) -> list[Change]:
    """Return `changes` in the order in which a cut does the least harm: a watchdog goes off first, or on last."""

    def rank(change: Change) -> tuple[int, int]:
        fields = [field for field in fields_of(part, change.option) if field.name in _WATCHDOGS]
        more = sum(field.of(change.value) - field.of(change.state.in_force) for field in fields)
        return more, change.option.address

    return sorted(changes, key=rank)


def _needed(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if not change.is_done([change.state])]


def _find(part: Part, states: Sequence[OptionState], name: str) -> OptionState:
    for state in states:
        if state.option.name == name.upper():
            return state
    known = ", ".join(state.option.name for state in states)
    raise UsageError(f"the {part.name} has no option byte {name}", hint=f"it has {known}")


def _field(option: OptionByte, fields: Sequence[Field], name: str) -> Field:
    for field in fields:
        if field.name == name and not field.reserved:
            return field
    known = ", ".join(field.name for field in fields if not field.reserved)
    raise UsageError(f"{option.name} has no field {name}", hint=f"it has {known}")


def _field_value(field: Field, text: str, value: str) -> int:
    found = number(value, _choices(field))
    if not 0 <= found <= field.largest:
        raise UsageError(f"{text}: {field.name} goes from 0 to {field.largest}", hint=_choices(field))
    return found


def _byte(part: Part, option: OptionByte, text: str) -> int:
    if option.name == ubc.NAME:
        return _ubc(part, text)
    such_as = f"such as {option.name}=0x01"
    value = number(text, such_as)
    if not 0 <= value <= 0xFF:
        raise UsageError(f"{option.name}={text}: an option byte goes from 0x00 to 0xFF", hint=such_as)
    return value


def _ubc(part: Part, text: str) -> int:
    """Return the UBC byte for `none`, `all`, `0x02` (the byte itself) or `1K` (bytes of flash to protect)."""
    if text.lower() == "none":
        return 0
    if text[:2].lower() == "0x":
        value: Optional[int] = number(text)
        value = value if value in range(256) else None
    else:
        wanted = ubc.largest(part) if text.lower() == "all" else size(text)
        value = ubc.value_for(part, wanted) if wanted >= 0 else None
    if value is None:
        raise _no_area(part, text)
    return value


def _no_area(part: Part, text: str) -> UsageError:
    return UsageError(
        f"UBC={text}: the {part.name} cannot protect such an area",
        hint=f"use none, a number of bytes up to {ubc.largest(part)}, all (that many), or the byte itself like 0x02",
    )


def check_area(part: Part, change: Change) -> None:
    """Raise UsageError for a UBC without a meaning in the manuals; only a backup may have it, as its chip had it."""
    if change.option.name == ubc.NAME and ubc.is_reserved(part, change.value):
        raise _no_area(part, f"0x{change.value:02X}")


def check(part: Part, change: Change) -> None:
    """Raise UsageError for a value that this option may not have."""
    option, old, new = change.option, change.state.in_force, change.value
    why = never(option, new)
    if why:
        raise never_written(part, option, why)
    for field in fields_of(part, option):
        value = field.of(new)
        if field.reserved:
            if value not in (field.of(old), field.of(option.default)):
                bits = f"bits {field.high} to {field.low}" if field.high > field.low else f"bit {field.low}"
                raise UsageError(
                    f"{option.name}=0x{new:02X}: the value changes reserved bits ({bits})", hint=_names(part, option)
                )
        elif not field.allows(value) and value != field.of(old):
            raise UsageError(
                f"{option.name}=0x{new:02X}: {field.name} has no value 0x{value:02X}", hint=_choices(field)
            )
    if option.name == DATASIZE and new and not data_area(part, new):
        raise UsageError(f"the {part.name} has no room for data EEPROM: DATASIZE stays 0", hint="leave DATASIZE out")
    if option.name.startswith(f"{_TMU}_KEY") and new in _INVALID_KEYS and new != option.default:
        raise UsageError(
            f"{option.name}=0x{new:02X}: 0x00 and 0xFF are not valid keys of the TMU",
            hint="choose a value from 0x01 to 0xFE",
        )


def check_layout(part: Part, changes: Iterable[Change]) -> None:
    """Raise FamilyMismatchError if one of `changes` is for an option byte that the chip does not seem to have."""
    names = ", ".join(change.option.name for change in changes if change.state.absent)
    if names:
        raise FamilyMismatchError(
            f"the chip shows only zeros in place of {names}: it is not an {part.name}, and nothing was written",
            hint=Hint("name the part that is printed on the chip ({part_or_board})"),
        )


def never_written(part: Part, option: OptionByte, why: str) -> UsageError:
    return UsageError(
        f"{option.name} of the {part.name} is never written: {why}",
        code=Code.DANGEROUS_WRITE,
        hint="no option allows it",
    )


def _choices(field: Field) -> str:
    return "; ".join(
        f"0x{values[0]:02X}: {text}" if len(values) == 1 else f"0x{values[0]:02X} to 0x{values[-1]:02X}: {text}"
        for values, text in field.values
    )


def _names(part: Part, option: OptionByte) -> str:
    return f"{option.name} has " + ", ".join(f.name for f in fields_of(part, option) if not f.reserved)
