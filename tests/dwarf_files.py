"""ELF files with debug information (DWARF 2, big-endian, 32 bits) as SDCC writes it, made byte by byte.

Source: DWARF Debugging Information Format, version 2, sections 7.5 (entries) and 7.5.3 (abbreviations).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Optional, Union

from elf_files import ALLOC, make_elf

_TAGS = {
    "array_type": 0x01,
    "lexical_block": 0x0B,
    "member": 0x0D,
    "pointer_type": 0x0F,
    "compile_unit": 0x11,
    "structure_type": 0x13,
    "subroutine_type": 0x15,
    "union_type": 0x17,
    "subrange_type": 0x21,
    "base_type": 0x24,
    "const_type": 0x26,
    "formal_parameter": 0x05,
    "subprogram": 0x2E,
    "variable": 0x34,
    "volatile_type": 0x35,
}
_STRING, _UDATA, _BLOCK1, _REF4, _FLAG, _ADDR, _SDATA = 0x08, 0x0F, 0x0A, 0x13, 0x0C, 0x01, 0x0D
_ATTRIBUTES = {
    "location": (0x02, _BLOCK1),
    "name": (0x03, _STRING),
    "byte_size": (0x0B, _UDATA),
    "bit_offset": (0x0C, _UDATA),
    "bit_size": (0x0D, _UDATA),
    "low_pc": (0x11, _ADDR),
    "high_pc": (0x12, _ADDR),
    "upper_bound": (0x2F, _UDATA),
    "data_member_location": (0x38, _BLOCK1),
    "declaration": (0x3C, _FLAG),
    "encoding": (0x3E, _UDATA),
    "external": (0x3F, _FLAG),
    "type": (0x49, _REF4),
}
UNSIGNED_CHAR, UNSIGNED, SIGNED, FLOAT, BOOLEAN = 8, 7, 5, 4, 2


class Die:
    """One entry: its tag, its attributes, and the entries below it. A `type` is another entry of the same unit."""

    def __init__(self, tag: str, *, children: Sequence[Die] = (), **attributes: Union[str, int, bytes, Die]) -> None:
        self.tag = tag
        self.children = children
        self.attributes = attributes


def base(name: str, size: int, encoding: int = UNSIGNED) -> Die:
    """Return a base type."""
    return Die("base_type", name=name, byte_size=size, encoding=encoding)


def at(address: int) -> bytes:
    """Return the location of a variable at an address."""
    return struct.pack(">BI", 3, address)


def member(name: str, offset: int, kind: Die, **more: int) -> Die:
    """Return a member of a structure."""
    return Die("member", name=name, data_member_location=bytes([0x23, offset]), type=kind, **more)


def array(kind: Die, *counts: int, size: int) -> Die:
    """Return an array, with the dimensions that `counts` has."""
    return Die(
        "array_type", byte_size=size, type=kind, children=[Die("subrange_type", upper_bound=n - 1) for n in counts]
    )


def variable(name: str, address: Optional[int], kind: Die, **more: int) -> Die:
    """Return a variable with an address, or without a place."""
    place = {} if address is None else {"location": at(address)}
    return Die("variable", name=name, type=kind, **place, **more)


def debug_elf(units: Sequence[Die], *sections: tuple[str, int, bytes, int]) -> bytes:
    """Return an ELF with `sections` and the debug information of `units`."""
    abbreviations, shapes = b"", {}
    for die in (found for unit in units for found in _all(unit)):
        shape = (die.tag, bool(die.children), tuple(die.attributes))
        if shape not in shapes:
            shapes[shape] = len(shapes) + 1
            pairs = b"".join(bytes(_ATTRIBUTES[name]) for name in die.attributes)
            abbreviations += bytes([shapes[shape], _TAGS[die.tag], bool(die.children)]) + pairs + b"\0\0"
    info = b"".join(_unit(unit, shapes) for unit in units)
    debug = [(".debug_info", 0, info, 0), (".debug_abbrev", 0, abbreviations + b"\0", 0)]
    return make_elf(*sections, *debug)


def _all(die: Die) -> Iterator[Die]:
    yield die
    for child in die.children:
        yield from _all(child)


def _unit(top: Die, shapes: dict[tuple[str, bool, tuple[str, ...]], int]) -> bytes:
    places: dict[Die, int] = {}
    for _ in range(2):  # the second time, all places are known
        body = _entry(top, 11, shapes, places)
    return struct.pack(">IHIB", len(body) + 7, 2, 0, 4) + body


def _entry(die: Die, start: int, shapes: dict[tuple[str, bool, tuple[str, ...]], int], places: dict[Die, int]) -> bytes:
    places[die] = start
    data = bytes([shapes[die.tag, bool(die.children), tuple(die.attributes)]])
    for name, value in die.attributes.items():
        data += _value(_ATTRIBUTES[name][1], value, places)
    for child in die.children:
        data += _entry(child, start + len(data), shapes, places)
    return data + b"\0" * bool(die.children)


def _value(form: int, value: Union[str, int, bytes, Die], places: dict[Die, int]) -> bytes:
    if isinstance(value, str):
        return value.encode() + b"\0"
    if isinstance(value, bytes):
        return bytes([len(value)]) + value
    if isinstance(value, Die):
        return struct.pack(">I", places.get(value, 0))
    if form == _ADDR:
        return struct.pack(">I", value)
    if form == _FLAG:
        return bytes([value])
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def small_program(code: bytes) -> bytes:
    """Return an ELF for documents and the command line: `counter`, `temp`, `motor`, `gain` in RAM; `table` in flash."""
    byte, word = base("unsigned char", 1, UNSIGNED_CHAR), base("int", 2, SIGNED)
    const = Die("const_type", type=byte)
    temp, table = array(word, 3, size=6), array(const, 4, size=4)
    motor = Die("structure_type", name="motor", byte_size=3, children=[member("speed", 0, word)])
    motor.children = [*motor.children, member("on", 2, byte, byte_size=1, bit_offset=7, bit_size=1)]
    children = [byte, word, const, temp, table, motor]
    children += [
        variable("counter", 0x10, byte),
        variable("temp", 0x12, temp),
        variable("motor", 0x18, motor),
        variable("gain", 0x1C, byte),
        variable("table", 0x8004, table),
    ]
    return debug_elf([Die("compile_unit", name="main.c", children=children)], ("CODE", 0x8000, code, ALLOC))
