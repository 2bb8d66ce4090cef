"""Kinds of wrong code that SDCC makes because it knows a condition. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

KINDS = (
    Kind(
        "choice-by-a-constant",
        "`1 ? v : w`, where v and w are of different types",
        "v is not converted to the type that it has with w",
        "leave the choice out, as its condition is a constant, or cast v to the type of w",
        "long f$(int v) { return (1 ? v : 1000L) << 8; }",
        "(unsigned long)f$(30000)",
        (),
        0x753000,
        {"4.2": 0x3000, "4.5": 0x3000},
        "long f$(int v) { return (1 ? (long)v : 1000L) << 8; }",
        note="The condition may be any expression that SDCC knows, such as `sizeof(v) == 2`.",
    ),
    Kind(
        "truth-of-a-choice",
        "`1 ? !v : w`, where w is an int or a long; or `return 1 ? f() : w`, where f returns a char",
        "only the low byte of the result is set",
        "leave the choice out, as its condition is a constant",
        "signed char g$ = 2;\nunsigned f$(unsigned c) { return 1 ? !g$ : c; }",
        "f$(65407)",
        (),
        0,
        {"4.2": 0xFF00, "4.5": 0xFF00},
        "signed char g$ = 2;\nunsigned f$(unsigned c) { return !g$; }",
        note="The high byte is what the register held before, so another program gets another number.",
    ),
    Kind(
        "minus-of-true",
        "minus of a comparison that is always true, such as -(v >= v), as a long",
        "the result is 65535",
        "write -1",
        "unsigned v$;\nlong f$(void) { return -(v$ >= v$); }",
        "(unsigned long)f$()",
        (),
        0xFFFFFFFF,
        {"4.2": 0xFFFF, "4.5": 0xFFFF},
        "unsigned v$;\nlong f$(void) { return -1; }",
    ),
    Kind(
        "choice-of-false",
        "`c ? (v && 0) : w`, where the 0 is a constant, such as a macro",
        "the value is always w",
        "write 0 instead of the first value",
        "int f$(int c, int v) { return c ? (v && 0) : 7; }",
        "f$(1, 1)",
        (),
        0,
        {"4.2": 7, "4.5": 7},
        "int f$(int c, int v) { return c ? 0 : 7; }",
    ),
)
