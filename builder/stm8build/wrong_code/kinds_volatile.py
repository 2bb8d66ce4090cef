"""Kinds of wrong code with volatile variables: accesses too many or too few. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

_PORT = "volatile unsigned char __at(0x5000) port$;\n"
_POINTER = "volatile unsigned char *p$ = (volatile unsigned char *)0x5000;\n"

KINDS = (
    Kind(
        "shift-in-place",
        "a shift that is stored in a volatile unsigned char",
        "the shift is done in the variable itself, one bit after the other, so it holds other values on the way",
        "shift in a global variable first, or in a volatile local one, and then copy that",
        _PORT + "unsigned char y$ = 3;\nvoid f$(void) { port$ = y$ << 2; }",
        "f$()",
        (),
        "w5000=0c",
        {
            "4.2": "w5000=03 r5000 w5000=06 r5000 w5000=0c",
            "4.5": "w5000=03 r5000 w5000=06 r5000 w5000=0c",
        },
        _PORT + "unsigned char y$ = 3;\nvoid f$(void) { volatile unsigned char v = y$; v <<= 2; port$ = v; }",
        note="An interrupt handler, or a pin, sees the values on the way. A macro with a constant address is right.",
    ),
    Kind(
        "unread",
        "a volatile that a pointer leads to, read and not used",
        "the read is left out",
        "store the value in a variable, or use a constant address",
        _POINTER + "void f$(void) { *p$; }",
        "f$()",
        (),
        "r5000",
        {"4.2": "", "4.5": ""},
        _POINTER + "unsigned char v$;\nvoid f$(void) { v$ = *p$; }",
        note="So a driver function that takes a pointer to the registers does not clear a flag by `(void)p->SR`.",
    ),
    Kind(
        "untouched",
        "a volatile variable that is written unchanged, such as `port |= 0`, or compared with a value out of its range",
        "there is no access at all",
        "use a macro with a constant address",
        _PORT + "void f$(void) { port$ |= 0; }",
        "f$()",
        (),
        "r5000 w5000=00",
        {"4.2": "", "4.5": ""},
        "void f$(void) { *(volatile unsigned char *)0x5000 |= 0; }",
    ),
    Kind(
        "index-read-twice",
        "a volatile as an index in a compound assignment",
        "the volatile is read twice, so one element can be read and another one written",
        "copy the index to another variable first",
        _PORT + "unsigned char a$[4];\nvoid f$(void) { a$[port$] += 2; }",
        "f$()",
        (),
        "r5000",
        {"4.2": "r5000 r5000", "4.5": "r5000 r5000"},
        _PORT + "unsigned char a$[4];\nvoid f$(void) { unsigned char i = port$; a$[i] += 2; }",
    ),
)
