"""Kinds of wrong code in which a register holds another value than SDCC thinks. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

KINDS = (
    Kind(
        "unloaded-byte",
        "a constant, or a global variable of one byte, stored where a global pointer leads to, while X is in use",
        "what is in A is stored instead of the value",
        "copy the pointer to a volatile local variable and store through that",
        "unsigned char m$, *p$ = &m$;\nint f$(int a) { *p$ = 7; return a; }",
        "(f$(1), m$)",
        (),
        7,
        {"4.2": 0, "4.5": 0},
        "unsigned char m$, *p$ = &m$;\nint f$(int a) { unsigned char *volatile q = p$; *q = 7; return a; }",
        note="X is in use where a parameter or another int is needed later. `*p++ = 7` and a static pointer are as "
        "wrong. The value in A is chance, so another program gets another number.",
    ),
    Kind(
        "popped-argument",
        "a function that ends with a call, where the argument is a char, and one byte is taken off the stack before",
        "the byte that is taken off the stack replaces the argument",
        "put the result of the call into a volatile variable first, or do something after the call",
        "int g$(char v) { return v; }\nint f$(unsigned char c) { return g$(16 - c); }",
        "(unsigned)f$(6)",
        (),
        10,
        {"4.2": 6, "4.5": 10},
        "int g$(char v) { return v; }\nint f$(unsigned char c) { volatile int t = g$(16 - c); return t; }",
        until=(4, 4),
        note="SDCC jumps to the called function. Before that it takes its variables off the stack, and its parameters "
        "that are there. With --opt-code-size, an int as an argument is lost, too, where the variables have two bytes. "
        "When SDCC changed this is not known; 4.4.0 is right.",
    ),
    Kind(
        "popped-argument-of-a-pointer",
        "the same where a pointer leads to the function",
        "the byte that is taken off the stack replaces the argument",
        "put the result of the call into a volatile variable first, or do something after the call",
        "int g$(char v) { return v; }\nint (*p$)(char) = g$;\nint f$(unsigned char c) { return p$(16 - c); }",
        "(unsigned)f$(6)",
        (),
        10,
        {"4.2": 6, "4.5": 6},
        "int g$(char v) { return v; }\nint (*p$)(char) = g$;\n"
        "int f$(unsigned char c) { volatile int t = p$(16 - c); return t; }",
    ),
    Kind(
        "unpushed-factor",
        "an int times a constant from 257 to 640 whose low byte has a single bit, such as 257, 320 and 512 + 1",
        "a word that happens to be on the stack is added instead of the value",
        "write shifts: (v << 8) + (v << 6) for v * 320",
        "int f$(int v) { return v * 320; }",
        "f$(1) == 320",
        ("--opt-code-speed",),
        1,
        {"4.2": 0, "4.5": 0},
        "int f$(int v) { return (v << 8) + (v << 6); }",
        note="It needs --opt-code-speed. A value that is on the stack already comes out right.",
    ),
    Kind(
        "overwritten-byte-of-32",
        "a long that is worked out | a constant of one byte, such as (v - w) | 16",
        "the low byte of the result is stored in the place of another byte, too",
        "put the first value into a volatile variable of the type of the long",
        "unsigned long v$, w$;\nunsigned long f$(void) { return (v$ - w$) | 16; }",
        "(v$ = 0x12345688, w$ = 1, f$())",
        ("--max-allocs-per-node", "100"),
        0x12345697,
        {"4.2": 0x12975697, "4.5": 0x12345697},
        "unsigned long v$, w$;\nunsigned long f$(void) { volatile unsigned long t = v$ - w$; return t | 16; }",
        until=(4, 4),
        note="It needs `--max-allocs-per-node 100`. An int that becomes a long, as in `20L | i`, is as wrong.",
        found_as="overwritten-byte",
    ),
)
