"""A project's own assembler that was written for another SDCC or memory model is named by the build."""

from __future__ import annotations

import pytest

from pio import Project, Result
from small_programs import ON_STACK

pytestmark = pytest.mark.platform

MAIN_C = """
unsigned char add(unsigned a, unsigned char b){};
unsigned twice(unsigned a);
unsigned from_assembler(unsigned a) {{ return a + 1; }}
volatile unsigned seen;
void main(void)
{{
    seen = add(seen, 3);
    seen = twice(seen);
}}
"""
IN_REGISTERS = """
\t.globl _twice
\t.area CODE
_twice:
\tsllw x
\tcall _from_assembler
\tret
"""
BEFORE = (
    "`add` takes 3 bytes of arguments from the stack, and src/main.c:8 puts 0 there: it seems written for SDCC before "
    "4.2"
)


def warnings(result: Result) -> list[str]:
    assert result.code == 0, result.output
    lines = [line for line in result.output.splitlines() if line.startswith("warning: ")]
    return [line.replace("\\", "/") for line in lines]


@pytest.fixture
def assembler(project: Project) -> Project:
    project.source(MAIN_C.format(""))
    project.source(ON_STACK, "zadd.s")
    project.source(IN_REGISTERS, "ztwice.asm")
    return project


def test_assembler_for_sdcc_before_4_2_is_named_with_what_to_do(assembler: Project) -> None:
    result = assembler.run()
    assert warnings(result) == [f"warning: src/zadd.s: {BEFORE}"]
    assert (
        "hint: write __sdcccall(0) after the prototype of `add` in C; if the source is right, put the comment "
        "`; stm8: sdcccall 1` into it"
    ) in result.output
    assembler.source(MAIN_C.format(" __sdcccall(0)"))
    assert warnings(assembler.run()) == []


def test_a_comment_in_the_source_decides(assembler: Project) -> None:
    assembler.source(f"; stm8: sdcccall 1\n{ON_STACK}", "zadd.s")
    assert warnings(assembler.run()) == []


def test_assembler_for_registers_is_named_where_all_arguments_are_on_the_stack(assembler: Project) -> None:
    assembler.configure("stm8sblue\nbuild_flags = --sdcccall 0")
    assert warnings(assembler.run()) == [
        "warning: src/ztwice.asm: `twice` takes arguments from A or X, and src/main.c:9 puts them on the stack: it "
        "seems written for SDCC 4.2 or later"
    ]


def test_assembler_for_the_other_memory_model_is_named(assembler: Project) -> None:
    assembler.configure("nucleo_8s208rb\nboard_build.memory_model = large")
    medium = "is written for the medium memory model, as it ends in `ret`"
    assert warnings(assembler.run()) == [
        f"warning: src/zadd.s: `add` {medium}, and src/main.c:8 calls it with `callf`: it returns to a wrong address",
        "warning: src/ztwice.asm:6: assembler calls `from_assembler` with `call`, and in the large memory model it "
        "returns with `retf`: it returns to a wrong address",
        f"warning: src/ztwice.asm: `twice` {medium}, and src/main.c:9 calls it with `callf`: it returns to a wrong "
        "address",
    ]


INLINE_C = """
unsigned count(unsigned a) { return a + 1; }
void main(void)
{
    __asm
    call _count
    __endasm;
}
"""


def test_inline_assembler_that_calls_a_function_the_other_model_s_way_is_named(project: Project) -> None:
    project.source(INLINE_C)
    project.configure("nucleo_8s208rb\nboard_build.memory_model = large")
    assert warnings(project.run()) == [
        "warning: src/main.c:7: assembler calls `count` with `call`, and in the large memory model it returns with "
        "`retf`: it returns to a wrong address"
    ]
    project.configure("nucleo_8s208rb")
    assert warnings(project.run()) == []
