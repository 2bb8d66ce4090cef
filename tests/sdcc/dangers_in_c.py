"""Programs in C in which something that must stay is easily dropped: pointers, tables, interrupts, names."""

from __future__ import annotations

from .danger_row import Danger

IN_C = {
    "pointers in a const table": Danger(
        {
            "main.c": """
typedef unsigned (*call)(unsigned);
static unsigned first(unsigned v) { return v + 1; }
static unsigned second(unsigned v) { return v * 3; }
static unsigned third(unsigned v) { return v - 7; }
unsigned unreached(unsigned v) { return third(v); }
static const call table[] = { first, second };
const call unread[] = { third, first };
volatile unsigned char which;
void main(void) { for (which = 0; which < 2; which++) REPORT(table[which](10)); END }
"""
        },
        [11, 30],
        "first second table",
        "third unreached unread",
    ),
    "pointers in structures, in several steps": Danger(
        {
            "main.c": """
struct entry { unsigned char key; unsigned (*call)(void); const struct entry *next; };
unsigned a(void) { return 0xA; }
unsigned b(void) { return 0xB; }
unsigned c(void) { return 0xC; }
const struct entry last = { 3, b, 0 };
const struct entry first = { 1, a, &last };
const struct entry other = { 2, c, &last };
const struct entry *const start = &first;
const struct entry *const *volatile at = &start;
void main(void) { const struct entry *e; for (e = *at; e; e = e->next) REPORT(e->call()); END }
"""
        },
        [0xA, 0xB],
        "a b first last start",
        "c other",
    ),
    "pointers in initialised data": Danger(
        {
            "main.c": """
unsigned one(void) { return 1; }
unsigned two(void) { return 2; }
unsigned three(void) { return 3; }
unsigned (*call)(void) = one;
static unsigned (*calls[2])(void) = { two, one };
unsigned values[3] = { 7, 8, 9 };
const char text[] = "kept";
const char *volatile pointer = text;
void main(void)
{
    static unsigned (*local)(void) = two;
    REPORT(call()); REPORT(calls[0]()); REPORT(calls[1]()); REPORT(local()); REPORT(values[2]); REPORT(pointer[0]);
    END
}
"""
        },
        [1, 2, 1, 2, 9, ord("k")],
        "one two text",
        "three",
    ),
    "an interrupt and what it calls": Danger(
        {
            "main.c": """
void tick(void) __interrupt(5);
void spare(void) __interrupt(6);
volatile unsigned ticks;
void main(void) { __asm__("rim"); while (ticks < 3) ; REPORT(ticks); END }
""",
            "tick.c": """
extern volatile unsigned ticks;
static void count(void) { ticks++; }
void uncalled(void) { ticks--; }
void tick(void) __interrupt(5) { count(); }
void spare(void) __interrupt(6) { }
""",
        },
        [3],
        "tick count spare",
        "uncalled",
    ),
    "__at": Danger(
        {
            "main.c": """
unsigned served(void) { return 5; }
unsigned other(void) { return 6; }
unsigned (*const __at(0x9F00) service[])(void) = { served };
const unsigned char __at(0x9F80) version[] = { 1, 2 };
volatile unsigned char __at(0x0200) cell;
volatile unsigned where = 0x9F81;
void main(void) { cell = 4; REPORT(cell); REPORT(*(const unsigned char *)where); END }
"""
        },
        [4, 2],
        "served service version",
        "other",
    ),
    "static names in two files": Danger(
        {
            "main.c": """
unsigned other(void);
static unsigned help(unsigned v) { return v + 1; }
static const unsigned table[] = { 1, 2, 3 };
volatile unsigned char at = 1;
void main(void) { REPORT(help(table[at])); REPORT(other()); END }
""",
            "other.c": """
extern volatile unsigned char at;
static unsigned help(unsigned v) { return v * 100; }
static const unsigned table[] = { 4, 5, 6 };
unsigned other(void) { return help(table[at]); }
static unsigned aside(unsigned v) { return help(v) + 1; }
unsigned no_one(void) { return aside(at); }
""",
            "third.c": """
extern volatile unsigned char at;
static unsigned help(unsigned v) { return v - 1; }
static const unsigned table[] = { 7, 8, 9 };
unsigned third(void) { return help(table[at]); }
""",
        },
        [3, 500],
        "other",
        "aside no_one third help table",
    ),
    "const tables and texts inside functions": Danger(
        {
            "main.c": """
volatile unsigned char at = 2;
static unsigned sum(const char *text) { unsigned s = 0; while (*text) s += *text++; return s; }
unsigned day(void) { static const unsigned days[] = { 31, 28, 30 }; return days[at] + sum("kept; text"); }
unsigned month(void) { static const unsigned days[] = { 1, 2, 3 }; return days[at] + sum("gone, text"); }
const char *const names[] = { "zero", "one", "two" };
const char *const more[] = { "three", "kept; text" };
void main(void) { REPORT(day()); REPORT(names[at][1]); REPORT(sum("kept; text")); END }
"""
        },
        [30 + sum(b"kept; text"), ord("w"), sum(b"kept; text")],
        "day names",
        "month more",
    ),
    "jump tables": Danger(
        {
            "main.c": """
volatile unsigned char which;
unsigned choose(unsigned char v) {
    switch (v) { case 0: return 40; case 1: return 9; case 2: return 33; case 3: return 1; case 4: return 77; }
    return 2;
}
unsigned choose_not(unsigned char v) {
    switch (v) { case 0: return 4; case 1: return 90; case 2: return 3; case 3: return 10; case 4: return 7; }
    return 1;
}
void main(void) { for (which = 0; which < 6; which++) REPORT(choose(which)); END }
"""
        },
        [40, 9, 33, 1, 77, 2],
        "choose",
        "choose_not",
    ),
}
