"""Kinds of wrong code that SDCC makes of constants. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

KINDS = (
    Kind(
        "compared-constants",
        "two constants in < <= > >=, of which one is unsigned and one negative; or a `switch` of such a constant",
        "the two are compared as plain numbers, without the conversion to unsigned",
        "cast the negative constant to the type of the other one",
        "int f$(void) { return 14u < -8; }",
        "f$()",
        (),
        1,
        {"4.2": 0, "4.5": 0},
        "int f$(void) { return 14u < (unsigned)-8; }",
        note="`0x8000` is unsigned, too, and so is each `sizeof`. A constant of an enum is not looked at.",
    ),
    Kind(
        "number-as-truth",
        "a constant before `?` that is below 1, such as 0.5f, or whose low 32 bits are 0; or `!` of a float constant",
        "the constant is taken for 0",
        "compare the constant with 0: 0.5f != 0 ? 3 : 1",
        "int f$(void) { return 0.5f ? 3 : 1; }",
        "f$()",
        (),
        3,
        {"4.2": 1, "4.5": 1},
        "int f$(void) { return 0.5f != 0 ? 3 : 1; }",
        note="`if (0.5f)` and `if (0x100000000LL)` are right.",
    ),
    Kind(
        "cut-fraction",
        "an int or a char in < <= > >= == != with a float constant that is not whole",
        "the constant loses its fraction",
        "cast the variable to float, or compare with a whole number",
        "int f$(int a) { return a < 2.5f; }",
        "f$(2)",
        (),
        1,
        {"4.2": 0, "4.5": 0},
        "int f$(int a) { return (float)a < 2.5f; }",
        note="A long is compared as a float. `a > 2.5f` and `a <= 2.5f` are right, as the fraction does not matter.",
    ),
    Kind(
        "plus-zero",
        "`v + 0u`, `v + 0L`: a constant 0 of another type than v, such as an offset that is a macro",
        "the sum has the type of v, so it is widened, compared, divided or shifted as v",
        "cast v to the type of the sum, or leave out the 0",
        "int v$ = -2;\nunsigned long f$(void) { return v$ + 0u; }",
        "f$()",
        (),
        0xFFFE,
        {"4.2": 0xFFFFFFFE, "4.5": 0xFFFFFFFE},
        "int v$ = -2;\nunsigned long f$(void) { return (unsigned)v$; }",
        note="`v - 0u`, `v * 1u` and `v | 0u` are right.",
    ),
)
