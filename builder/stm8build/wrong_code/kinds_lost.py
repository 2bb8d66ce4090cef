"""Kinds of wrong code in which SDCC loses a loop, a variable, a byte or an offset. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

KINDS = (
    Kind(
        "lost-loop",
        "`v && 0` as a value, after a loop whose counter begins with a constant",
        "the loop runs only once, or what follows it is left out",
        "write 0, or ask with `if`: SDCC has given warnings 110 and 126 here",
        "unsigned char r$, g$ = 1;\nvoid f$(void) {\n  unsigned char n;\n"
        "  for (n = 0; n < 4; n++) r$++;\n  g$ = g$ && 0;\n}",
        "(f$(), r$)",
        (),
        4,
        {"4.2": 1, "4.5": 1},
        "unsigned char r$, g$ = 1;\nvoid f$(void) {\n  unsigned char n;\n  for (n = 0; n < 4; n++) r$++;\n  g$ = 0;\n}",
        note="The 0 may be a macro, such as that of a part that is switched off. The search finds it by SDCC's own "
        "warnings 110 and 126 for these lines.",
    ),
    Kind(
        "lost-rest",
        "`1 && (v && 0)` or `0 || (v && 0)`, where both constants may be macros",
        "the rest of the function is left out",
        "write 0, or leave out the constant condition: SDCC has given warnings 110 and 126 here",
        "int f$(int v, int w) {\n  0 || (v && 0);\n  return w;\n}",
        "f$(1, 7)",
        (),
        7,
        {"4.2": 1, "4.5": 1},
        "int f$(int v, int w) {\n  v && 0;\n  return w;\n}",
        note="The search names the first `return v`, or the first call, that is left out.",
    ),
    Kind(
        "lost-condition",
        "`v || (w && 0)` as a value, where the 0 may be a macro",
        "the value is always 1",
        "turn the operands round, `(w && 0) || v`, or ask with `if`",
        "int f$(int v, int w) { return v || (w && 0); }",
        "f$(0, 1)",
        (),
        0,
        {"4.2": 1, "4.5": 1},
        "int f$(int v, int w) { return (w && 0) || v; }",
        note="The search finds it where v is a variable and the line asks for nothing else.",
    ),
    Kind(
        "lost-variable",
        "a variable that gets a narrower value and is cut again after a branch, such as v in `g ? v : w` with a char w",
        "the variable is not set",
        "give the variable the type of its value, or make it volatile",
        "unsigned char g$ = 1, w$;\nunsigned char f$(unsigned char c) { unsigned v = c; return g$ ? v : w$; }",
        "f$(7)",
        (),
        7,
        {"4.2": 7, "4.5": 0},
        "unsigned char g$ = 1, w$;\nunsigned char f$(unsigned char c) { unsigned char v = c; return g$ ? v : w$; }",
        note="SDCC narrows the variable to the bits that the program uses, and throws its value away on the way. "
        "`if (g) t = v; else t = w;` is the same. A statement that does nothing can do it, such as `(void)v` or a "
        "macro that only tests the value. A variable that is set in vain can do it, too.",
    ),
    Kind(
        "lost-middle-byte",
        "a long minus the minus of a long, such as `g -= -(a | b)`, or a long long minus an unsigned long",
        "a byte in the middle has the value of the byte above it",
        "add the value, or put it into a volatile variable first",
        "int k$;\nvolatile unsigned long g$ = 255;\nsigned char f$(long a) { g$ -= -(a | 0x12345678); return k$; }",
        "(f$(0), g$)",
        ("--max-allocs-per-node", "100"),
        0x12345777,
        {"4.2": 0x12125777, "4.5": 0x12125777},
        "int k$;\nvolatile unsigned long g$ = 255;\nsigned char f$(long a) { g$ += a | 0x12345678; return k$; }",
    ),
    Kind(
        "lost-offset",
        "a byte that is read by way of a pointer and written back as it is, such as `p->status = p->status`",
        "SDCC reads the byte at the address of the pointer, without the offset",
        "put the byte into a volatile variable, and write that back",
        "struct { unsigned char a[5]; volatile unsigned char b; } s$, *p$ = &s$;\nvoid f$(void) { p$->b = p$->b; }",
        "(s$.b = 7, f$(), s$.b)",
        (),
        7,
        {"4.2": 0, "4.5": 0},
        "struct { unsigned char a[5]; volatile unsigned char b; } s$, *p$ = &s$;\n"
        "void f$(void) { volatile unsigned char t = p$->b; p$->b = t; }",
        note="The offset is 3 or more; SDCC adds a smaller one in another way. Without `volatile` it shows only where "
        "the function does something else, too. `t = p->b; p->b = t;` is the same.",
    ),
)
