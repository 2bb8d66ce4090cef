"""The variables in debug information: the texts that name a place, and the place that each one means."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from stm8tool.debugger.expressions import Evaluator
from stm8tool.debugger.scopes import Scopes
from stm8tool.dwarf.expressions import Hop, is_address, place_of
from stm8tool.dwarf.variables import Variables
from stm8tool.errors import Code, UsageError
from unit.variable_dies import debug_data


@pytest.fixture(scope="module")
def variables() -> Variables:
    return Variables(debug_data())


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
    data = debug_data()
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
