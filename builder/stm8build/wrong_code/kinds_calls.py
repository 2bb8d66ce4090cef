"""Kinds of wrong code that SDCC makes of calls. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

KINDS = (
    Kind(
        "lost-argument",
        "a call that is the last thing that a function does, with a char as argument, or an int with --opt-code-size",
        "the function that is called gets another value",
        'put the argument into a volatile variable first, or write `__asm__("");` after the call',
        "unsigned char g$;\nvoid h$(unsigned char c) { g$ = c; }\n"
        "void f$(unsigned char a, unsigned char b) { g$++; h$(a + b); }",
        "(f$(4, 3), g$)",
        (),
        7,
        {"4.2": 0x80, "4.5": 7},
        "unsigned char g$;\nvoid h$(unsigned char c) { g$ = c; }\n"
        'void f$(unsigned char a, unsigned char b) { g$++; h$(a + b); __asm__(""); }',
        until=(4, 4),
        note="SDCC makes a jump of such a call. It takes the bytes of the function off the stack through the register "
        "with the argument. The value is a byte of the return address, so another program gets another one. The "
        "mask of `c & 15` can be lost instead. Which version changed this is not known; 4.4.0 is right.",
    ),
    Kind(
        "lost-argument-of-a-pointer",
        "a call by way of a pointer that is the last thing that a function does, with a char as argument",
        "the function that is called gets another value",
        "put the result of the call into a volatile variable first, or do something after the call",
        "int g$(char v) { return v; }\nint (*p$)(char) = g$;\nint f$(unsigned char c) { return p$(16 - c); }",
        "(unsigned)f$(6)",
        (),
        10,
        {"4.2": 6, "4.5": 6},
        "int g$(char v) { return v; }\nint (*p$)(char) = g$;\n"
        "int f$(unsigned char c) { volatile int t = p$(16 - c); return t; }",
    ),
)
