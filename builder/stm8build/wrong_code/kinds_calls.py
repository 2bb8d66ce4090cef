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
)
