"""Programs with assembler in which something that must stay is easily dropped."""

from __future__ import annotations

from .danger_row import Danger

IN_ASSEMBLER = {
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
