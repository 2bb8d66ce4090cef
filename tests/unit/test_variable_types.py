"""The types of variables where SDCC writes wrong debug information, or where it is damaged."""

from __future__ import annotations

from typing import Optional

import pytest

from dwarf_files import BOOLEAN, FLOAT, SIGNED, UNSIGNED_CHAR, Die, base, debug_elf, member, variable
from stm8tool.dwarf import reading
from stm8tool.dwarf.expressions import place_of
from stm8tool.dwarf.types import is_doubtful
from stm8tool.dwarf.variables import Variables
from stm8tool.errors import ImageError, UsageError
from unit.variable_dies import CODE


def kinds(*children: Die) -> dict[str, tuple[str, bool]]:
    """Return the type of each variable in a unit, and whether it is doubtful."""
    found = Variables(reading.read("a.elf", debug_elf([Die("compile_unit", name="a.c", children=children)], CODE)))
    return {variable.name: (variable.type.name, is_doubtful(variable.type)) for variable in found.with_place}


def qualified(kind: Die, tag: str = "volatile_type") -> Die:
    return Die(tag, type=kind)


def test_the_second_volatile_type_of_one_base_type_has_the_other_sign() -> None:
    """`volatile unsigned a; volatile int b; volatile unsigned c; volatile int d;` as SDCC 4.2.0 writes it."""
    plain = base("unsigned int", 2)
    first, second = qualified(plain), qualified(plain)
    children = [plain, first, variable("a", 1, first), second, variable("b", 3, second)]
    children += [variable("c", 5, first), variable("d", 7, second)]
    assert kinds(*children) == {
        "a": ("unsigned int", False),
        "b": ("int", True),
        "c": ("unsigned int", False),
        "d": ("int", True),
    }


def test_a_third_type_is_not_guessed() -> None:
    """`volatile int a; volatile unsigned b; volatile uint64_t c;`: SDCC 4.2.0 gives all of them 16 bits."""
    plain = base("int", 2, SIGNED)
    types = [qualified(plain) for _ in range(3)]
    children = [plain]
    for kind, name in zip(types, "abc"):
        children += [kind, variable(name, 2 * ord(name), kind)]
    assert kinds(*children) == {"a": ("int", False), "b": ("unsigned int", True), "c": ("int", True)}


def test_with_both_signs_in_use_before_sdcc_is_right() -> None:
    unsigned, signed = base("unsigned int", 2), base("int", 2, SIGNED)
    one, other = qualified(unsigned), qualified(signed)
    children = [unsigned, variable("p", 1, unsigned), signed, variable("q", 3, signed)]
    children += [one, variable("a", 5, one), other, variable("b", 7, other)]
    assert kinds(*children)["a"] == ("unsigned int", False)
    assert kinds(*children)["b"] == ("int", False)


def test_a_volatile_type_inside_a_const_one_is_not_the_other_sign() -> None:
    plain = base("int", 2, SIGNED)
    first, inner = qualified(plain), qualified(plain)
    outer = qualified(inner, "const_type")
    found = kinds(plain, first, variable("a", 1, first), inner, outer, variable("b", 0x8000, outer))
    assert found == {"a": ("int", False), "b": ("int", True)}


def test_numbers_that_are_no_integers_are_never_doubtful() -> None:
    plain, flag = base("float", 4, FLOAT), base("_Bool", 1, BOOLEAN)
    kind, boolean = qualified(plain), qualified(flag, "const_type")
    found = kinds(plain, flag, kind, boolean, variable("a", 1, kind), variable("b", 0x8000, boolean))
    assert found == {"a": ("float", False), "b": ("_Bool", False)}


@pytest.mark.parametrize(("place", "size"), [(bytes([0x10, 1]), 2), (b"", 2)], ids=["another operation", "nothing"])
def test_a_member_at_no_plain_offset_is_damage(place: bytes, size: int) -> None:
    plain = base("int", size, SIGNED)
    record = Die(
        "structure_type",
        name="s",
        byte_size=2,
        children=[Die("member", name="x", data_member_location=place, type=plain)],
    )
    with pytest.raises(ImageError, match="debug information is damaged"):
        kinds(plain, record, variable("a", 1, record))


@pytest.mark.parametrize("bits", [(0, 9), (8, 1)])
def test_a_bit_field_outside_of_its_bytes_is_damage(bits: tuple[int, int]) -> None:
    offset, width = bits
    plain = base("unsigned char", 1, UNSIGNED_CHAR)
    record = Die(
        "structure_type",
        name="s",
        byte_size=1,
        children=[member("x", 0, plain, byte_size=1, bit_offset=offset, bit_size=width)],
    )
    with pytest.raises(ImageError, match="debug information is damaged"):
        kinds(plain, record, variable("a", 1, record))


def test_an_array_of_unknown_length_has_no_element() -> None:
    plain = base("int", 2, SIGNED)
    unbound: Optional[Die] = Die("array_type", type=plain, children=[Die("subrange_type")])
    assert unbound is not None
    data = reading.read(
        "a.elf",
        debug_elf([Die("compile_unit", name="a.c", children=[plain, unbound, variable("a", 1, unbound)])], CODE),
    )
    with pytest.raises(UsageError, match="an array with 0 elements") as failure:
        place_of("a[0]", Variables(data))
    assert "does not say" in str(failure.value.hint)
