"""Kinds of wrong code in a switch. Pure: see `kind_row.py`."""

from __future__ import annotations

from .kind_row import Kind

_CASES = "case -1: return 1; case 0: return 2; case 1: return 3; case 2: return 4; case 3: return 5; case 4: return 6;"

KINDS = (
    Kind(
        "switch-of-unsigned",
        "a switch of an unsigned int with six cases or more in a row, of which one is negative",
        "it always goes to `default`, or to what follows the switch",
        "cast the value to int, or write the negative case as an unsigned number",
        f"unsigned char f$(unsigned v) {{ switch (v) {{ {_CASES} }} return 0; }}",
        "f$(2)",
        (),
        4,
        {"4.2": 0, "4.5": 0},
        f"unsigned char f$(unsigned v) {{ switch ((int)v) {{ {_CASES} }} return 0; }}",
        note="With fewer cases, SDCC compares them one by one, and the result is right.",
    ),
)
