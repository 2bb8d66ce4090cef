"""Programs with libraries in which something that must stay is easily dropped."""

from __future__ import annotations

from .danger_row import Danger

IN_LIBRARIES = {
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
}
