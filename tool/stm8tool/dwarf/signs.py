"""Find the numbers for which SDCC's debug information may have a wrong sign or size.

SDCC (4.2.0, 4.5.0) looks for the base type of a volatile or const number among those that it has written before. It
does not compare them well. With `volatile unsigned v; volatile int w;` both lead to the entry "unsigned int". A number
of 64 bits can lead to an entry of 16. Only these cases are sure:

* The entry of the base type stands right before that of the qualifier: SDCC made it for this type.
* The unit uses base types of both signs without a qualifier before: then SDCC finds the right one.

Equal types share one entry. So the second entry with the same qualifiers and the same base type is another type. Mostly
it has the other sign, and the tool takes that. It stays doubtful, and the user is told.
"""

from __future__ import annotations

from typing import Any

from .reading import below, number_of
from .types import NumberKind, Scalar

QUALIFIERS = ("DW_TAG_const_type", "DW_TAG_volatile_type")

# (size, has a sign): the names that SDCC gives.
_NAMES = {
    (1, True): "signed char",
    (1, False): "unsigned char",
    (2, True): "int",
    (2, False): "unsigned int",
    (4, True): "long",
    (4, False): "unsigned long",
    (8, True): "long long",
    (8, False): "unsigned long long",
}
_INTEGERS = (NumberKind.SIGNED, NumberKind.UNSIGNED, NumberKind.CHAR)


class Signs:
    """The numbers of one compilation unit that are sure.

    Args:
        top: The top entry of the unit.
    """

    def __init__(self, top: Any) -> None:
        entries = [die for die in below(top) if "DW_AT_type" in die.attributes]
        targets = {die.offset: die.get_DIE_from_attribute("DW_AT_type") for die in entries}
        inner = {targets[die.offset].offset for die in entries if die.tag in QUALIFIERS}
        self._sure: set[int] = set()
        self._flipped: set[int] = set()
        plain: dict[tuple[int, bool], int] = {}  # where a base type is used for the first time without a qualifier
        latest: dict[tuple[str, int], int] = {}  # the last entry with this qualifier and this base type
        for die in entries:
            base = targets[die.offset]
            if base.tag != "DW_TAG_base_type":
                continue
            if die.tag not in QUALIFIERS:
                if "DW_AT_bit_size" not in die.attributes:
                    plain.setdefault(_shape(base), die.offset)
                continue
            size, _ = _shape(base)
            both = all((size, sign) in plain for sign in (True, False))
            if base.offset + base.size == die.offset or both:
                self._sure.add(die.offset)
            elif die.offset not in inner and latest.get((die.tag, base.offset)) in self._sure:
                self._flipped.add(die.offset)
            if die.offset not in inner:
                latest[die.tag, base.offset] = die.offset

    def judged(self, qualifier: Any, kind: Scalar) -> Scalar:
        """Return the number that a qualifier of a base type stands for, given the one that it leads to."""
        if kind.kind not in _INTEGERS or qualifier.offset in self._sure:
            return kind
        if qualifier.offset not in self._flipped:
            return kind._replace(is_doubtful=True)
        signed = not kind.is_signed
        encoding = NumberKind.SIGNED if signed else NumberKind.CHAR if kind.size == 1 else NumberKind.UNSIGNED
        return Scalar(_NAMES.get((kind.size, signed), kind.name), kind.size, encoding, is_doubtful=True)


def _shape(base: Any) -> tuple[int, bool]:
    return number_of(base, "DW_AT_byte_size") or 0, number_of(base, "DW_AT_encoding") == NumberKind.SIGNED.value
