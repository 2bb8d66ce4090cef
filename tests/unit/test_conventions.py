"""Assembler that was written for another way of calling functions is found by its signs, and other assembler is not."""

from __future__ import annotations

from typing import Optional

import pytest

from stm8build.link import conventions
from stm8build.link.conventions import LARGE, MEDIUM, Build, Call

NOW, BEFORE, FAR = Build(True, MEDIUM), Build(False, MEDIUM), Build(True, LARGE)


def routine(body: str, head: str = "") -> str:
    return f"{head}\t.globl _f\n\t.area CODE\n_f:\n" + "".join(f"\t{line.strip()}\n" for line in body.split("|"))


# void f(unsigned a, unsigned char b): SDCC 4.1 puts a at (3,sp) and b at (5,sp), SDCC 4.2 passes X and A.
ON_STACK = "ldw x,(3,sp) | ld a,(5,sp) | addw x,#1 | ret"
PUSHING = "push a | pushw x | ldw x, (6, sp) | ld a, (0x08, sp) | popw x | pop a | ret"
IN_REGISTERS = "ld 0x5000,a | ldw 0x100,x | ret"
SECOND_ON_STACK = "addw x, (3, sp) | popw y | addw sp, #2 | jp (y)"
IDIOM = "xor a,a | ld 0x5000,a | ret"
LOCALS = "sub sp,#4 | clr (1,sp) | clr (4,sp) | addw sp,#4 | ret"
JUMPING = "pushw x | jreq 1$ | popw x | ret | 1$: | ldw y,(1,sp) | popw x | ret"
SAVED = "push a | ld a,#5 | ld 0x5000,a | pop a | ret"


@pytest.mark.parametrize(
    ("body", "stack", "reads"),
    [
        (ON_STACK, 5, False),
        (PUSHING, 5, False),
        (IN_REGISTERS, 0, True),
        (SECOND_ON_STACK, 4, True),
        (IDIOM, 0, False),
        (LOCALS, 0, False),
        (SAVED, 0, False),
        ("sub a,(3,sp) | ret", 3, True),
        ("exg a,xl | ret", 0, True),
        ("ld a,xl | ret", 0, True),
        ("ld xl,a | ret", 0, True),
        ("ldw (x),y | ret", 0, True),
        ("call _g | ld 0x5000,a | ret", 0, False),
        ("ldw y,(3,sp) | ldw y,(2,y) | ret", 4, False),
    ],
)
def test_a_routine_shows_where_it_takes_its_arguments(body: str, stack: int, reads: bool) -> None:
    (found,) = conventions.read(routine(body)).routines
    assert (found.stack, found.reads_registers) == (stack, reads)


def test_the_depth_of_the_stack_is_followed_over_a_jump() -> None:
    (found,) = conventions.read(routine(JUMPING).replace("\t1$:", "1$:")).routines
    assert found.stack == 0


def test_a_source_s_routines_are_its_global_labels() -> None:
    text = (
        "_a::\nagain:\n\tret\n\t.globl _b, _c\n_b:\n\tretf\n10$: ret\n_c:\tjp (x)\n\t.area DATA\n_c2:\n\t.ds 3 ; ret\n"
    )
    assert [(found.name, sorted(found.returns)) for found in conventions.read(text).routines] == [
        ("_a", ["ret"]),
        ("_b", ["ret", "retf"]),
        ("_c", []),
    ]


@pytest.mark.parametrize(
    ("build", "body", "head", "pushed", "sign"),
    [
        (NOW, ON_STACK, "", 0, "takes 3 bytes of arguments from the stack, and src/main.c:7 puts 0 there"),
        (NOW, PUSHING, "", 1, "takes 3 bytes of arguments from the stack, and src/main.c:7 puts 1 there"),
        (NOW, ON_STACK, "", 3, None),  # the prototype says __sdcccall(0)
        (NOW, IN_REGISTERS, "", 0, None),
        (NOW, SECOND_ON_STACK, "", 2, None),
        (NOW, LOCALS, "", 0, None),
        (NOW, ON_STACK, "; stm8: sdcccall 1\n", 0, None),
        (NOW, ON_STACK, "; stm8: sdcccall 0\n", 0, "it seems written for SDCC before 4.2"),
        (NOW, SECOND_ON_STACK, "; STM8: sdcccall 0\n", 0, "it seems written for SDCC before 4.2"),
        (BEFORE, IN_REGISTERS, "", 3, "it seems written for SDCC 4.2 or later"),
        (BEFORE, IN_REGISTERS, "", 0, None),  # a function without arguments
        (BEFORE, IN_REGISTERS, ";stm8: sdcccall 0\n", 3, None),
        (BEFORE, ON_STACK, "", 3, None),
        (BEFORE, ON_STACK, "; stm8: sdcccall 1\n", 3, "it seems written for SDCC 4.2 or later"),
        (FAR, IN_REGISTERS, "", 0, "is written for the medium memory model, as it ends in `ret`"),
        (FAR, IN_REGISTERS.replace("ret", "retf"), "", 0, None),
        (FAR, IN_REGISTERS, "; stm8: model large\n", 0, None),
        (FAR, "ldw x,(4,sp) | retf", "", 0, "takes 2 bytes of arguments from the stack, and src/main.c:7 puts 0 there"),
        (FAR, "jra 2$ | 2$: | ret | retf", "", 0, None),
        (NOW, "ldw 0x100,x | retf", "", 0, "is written for the large memory model, as it ends in `retf`"),
        (NOW, "jp (x)", "; stm8: model large\n", 0, "is written for the large memory model, as its comment says"),
    ],
)
def test_a_routine_for_another_convention_is_found_and_no_other(
    build: Build, body: str, head: str, pushed: int, sign: Optional[str]
) -> None:
    source = conventions.read(routine(body, head))
    found = conventions.problems(build, source, {"_f": [Call("src/main.c", 7, pushed)]})
    assert [sign in warning for warning, _ in found if sign] == [True] * bool(sign)
    assert len(found) == bool(sign)
    assert conventions.problems(build, source, {"_other": [Call("src/main.c", 7, pushed)]}) == []


# Shortened output of SDCC 4.2.0.
MADE = """;\tsrc/main.c: 6: d16(5);
;\t function main
_main:
\tldw\tx, #0x0005
\tcall\t_d16
;\tsrc/main.c: 7: v = c0(v, 2);
\tpush\t#0x02
\tpush\t_v+1
\tpush\t_v+0
\tcall\t_c0
\taddw\tsp, #3
\tpushw\tx
00102$:
\tpush\ta
\tcallf\t_g
\tjp\t_tail
;\t function irq
\tiret
;\t function g
\tret
"""


def test_a_call_in_c_has_the_bytes_that_were_put_on_the_stack_for_it() -> None:
    assert list(conventions.calls(MADE)) == [
        ("_d16", "call", Call("src/main.c", 6, 0)),
        ("_c0", "call", Call("src/main.c", 7, 3)),
        ("_g", "callf", Call("src/main.c", 7, 1)),
        ("_tail", "jp", Call("src/main.c", 7, 0)),
    ]
    assert conventions.compiled(MADE, MEDIUM) == {"_g"}
    assert conventions.compiled(MADE, LARGE) == set()


@pytest.mark.parametrize(
    ("build", "operation", "wrong"),
    [(FAR, "call", True), (FAR, "callr", True), (FAR, "callf", False), (NOW, "callf", True), (NOW, "call", False)],
)
def test_assembler_that_calls_c_the_other_model_s_way_is_wrong(build: Build, operation: str, wrong: bool) -> None:
    assert conventions.is_wrong_call(build, operation, "_g", {"_g"}) == wrong
    assert conventions.may_call_wrongly(build, f"_main:\n\tnop\n\t{operation}\t_g\n") == wrong
    assert not conventions.is_wrong_call(build, operation, "_by_hand", {"_g"})
