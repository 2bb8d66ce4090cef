"""Kinds of wrong code with bit-fields. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

_FIELDS = "struct { unsigned a : 6; unsigned b : 14; } s$;\n"
_BYTE_FIELD = "struct { unsigned a : 8; } s$;\n"
_SHORT_FIELD = "struct { unsigned a : 4; } s$;\n"
_WIDE_FIELD = "struct { unsigned a : 11; } s$;\n"

KINDS = (
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
        "stored-as-a-field",
        "a bit-field of less than 8 bits copied into a char that is a member, an element or where a pointer leads to",
        "only some bits of the char are written, as if it were the bit-field",
        "copy the bit-field to a local variable of the type of the char first",
        "struct { unsigned char m; unsigned a : 3; unsigned b : 2; } s$;\nvoid f$(void) { s$.m = s$.b; }",
        "(s$.m = 0x56, s$.b = 1, f$(), s$.m)",
        (),
        1,
        {"4.2": 0x4E, "4.5": 1},
        "struct { unsigned char m; unsigned a : 3; unsigned b : 2; } s$;\n"
        "void f$(void) { unsigned char t = s$.b; s$.m = t; }",
        until=(4, 4),
        note="A register by its address, `*(volatile unsigned char *)0x5000 = s.f`, is written in the same way. A "
        "bit-field of more than 8 bits in an int there is as wrong. It is right where one of the two is signed and the "
        "other is not. When SDCC changed this is not known; 4.4.0 is right.",
    ),
    Kind(
        "kept-sign-of-a-field",
        "a signed bit-field that is cast to unsigned char or unsigned int, and then widened",
        "the value is widened by its sign, as if the cast were not there",
        "put the value into a variable of the unsigned type first",
        "struct { signed a : 7; } s$;\nint f$(void) { return (unsigned char)s$.a; }",
        "(s$.a = -6, (unsigned)f$())",
        (),
        0xFA,
        {"4.2": 0xFFFA, "4.5": 0xFA},
        "struct { signed a : 7; } s$;\nint f$(void) { unsigned char t = s$.a; return t; }",
        until=(4, 4),
        note="When SDCC changed this is not known; 4.4.0 is right.",
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
        "long-into-field",
        "an unsigned long of a struct into a bit-field of more than 8 bits",
        "bytes of the value are swapped",
        "cast the long to unsigned int",
        "struct { unsigned long l; unsigned m : 13; } s$;\nvoid f$(void) { s$.m = s$.l; }",
        "(s$.l = 0xcb2cf059, f$(), s$.m)",
        (),
        0x1059,
        {"4.2": 0x19F0, "4.5": 0x19F0},
        "struct { unsigned long l; unsigned m : 13; } s$;\nvoid f$(void) { s$.m = (unsigned int)s$.l; }",
    ),
    Kind(
        "complemented-field",
        "~ of a bit-field of 8 bits or less",
        "one byte is complemented twice, and another one takes its place",
        "copy the bit-field to an int variable first",
        "struct { signed m : 6; } s$;\nunsigned g$;\nvoid f$(void) { g$ = ~s$.m; }",
        "(s$.m = 5, f$(), g$)",
        ("--max-allocs-per-node", "100"),
        0xFFFA,
        {"4.2": 0xFA, "4.5": 0xFA},
        "struct { signed m : 6; } s$;\nunsigned g$;\nint i$;\nvoid f$(void) { i$ = s$.m; g$ = ~i$; }",
        found_as="complemented-twice",
    ),
    Kind(
        "field-as-unsigned",
        "- or ~ of an unsigned bit-field of 9 to 15 bits, or & | ^ of it and a constant, where the sign of the result "
        "matters",
        "the result is taken as unsigned, and in C it is an int",
        "copy the bit-field to an int variable first",
        _WIDE_FIELD + "long f$(void) { return ~s$.a; }",
        "(s$.a = 0x131, (unsigned long)f$())",
        (),
        0xFFFFFECE,
        {"4.2": 0xFECE, "4.5": 0xFECE},
        _WIDE_FIELD + "long f$(void) { int v = s$.a; return ~v; }",
        note="It matters where the result is widened, compared, divided or shifted right: `(s.a & 255) - v < w`.",
    ),
    Kind(
        "field-and-byte",
        "a bit-field of up to 8 bits against an unsigned char, in < <= > >= / or %; a signed one also in == and !=",
        "an unsigned char above 127 is taken as negative",
        "cast the bit-field to int",
        _SHORT_FIELD + "int f$(unsigned char b) { return s$.a < b; }",
        "(s$.a = 5, f$(200))",
        (),
        1,
        {"4.2": 0, "4.5": 0},
        _SHORT_FIELD + "int f$(unsigned char b) { return (int)s$.a < b; }",
        note="SDCC works with 8 bits then. SDCC 4.5.0 does so for an unsigned bit-field only where that stands on the "
        "left. It also makes wrong code of | and ^ of the two, used as an int; SDCC 4.2.0 does not compile these. "
        "| and ^ of a signed bit-field and a comparison, such as `s.m ^ (g == 1)`, lose the sign. A signed char "
        "against an unsigned bit-field of 8 bits is as wrong.",
    ),
)
