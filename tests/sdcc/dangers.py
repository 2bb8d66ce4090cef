"""Programs in which something that must stay is easily dropped. One row each, for `test_unused.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional


class Danger(NamedTuple):
    """A program in which something is easily dropped that must stay, and the other way round."""

    sources: Mapping[str, str]  # with $REPORT(value); main.c ends in $END
    reports: list[int]
    stays: str  # C names, or those of the assembler if they begin with "="
    goes: str
    libraries: Optional[Mapping[str, Mapping[str, str]]] = None
    only: str = "medium large debug"


DANGERS = {
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
    "calls and jumps in inline assembler": Danger(
        {
            "main.c": """
volatile unsigned char seen;
static void called(void) { seen += 1; }
static void jumped(void) { seen += 2; }
static void spare(void) { seen += 4; }
static const unsigned char read_only[] = { 40 };
void through(void) __naked { __asm
    CALL    _called
    JUMP    _jumped
__endasm; }
void load(void) { __asm
    ld a, _read_only
    add a, _seen
    ld _seen, a
__endasm; }
void main(void) { through(); load(); REPORT(seen); END }
void (*unused_reference)(void);
const void *quiet(void) { return spare; }
const unsigned char *quiet_too(void) { return read_only; }
void refer(void) { called(); jumped(); }
"""
        },
        [43],
        "called jumped read_only through load",
        "spare quiet quiet_too refer",
    ),
    "labels in inline assembler": Danger(
        {
            "main.c": """
volatile unsigned char count;
void loop(void) { __asm
    ld a, #5
again:
    inc _count
    dec a
    jrne again
after:
__endasm; count++; }
void enters(void) __naked { __asm
    .globl _inner
    inc _count
_inner:
    inc _count
    inc _count
    RETURN
__endasm; }
void inner(void);
void main(void) { loop(); inner(); REPORT(count); END }
void never(void) { enters(); }
"""
        },
        [8],
        "loop enters",
        "never",
    ),
    "a function that runs on into the next one": Danger(
        {
            "main.c": """
volatile unsigned char count;
void before(void) { count = 100; }
void prologue(void) __naked { __asm
    inc _count
__endasm; }
void body(void) { count += 10; }
void skipped(void) { count = 50; }
void halfway(void) __naked { __asm
    tnz _count
    jreq over
    RETURN
over:
__endasm; }
void target(void) { count += 3; }
void main(void) { prologue(); REPORT(count); count = 0; halfway(); REPORT(count); END }
"""
        },
        [11, 3],
        "prologue body halfway target",
        "before skipped",
    ),
    "distances and addresses relative to a line": Danger(
        {
            "main.c": """
volatile unsigned char count;
void skips(void) __naked { __asm
    jra .+4
    inc a
    inc a
    inc _count
    RETURN
__endasm; }
void unread(void) { count = 9; }
void main(void) { skips(); REPORT(count); END }
"""
        },
        [1],
        "skips unread",
        "",
    ),
    "an area, a macro and a condition in inline assembler": Danger(
        {
            "main.c": """
volatile unsigned char value;
unsigned from_other(void);
unsigned from_macro(void);
void main(void) { load(); REPORT(value); REPORT(from_macro()); REPORT(from_other()); END }
""".replace("void main", "void load(void);\nvoid main"),
            "areas.c": """
extern volatile unsigned char value;
void load(void) { __asm
    .area CONST
here:
    .db 77
    .area CODE
    ld a, here
    ld _value, a
__endasm; }
unsigned not_cut(void) { return 1; }
""",
            "macro.c": """
void macro(void) __naked { __asm
    .macro both
    ldw x, #0x0203
    RETURN
    .endm
    both
__endasm; }
unsigned from_macro(void) __naked { __asm
    both
__endasm; }
""",
            "plain.c": "unsigned from_other(void) { return 4; }\nunsigned cut_off(void) { return 5; }\n",
        },
        [77, 0x203, 4],
        "load not_cut macro from_macro from_other",
        "cut_off",
    ),
    "a table in another area at the end of a function in assembler": Danger(
        {
            "main.c": """
volatile unsigned char value;
void load(void) __naked { __asm
    ld a, _table
    ld _value, a
    ret
    .area CONST
_table:
    .db 78
    .area CODE
__endasm; }
void never(void) __naked { __asm
    ret
    .area CONST
_other:
    .db 5
    .area CODE
__endasm; }
void main(void) { load(); REPORT(value); END }
"""
        },
        [78],
        "load table",
        "never other",
        only="medium debug",
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
    "main in a library": Danger(
        {"user.c": "unsigned setup(void) { return 6; }\nunsigned not_called(void) { return 7; }\n"},
        [6],
        "setup main",
        "not_called spare",
        {
            "core": {
                "main.c": "unsigned setup(void);\nunsigned spare(void) { return 1; }\n"
                "void main(void) { REPORT(setup()); END }\n"
            }
        },
    ),
    "callbacks through a library": Danger(
        {
            "main.c": """
typedef int (*order)(const void *, const void *);
void sort(int *first, unsigned count, order by);
static int rising(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int falling(const void *a, const void *b) { return *(const int *)b - *(const int *)a; }
int values[3] = { 5, -2, 3 };
void main(void) { sort(values, 3, rising); REPORT(values[0]); REPORT(values[2]); END }
order choose(void) { return falling; }
"""
        },
        [0xFFFE, 5],
        "rising sort exchange",
        "falling choose sort_twice",
        {
            "sort": {
                "sort.c": """
typedef int (*order)(const void *, const void *);
static void exchange(int *a, int *b) { int kept = *a; *a = *b; *b = kept; }
void sort(int *first, unsigned count, order by) {
    unsigned i, j;
    for (i = 0; i < count; i++) for (j = i + 1; j < count; j++)
        if (by(first + i, first + j) > 0) exchange(first + i, first + j);
}
void sort_twice(int *first, unsigned count, order by) { sort(first, count, by); sort(first, count, by); }
"""
            }
        },
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
    "functions of SDCC's library": Danger(
        {
            "main.c": """
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
volatile int a = -700, b = 13; volatile long l = 100003; volatile float f = 2.5f; char line[8];
int putchar(int c) { REPORT(c); return c; }
void main(void) {
    REPORT(a * b); REPORT(a / b); REPORT(a % b); REPORT((int)(l * 7 / 11)); REPORT((int)(f * 3));
    strcpy(line, "AB"); REPORT(strlen(line)); puts(line); printf("%d", b);
    END
}
int unreached(void) { return abs(a) + atoi(line) + (int)(l % 3); }
"""
        },
        [
            (-700 * 13) & 0xFFFF,
            (-53) & 0xFFFF,
            (-11) & 0xFFFF,
            (100003 * 7 // 11) & 0xFFFF,
            7,
            2,
            *b"AB\n",
            *b"13",
        ],
        "putchar",
        "unreached abs atoi",
    ),
    "a user's definition beside a library's": Danger(
        {
            "main.c": """
unsigned work(void);
unsigned part(void) { return 1; }
void main(void) { REPORT(work()); REPORT(part()); END }
unsigned dead(void) { return 0; }
"""
        },
        [11, 1],
        "work part",
        "dead",
        {
            "one": {
                "work.c": "unsigned part(void);\nunsigned work(void) { return part() + 10; }\n",
                "part.c": "unsigned part(void) { return 2; }\n",
            },
            "two": {"part.c": "unsigned part(void) { return 3; }\nunsigned work(void) { return 4; }\n"},
        },
    ),
    "a definition that only dead code brought in": Danger(
        {
            "main.c": """
unsigned common(void);
unsigned extra(void);
void main(void) { REPORT(common()); END }
unsigned dead(void) { return extra(); }
"""
        },
        [2],
        "common",
        "dead extra",
        {
            "one": {"extra.c": "unsigned extra(void) { return 1; }\nunsigned common(void) { return 2; }\n"},
            "two": {"common.c": "unsigned common(void) { return 3; }\n"},
        },
    ),
    "a register that a library's module sets": Danger(
        {
            "main.c": """
volatile unsigned char __at(0x5005) port;
void main(void) { REPORT(port); END }
void blink(void);
void dead(void) { blink(); }
"""
        },
        [0x5A],
        "",
        "dead blink",
        {
            "led": {
                "led.c": "volatile unsigned char __at(0x5005) out = 0x5A;\nvoid blink(void) { out ^= 1; }\n"
                "void more(void) { blink(); }\n"
            }
        },
        only="medium large",  # with debug information SDCC 4.2.0 writes assembler that does not assemble
    ),
    "assembler of a person": Danger(
        {
            "main.c": """
unsigned by_hand(void);
unsigned from_c(void) { return 20; }
unsigned from_none(void) { return 30; }
const unsigned held = 5;
void main(void) { REPORT(by_hand()); END }
""",
            "zz.s": """
    .module zz
    .globl _by_hand, _from_c, _held
    .area CODE
_by_hand:
    CALL _from_c
again:
    addw x, _held
    jra past
past:
    RETURN
unnamed:
    jra again
""",
        },
        [25],
        "from_c held by_hand",
        "from_none",
    ),
    "two objects of one name in a library": Danger(
        {
            "main.c": """
unsigned ua(void); unsigned ub(void);
void main(void) { REPORT(ua()); REPORT(ub()); END }
"""
        },
        [1, 2],
        "ua ub",
        "da db",
        {
            "both": {
                "a/u.c": "unsigned ua(void) { return 1; }\nunsigned da(void) { return 3; }\n",
                "b/u.c": "unsigned ub(void) { return 2; }\nunsigned db(void) { return 4; }\n",
            }
        },
        only="medium large",  # sources.py: with debug information two objects of one name do not link
    ),
    "a function whose size the program takes": Danger(
        {
            "main.c": """
volatile unsigned char n = 3;
unsigned copied(void) { return n + 2; }
unsigned between(void) { return n + 4; }
void after(void) { }
void main(void) { REPORT((unsigned)((unsigned)after - (unsigned)copied > 4)); REPORT(copied()); END }
"""
        },
        [1, 5],
        "copied after",
        "between",
        only="medium debug",
    ),
}
