"""The debug information of a program with a variable of each kind, as SDCC writes it."""

from __future__ import annotations

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
from stm8tool.dwarf import reading
from stm8tool.dwarf.reading import DebugData

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


def debug_data() -> DebugData:
    """Return what the tool reads of it."""
    return reading.read("a.elf", debug_elf([FIRST, SECOND], CODE))
