"""Kinds of wrong code that SDCC works out in 8 bits. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

KINDS = (
    Kind(
        "product-as-truth",
        "the product of two chars as a condition, in `!`, `&&`, `||` or `?:`, or stored in a _Bool",
        "the product is cut to 8 bits, so 2 * 128 is false",
        "compare it: a * b != 0",
        "int f$(unsigned char a, unsigned char b) { if (a * b) return 3; return 4; }",
        "f$(2, 128)",
        (),
        3,
        {"4.2": 4, "4.5": 4},
        "int f$(unsigned char a, unsigned char b) { if (a * b != 0) return 3; return 4; }",
    ),
    Kind(
        "byte-and-constant",
        "a char | or ^ a constant outside of its range, such as a signed char and 0x80, used as an int",
        "the result is made in 8 bits, so its high byte is wrong",
        "cast the char to int",
        "int f$(signed char v) { return v | 0x80; }",
        "(unsigned)f$(3)",
        (),
        0x83,
        {"4.2": 0xFF83, "4.5": 0xFF83},
        "int f$(signed char v) { return (int)v | 0x80; }",
        note="A constant of 8 bits only: -2 for an unsigned char, 0x80 for a signed one. Cut to 8 bits again, "
        "the result is right. A signed char & a constant that is cast to unsigned char is as wrong.",
    ),
    Kind(
        "choice-of-bytes",
        "`c ? a : b` of an unsigned char and a signed char, or a small negative constant; the value is used as an int",
        "an unsigned char above 127 becomes negative",
        "cast one of the two values to int",
        "int f$(unsigned char c, unsigned char v) { return c ? v : -1; }",
        "(unsigned)f$(1, 200)",
        (),
        200,
        {"4.2": 0xFFC8, "4.5": 200},
        "int f$(unsigned char c, unsigned char v) { return c ? (int)v : -1; }",
        until=(4, 4),
        note="Which version changed this is not known; 4.4.0 is right.",
    ),
    Kind(
        "lost-high-byte",
        "a long or an int ^ a value with a byte that is always 0, such as an unsigned char, `w & 255` or `c << 8`",
        "one byte of the result is that of the second value, mostly 0 in the place of the highest byte",
        "put the second value into a volatile variable of the type of the first one, and use that",
        "unsigned long w$;\nvoid f$(unsigned long *p, unsigned char c) { *p ^= c; }",
        "(w$ = 0x12345678, f$(&w$, 0x9a), w$)",
        (),
        0x123456E2,
        {"4.2": 0x123456E2, "4.5": 0x3456E2},
        "unsigned long w$;\nvoid f$(unsigned long *p, unsigned char c) { volatile unsigned long t = c; *p ^= t; }",
        note="A byte that is always 0xff is as wrong, and & with such a byte, as in `v &= c | 0xff00`. The options and "
        "the place of the values decide whether a program is wrong. | and + are right, and so is long long.",
    ),
    Kind(
        "value-of-an-assignment",
        "the value of `c = -v` or `c = ~v`, where c is signed and v is unsigned, used as a wider type or compared",
        "a negative value becomes positive",
        "use the variable in a statement of its own",
        "unsigned v$ = 1;\nsigned char c$;\nint f$(void) { return c$ = -v$; }",
        "(unsigned)f$()",
        (),
        0xFFFF,
        {"4.2": 0xFF, "4.5": 0xFF},
        "unsigned v$ = 1;\nsigned char c$;\nint f$(void) { c$ = -v$; return c$; }",
    ),
)
