"""The variables in debug information: names, types, signs, the texts that name a place, and values."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Optional

import pytest

from dwarf_files import (
    BOOLEAN,
    FLOAT,
    SIGNED,
    UNSIGNED_CHAR,
    Die,
    array,
    base,
    debug_elf,
    member,
    variable,
)
from elf_files import ALLOC
from stm8tool.debugger.expressions import Evaluator
from stm8tool.debugger.scopes import Scopes
from stm8tool.dwarf import reading
from stm8tool.dwarf.expressions import Hop, is_address, place_of
from stm8tool.dwarf.types import ValueTextError, bytes_of, character_of, is_doubtful, leaves, text_of_value, value_of
from stm8tool.dwarf.variables import Variables
from stm8tool.errors import Code, ImageError, UsageError

CODE = ("CODE", 0x8000, bytes([0x82, 0, 0x80, 4, 0x20, 0xFE]), ALLOC)

UCHAR, INT, LONG = base("unsigned char", 1, UNSIGNED_CHAR), base("int", 2, SIGNED), base("unsigned long", 4)
REAL, FLAG = base("float", 4, FLOAT), base("_Bool", 1, BOOLEAN)
NESTED = Die(
    "structure_type",
    name="__00000000",
    byte_size=3,
    children=[
        member("a", 0, UCHAR, byte_size=1, bit_offset=5, bit_size=3),
        member("level", 1, INT, byte_size=2, bit_offset=6, bit_size=10),
    ],
)
MOTOR = Die("structure_type", name="motor", byte_size=9)
TO_MOTOR = Die("pointer_type", byte_size=2, type=MOTOR)
HISTORY = array(INT, 1, size=2)
# SDCC puts the entries of types between the members.
MOTOR.children = [
    member("speed", 0, INT),
    NESTED,
    member("flags", 2, NESTED),
    HISTORY,
    member("history", 5, HISTORY),
    TO_MOTOR,
    member("next", 7, TO_MOTOR),
]
GRID_ROW = array(UCHAR, 3, size=3)
GRID = array(GRID_ROW, 2, size=6)
CONST = Die("const_type", type=UCHAR)
TABLE = array(CONST, 4, size=4)
TEMP, VOID, ANY, OPAQUE = (
    array(INT, 4, size=8),
    Die("pointer_type", byte_size=2),
    Die("subroutine_type"),
    Die("structure_type", name="fwd", byte_size=0),
)
TO_FUNCTION, TO_OPAQUE = Die("pointer_type", byte_size=2, type=ANY), Die("pointer_type", byte_size=2, type=OPAQUE)
FIRST = Die(
    "compile_unit",
    name="src/a.c",
    children=[
        *(UCHAR, INT, LONG, REAL, FLAG, MOTOR, GRID_ROW, GRID, CONST, TABLE, TEMP, VOID, ANY, OPAQUE),
        *(TO_FUNCTION, TO_OPAQUE),
        Die(
            "subprogram",
            name="step",
            children=[
                variable("calls", 0x40, INT),
                Die("lexical_block", children=[variable("index", None, INT), variable("gain", 0x42, UCHAR)]),
            ],
        ),
        variable("counter", 0x10, INT, external=1),
        variable("temp", 0x12, TEMP),
        variable("motor", 0x20, MOTOR),
        variable("pm", 0x2C, TO_MOTOR),
        variable("grid", 0x30, GRID),
        variable("table", 0x8040, TABLE),
        variable("ratio", 0x50, REAL),
        variable("ready", 0x54, FLAG),
        variable("big", 0x55, LONG),
        variable("hidden", 0x60, UCHAR),
        variable("pv", 0x62, VOID),
        variable("call", 0x64, TO_FUNCTION),
        variable("opaque", 0x66, TO_OPAQUE),
        variable("gain", 0x68, UCHAR),
        variable("__str_0", 0x8050, TABLE),
        variable("shared", 0x70, UCHAR, declaration=1),
        variable("lost", None, UCHAR),
        variable("dropped", 0, TABLE),
    ],
)
UCHAR_2 = base("unsigned char", 1, UNSIGNED_CHAR)
SECOND = Die(
    "compile_unit",
    name="src/lib/b.c",
    children=[UCHAR_2, variable("hidden", 0x61, UCHAR_2), variable("shared", 0x70, UCHAR_2)],
)


@pytest.fixture(scope="module")
def variables() -> Variables:
    return Variables(reading.read("a.elf", debug_elf([FIRST, SECOND], CODE)))


def test_each_variable_with_a_place_is_listed_once_by_its_shortest_name(variables: Variables) -> None:
    names = [variable.spelling(variables) for variable in variables.with_place]
    assert sorted(names) == sorted(
        [
            *("counter", "temp", "motor", "pm", "grid", "table", "ratio", "ready", "big", "pv", "call", "opaque"),
            *("src/a.c:hidden", "src/lib/b.c:hidden", "calls", "step:gain", "gain", "shared"),
        ]
    )
    shared = variables.find("shared")
    assert (shared.file, shared.address) == ("src/lib/b.c", 0x70)
    for name in names:
        assert variables.find(name).spelling(variables) == name


@pytest.mark.parametrize(
    ("text", "address", "kind", "size"),
    [
        ("counter", 0x10, "int", 2),
        ("temp", 0x12, "int[4]", 8),
        ("temp[2]", 0x16, "int", 2),
        ("temp[0x3]", 0x18, "int", 2),
        ("*temp", 0x12, "int", 2),
        ("grid[1][2]", 0x35, "unsigned char", 1),
        ("grid[1]", 0x33, "unsigned char[3]", 3),
        ("motor.speed", 0x20, "int", 2),
        ("motor . history [ 0 ]", 0x25, "int", 2),
        ("(motor).next", 0x27, "struct motor *", 2),
        ("b.c:hidden", 0x61, "unsigned char", 1),
        ("lib/b.c:hidden", 0x61, "unsigned char", 1),
        ("src\\lib\\b.c:hidden", 0x61, "unsigned char", 1),
        ("a.c:step:calls", 0x40, "int", 2),
        ("step:gain", 0x42, "unsigned char", 1),
        ("gain", 0x68, "unsigned char", 1),
        ("0x10:uint8_t", 0x10, "uint8_t", 1),
        ("16:unsigned  long[2]", 0x10, "unsigned long[2]", 8),
        ("0x10:struct motor", 0x10, "struct motor", 9),
        ("counter:uint16_t", 0x10, "uint16_t", 2),
        ("b.c:hidden:int8_t[2]", 0x61, "int8_t[2]", 2),
    ],
)
def test_a_text_names_a_place(variables: Variables, text: str, address: int, kind: str, size: int) -> None:
    place = place_of(text, variables)
    assert (place.address, place.type.name, place.size, place.hops, place.bits) == (address, kind, size, (), None)
    assert place.text == text


@pytest.mark.parametrize(
    ("text", "hops", "kind"),
    [
        ("*pm", [Hop(2, 0)], "struct motor"),
        ("pm->speed", [Hop(2, 0)], "int"),
        ("(*pm).history", [Hop(2, 5)], "int[1]"),
        ("pm[2].speed", [Hop(2, 18)], "int"),
        ("pm[-1].speed", [Hop(2, -9)], "int"),
        ("pm->next->history[0]", [Hop(2, 7), Hop(2, 5)], "int"),
        ("*pm->next", [Hop(2, 7), Hop(2, 0)], "struct motor"),
        ("*motor.next", [Hop(2, 0)], "struct motor"),
    ],
)
def test_a_pointer_is_followed_later(variables: Variables, text: str, hops: list[Hop], kind: str) -> None:
    place = place_of(text, variables)
    assert (list(place.hops), place.type.name) == (hops, kind)


_MEMORY = bytearray(0x100)
_MEMORY[0x2C:0x2E] = (0x0080).to_bytes(2, "big")  # pm
_MEMORY[0x27:0x29] = (0x0090).to_bytes(2, "big")  # motor.next
_MEMORY[0x87:0x89] = (0x00A0).to_bytes(2, "big")  # pm->next


@pytest.mark.parametrize(
    "text",
    [
        *("counter", "temp", "temp[2]", "*temp", "grid[1][2]", "grid[1]", "**grid", "*grid[1]", "(*grid)[1]"),
        *("motor.speed", "motor.history[0]", "*motor.history", "motor.flags.a", "motor.flags.level", "(motor).next"),
        *("pm->speed", "(*pm).history", "pm[1].speed", "pm[-1].speed", "pm->next->history[0]", "*pm->next"),
        *("*motor.next", "pm->flags.level", "pm->next[1].flags.a"),
    ],
)
def test_an_expression_means_the_same_to_watch_and_to_the_debugger(variables: Variables, text: str) -> None:
    """One follows the pointers of a running program each time, the other one at once."""
    place = place_of(text, variables)
    address = place.address
    for hop in place.hops:
        address = int.from_bytes(_MEMORY[address : address + hop.size], "big") + hop.offset
    data = reading.read("a.elf", debug_elf([FIRST, SECOND], CODE))
    program = SimpleNamespace(data=data, lines=None, code=None)
    scopes = Scopes(program, lambda start, size: bytes(_MEMORY[start : start + size]))
    seen = Evaluator(lambda name: scopes.find(name, None), scopes, lambda _: 0).evaluate(text)
    assert seen.type is not None
    assert (seen.type.name, seen.address, seen.bits) == (place.type.name, address, place.bits)


@pytest.mark.parametrize(
    ("text", "code", "message", "hint"),
    [
        ("countr", Code.NO_VARIABLE, "a.elf has no variable 'countr'", "did you mean counter"),
        ("COUNTER", Code.NO_VARIABLE, "a.elf has no variable 'COUNTER'", "counter"),
        ("zzz", Code.NO_VARIABLE, "a.elf has no variable 'zzz'", "SDCC drops a static variable"),
        ("b.c:counter", Code.NO_VARIABLE, "a.elf has no variable 'b.c:counter'", "it has counter"),
        (
            "hidden",
            Code.NO_VARIABLE,
            "'hidden' is the name of 2 variables",
            "write src/a.c:hidden or src/lib/b.c:hidden",
        ),
        ("index", Code.NO_VARIABLE, "index is local to step, so it has no place of its own in RAM", "make it static"),
        ("lost", Code.NO_VARIABLE, "lost has no place in this program: it was optimised away", "make it volatile"),
        ("dropped", Code.NO_VARIABLE, "dropped has no place in this program: it was", "remove_unused drops a const"),
        ("temp[4]", Code.NO_VARIABLE, "the index 4 is outside of an array with 4 elements", "indices are 0 to 3"),
        ("temp[-1]", Code.NO_VARIABLE, "the index -1 is outside", "indices are 0 to 3"),
        ("counter[0]", Code.NO_VARIABLE, "int has no elements", "leave out"),
        ("counter.x", Code.NO_VARIABLE, "int has no members", "leave out"),
        ("motor.spede", Code.NO_VARIABLE, "struct motor has no member spede", "it has speed"),
        ("motor.flags.a[0]", Code.NO_VARIABLE, "bit-field has no elements", "leave out"),
        ("pm.speed", Code.NO_VARIABLE, "this is a pointer to a structure", "write -> in front of speed"),
        ("*pv", Code.NO_VARIABLE, "the type void * does not lead to a value of a known type", "0x10:uint8_t"),
        ("*call", Code.NO_VARIABLE, "the type function * does not lead to a value", "0x10:uint8_t"),
        ("opaque->x", Code.NO_VARIABLE, "the type struct fwd * does not lead to a value", "0x10:uint8_t"),
        ("*counter", Code.NO_VARIABLE, "the type int does not lead to a value", "0x10:uint8_t"),
        ("*motor.flags.a", Code.NO_VARIABLE, "the type bit-field does not lead to a value", "0x10:uint8_t"),
        ("motor->speed", Code.NO_VARIABLE, "the type struct motor does not lead", "write . in place of ->"),
        ("temp[", Code.USAGE, "is not the name of a variable", "write it as in C"),
        ("temp[x]", Code.USAGE, "is not the name of a variable", "write it as in C"),
        ("temp[1", Code.USAGE, "is not the name of a variable", "write it as in C"),
        ("(temp", Code.USAGE, "is not the name of a variable", "write it as in C"),
        ("temp 3", Code.USAGE, "is not the name of a variable", "write it as in C"),
        ("motor.", Code.USAGE, "is not the name of a variable", "write it as in C"),
        ("5", Code.USAGE, "is not the name of a variable", "write it as in C"),
        ("", Code.USAGE, "is not the name of a variable", "write it as in C"),
        ("x" * 300, Code.USAGE, "the name of a variable has 300 characters", "one name in each word"),
        ("0x10:int24_t", Code.USAGE, "'int24_t' is not a type that the tool knows", "such as"),
        ("0x10:uint8_t[0]", Code.USAGE, "an array has 1 to 1024 elements", "uint8_t[4]"),
        ("0xFFFFFF:uint16_t", Code.USAGE, "an address has 24 bits", "0x10:uint8_t"),
    ],
)
def test_a_text_that_names_nothing_is_a_sentence_with_a_hint(
    variables: Variables, text: str, code: Code, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as failure:
        place_of(text, variables)
    assert failure.value.code is code
    assert message in str(failure.value)
    assert hint in str(failure.value.hint)


def test_without_an_elf_only_an_address_is_a_place() -> None:
    assert place_of("0x10:float").size == 4
    assert is_address("0x10:float")
    assert not is_address("counter")
    with pytest.raises(UsageError, match="needs the ELF"):
        place_of("counter")


# -- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "data", "value", "shown"),
    [
        ("counter", "FFD8", -40, "-40"),
        ("big", "80000001", 0x80000001, "2147483649"),
        ("ratio", struct.pack(">f", 1.5).hex(), 1.5, "1.5"),
        ("ready", "01", True, "true"),
        ("gain", "41", 65, "65"),
        ("gain", "20", 32, "32"),
        ("pm", "0020", 0x20, "0x0020"),
        ("temp", "00010002FFFF0004", [1, 2, -1, 4], "[1, 2, -1, 4]"),
        ("grid", "414243444546", [[65, 66, 67], [68, 69, 70]], "[[65, 66, 67], [68, 69, 70]]"),
        ("motor.flags.a", "FD", 5, "5"),
        ("motor.flags.level", "BCFE", 0x2BC, "700"),  # the low byte first
        (
            "motor",
            "FFFF05BC0200070020",
            {"speed": -1, "flags": {"a": 5, "level": 700}, "history": [7], "next": 0x20},
            "{speed: -1, flags: {a: 5, level: 700}, history: [7], next: 0x0020}",
        ),
    ],
)
def test_bytes_of_the_chip_become_a_value(
    variables: Variables, text: str, data: str, value: object, shown: str
) -> None:
    place = place_of(text, variables)
    found = value_of(place.type, bytes.fromhex(data), place.bits)
    assert found == value
    assert text_of_value(place.type, found) == shown


@pytest.mark.parametrize(("value", "shown"), [(65, "'A'"), (39, '"\'"'), (32, ""), (127, ""), (True, ""), (None, "")])
def test_a_number_may_be_a_character(variables: Variables, value: Optional[int], shown: str) -> None:
    assert character_of(place_of("gain", variables).type, value) == shown
    assert character_of(place_of("counter", variables).type, value) == ""


def test_a_structure_has_its_numbers_as_leaves(variables: Variables) -> None:
    found = [(leaf.suffix, leaf.offset, leaf.size) for leaf in leaves(place_of("motor", variables).type)]
    assert found == [
        (".speed", 0, 2),
        (".flags.a", 2, 1),
        (".flags.level", 3, 2),
        (".history[0]", 5, 2),
        (".next", 7, 2),
    ]


@pytest.mark.parametrize(
    ("text", "value", "data"),
    [
        ("counter", "-40", "FFD8"),
        ("counter", "0x7fff", "7FFF"),
        ("counter", "007", "0007"),
        ("gain", "255", "FF"),
        ("gain", "'A'", "41"),
        ("gain", "0b101", "05"),
        ("ratio", "1.5", struct.pack(">f", 1.5).hex()),
        ("ratio", "2", struct.pack(">f", 2).hex()),
        ("ready", "true", "01"),
        ("ready", "0", "00"),
        ("pm", "0x20", "0020"),
        ("motor.flags.a", "7", "07"),
        ("motor.flags.level", "700", "BC02"),
    ],
)
def test_a_text_becomes_bytes(variables: Variables, text: str, value: str, data: str) -> None:
    place = place_of(text, variables)
    assert bytes_of(place.type, value, place.bits) == bytes.fromhex(data)


@pytest.mark.parametrize(
    ("text", "value", "limits"),
    [
        ("counter", "32768", "from -32768 to 32767"),
        ("gain", "256", "from 0 to 255"),
        ("gain", "-1", "from 0 to 255"),
        ("gain", "1.5", "whole number"),
        ("gain", "one", "whole number"),
        ("gain", "", "whole number"),
        ("ready", "2", "from 0 to 1"),
        ("motor.flags.a", "8", "from 0 to 7"),
        ("ratio", "1e40", "1.5 or 2e-3"),
        ("ratio", "half", "1.5 or 2e-3"),
        ("temp", "1", "one at a time"),
        ("motor", "1", "one at a time"),
    ],
)
def test_a_value_that_does_not_fit_says_which_do(variables: Variables, text: str, value: str, limits: str) -> None:
    place = place_of(text, variables)
    with pytest.raises(ValueTextError, match=limits):
        bytes_of(place.type, value, place.bits)


# -- what SDCC gets wrong --------------------------------------------------------------------------------------------


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
