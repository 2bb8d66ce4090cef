"""The kinds of wrong code that SDCC is known to make for STM8: one row each, for the build, the docs and the tests.

Every program and every result here was seen: the tests compile each with the SDCC at hand, and a simulated STM8
executes it. Pure: no SCons and no import of another module.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

ALL_OPTIONS = "all"
NEVER = (99, 0)


class Kind(NamedTuple):
    """One kind."""

    name: str
    construct: str  # in C, for the reader
    wrong: str  # what comes out, as a sentence for a message
    right: str  # how to write it, as a sentence for a message
    program: str  # the smallest one; `$` is replaced by a number
    call: str  # an expression that shows the result
    options: tuple[str, ...]  # of SDCC, with which the program shows it
    expected: int  # what C says
    seen: dict[str, Optional[int]]  # version -> result; None: the program never comes back
    cure: str  # the program, written so that it comes out right
    until: tuple[int, int] = NEVER  # the first version that has the cure; found in none of the versions here: NEVER
    note: str = ""


_FIELDS = "struct { unsigned a : 6; unsigned b : 14; } s$;\n"
_BYTE_FIELD = "struct { unsigned a : 8; } s$;\n"
_WIDE_FIELD = "struct { unsigned a : 11; } s$;\n"
_TAKER = "unsigned long g$;\nvoid h$(unsigned long v) { g$ = v; }\n"

KINDS = (
    Kind(
        "lost-borrow",
        "a long, or an int, minus an unsigned char or the result of a comparison",
        "the difference loses the borrow from its low byte",
        "add the complement instead: v + ~(unsigned long)a + 1",
        "unsigned long f$(unsigned char a, unsigned long v) { return v - a; }",
        "f$(1, 0x100)",
        (),
        0xFF,
        {"4.2": 0x100, "4.5": 0xFF},
        "unsigned long f$(unsigned char a, unsigned long v) { return v + ~(unsigned long)a + 1; }",
        note="Which program is wrong depends on the options. `v - (unsigned long)a` and a variable in between do not "
        "help; a volatile variable does.",
    ),
    Kind(
        "lost-low-byte",
        "a long minus an unsigned char, where the result is used at once",
        "the low byte of the difference is lost",
        "put the byte into a volatile variable of the wider type and subtract that",
        "unsigned long f$(unsigned char a, unsigned long v) { return (v - a) ^ 5; }",
        "f$(1, 0x100)",
        (),
        0xFA,
        {"4.2": 0x105, "4.5": 0x5},
        "unsigned long f$(unsigned char a, unsigned long v) { volatile unsigned long b = a; return (v - b) ^ 5; }",
        note="SDCC 4.5.0 makes this of some programs of the kind lost-borrow. SDCC 4.2.0 loses byte and borrow.",
    ),
    Kind(
        "negated-borrow",
        "a small constant minus a long that a pointer leads to",
        "the difference loses the borrow",
        "negate the other difference: -(*p - 32)",
        "long v$;\nvoid f$(long *p) { *p = 32 - *p; }",
        "(v$ = 0x1ff, f$(&v$), (unsigned long)v$)",
        (),
        0xFFFFFE21,
        {"4.2": 0xFFFFFFFF, "4.5": 0xFFFFFE21},
        "long v$;\nvoid f$(long *p) { *p = -(*p - 32); }",
    ),
    Kind(
        "cut-constant",
        "a signed variable against a wider unsigned constant that does not fit it",
        "the constant is cut to the size of the variable, and the comparison is signed",
        "write the constant signed, such as 0x10005L, or cast the variable to the type of the constant",
        "int f$(int v) { return v < 0x10005UL; }",
        "f$(7)",
        (),
        1,
        {"4.2": 0, "4.5": 0},
        "int f$(int v) { return v < 0x10005L; }",
        note="A constant that fits is compared as a signed one, too. This is wrong for negative values only, and the "
        "build does not warn of it.",
    ),
    Kind(
        "moved-parameter",
        "a function that returns long long and needs the place of a parameter on the stack",
        "the function takes the address of its result for the parameter",
        "copy the parameter to a local variable first and use that",
        "unsigned long long f$(int a, int b) { int *p = &b; return *p; }",
        "f$(1, 0x1234)",
        (),
        0x1234,
        {"4.2": 0x17F8, "4.5": 0x1234},
        "unsigned long long f$(int a, int b) { int c = b; int *p = &c; return *p; }",
        until=(4, 3),
        note="The result is an address on the stack, so another program gets another number. When SDCC changed this is "
        "not known; 4.5.0 is right.",
    ),
    Kind(
        "shift-count",
        "an unsigned char shifted right by 8 or more inside a sum or a difference",
        "the number of bits is taken as the value",
        "leave the shift out, as its result is 0, or cast the byte to int first",
        "unsigned char c$ = 1;\nint f$(void) { return 100 - (c$ >> 8); }",
        "f$()",
        (),
        100,
        {"4.2": 92, "4.5": 100},
        "unsigned char c$ = 1;\nint f$(void) { return 100 - ((int)c$ >> 8); }",
        until=(4, 5),
        note="SDCC warns of the shift itself (116).",
    ),
    Kind(
        "field-copy",
        "a bit-field of more than 8 bits copied into one byte: a narrower bit-field, or an unsigned char",
        "the wrong byte of the bit-field is taken",
        "copy the bit-field to an unsigned int variable first",
        _FIELDS + "void f$(void) { s$.a = s$.b; }",
        "(s$.b = 31, f$(), s$.a)",
        (),
        31,
        {"4.2": 0, "4.5": 0},
        _FIELDS + "void f$(void) { unsigned v = s$.b; s$.a = v; }",
        note="A mask or a cast does not help.",
    ),
    Kind(
        "short-push",
        "`v ^ v` of a long or long long as an argument",
        "too few bytes are put on the stack, and the function returns to a wrong address",
        "write 0UL",
        _TAKER + "void f$(unsigned long a) { h$(a ^ a); }",
        "(g$ = 7, f$(5), g$)",
        (),
        0,
        {"4.2": None, "4.5": None},
        _TAKER + "void f$(unsigned long a) { h$(0UL); }",
    ),
    Kind(
        "kept-sign",
        "a signed value, cast to a wider unsigned type, then widened to a signed one",
        "the value is widened by its sign, as if the cast were not there",
        "put the value into an unsigned variable first",
        "long f$(signed char q) { return (unsigned int)q; }",
        "(unsigned long)f$(-1)",
        (),
        0xFFFF,
        {"4.2": 0xFFFFFFFF, "4.5": 0xFFFF},
        "long f$(signed char q) { unsigned int w = q; return w; }",
        until=(4, 5),
    ),
    Kind(
        "field-against-negative",
        "an unsigned bit-field of 8 bits against a negative constant",
        "the constant is cut to 8 bits",
        "copy the bit-field to an int variable first",
        _BYTE_FIELD + "int f$(void) { return s$.a == -5; }",
        "(s$.a = 251, f$())",
        (),
        0,
        {"4.2": 1, "4.5": 1},
        _BYTE_FIELD + "int f$(void) { int v = s$.a; return v == -5; }",
    ),
    Kind(
        "field-cast",
        "a bit-field cast to unsigned int that meets a signed value",
        "the result is taken as signed",
        "put the bit-field into an unsigned int variable first, or write the constant with a u",
        _WIDE_FIELD + "long f$(void) { return (unsigned int)s$.a - 1000; }",
        "(s$.a = 999, (unsigned long)f$())",
        (),
        0xFFFF,
        {"4.2": 0xFFFFFFFF, "4.5": 0xFFFFFFFF},
        _WIDE_FIELD + "long f$(void) { unsigned int v = s$.a; return v - 1000; }",
    ),
    Kind(
        "long-constant",
        "& | ^ of two long long values that SDCC knows, one of them through a variable",
        "only the low 32 bits are worked out",
        "write both as constants, or make the variable volatile; two values below 2 to the 32 are right",
        "unsigned long long f$(void) { unsigned long long v = 0x100000000ULL; return v | 1; }",
        "f$()",
        (),
        0x100000001,
        {"4.2": 1, "4.5": 1},
        "unsigned long long f$(void) { volatile unsigned long long v = 0x100000000ULL; return v | 1; }",
    ),
    Kind(
        "upper-half",
        "an unsigned long long > or <= a constant whose low 32 bits are 0",
        "the comparison only asks whether the value is 0",
        "compare with >= or <, and add 1 to the constant",
        "int f$(unsigned long long v) { return v > 0x100000000ULL; }",
        "f$(1)",
        (),
        0,
        {"4.2": 1, "4.5": 1},
        "int f$(unsigned long long v) { return v >= 0x100000001ULL; }",
    ),
    Kind(
        "modulo",
        "an unsigned long long % a constant that is, as a double, a power of two of 32 bits or more",
        "the result is not the remainder",
        "put the constant into a volatile variable",
        "unsigned long long f$(unsigned long long v) { return v % -255; }",
        "f$(5)",
        (),
        5,
        {"4.2": 0, "4.5": 0},
        "unsigned long long f$(unsigned long long v) { volatile int n = -255; return v % n; }",
        note="Every negative constant above -1025 is one of them.",
    ),
    Kind(
        "complemented-twice",
        "~ of a long as an argument",
        "one byte is complemented twice, and another one takes its place",
        "write v ^ 0xFFFFFFFFUL, or leave --max-allocs-per-node out",
        _TAKER + "void f$(long v, long q) { h$(~(unsigned long)v); }",
        "(f$(1, 1), g$)",
        ("--max-allocs-per-node", "100"),
        0xFFFFFFFE,
        {"4.2": 0xFFFF00FE, "4.5": 0xFFFF00FE},
        _TAKER + "void f$(long v, long q) { h$(v ^ 0xFFFFFFFFUL); }",
    ),
    Kind(
        "divided-by-itself",
        "an unsigned char divided by another one, where SDCC knows the first one's value",
        "the divisor is divided by itself",
        "put the divisor into an unsigned int variable first",
        "unsigned char b$[4];\nunsigned char f$(unsigned char a) { b$[1] = 17; b$[1] %= a; return b$[1]; }",
        "f$(9)",
        (),
        8,
        {"4.2": 0, "4.5": 8},
        "unsigned char b$[4];\nunsigned char f$(unsigned char a) "
        "{ unsigned d = a; b$[1] = 17; b$[1] %= d; return b$[1]; }",
        note="SDCC 4.5.0 makes it, too, in other programs, such as inside an `if`.",
    ),
    Kind(
        "mixed-bytes",
        "`(x - v) ^ q` in 64 bits, where q is a signed char that is part of x",
        "one byte of the result is that of another place",
        "put q into a volatile variable of the wider type first",
        "unsigned long long f$(signed char q, unsigned long long v) { return ((unsigned)q - v) ^ q; }",
        "f$(5, 1)",
        (),
        1,
        {"4.2": 0x500000000000004, "4.5": 0x500000000000004},
        "unsigned long long f$(signed char q, unsigned long long v) "
        "{ volatile unsigned long long w = q; return (w - v) ^ w; }",
    ),
)

BY_NAME = {kind.name: kind for kind in KINDS}
