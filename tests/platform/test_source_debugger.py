"""`stm8tool debug` with programs by a real SDCC on the executing simulator: STM8S and STM8L, both memory models."""

from __future__ import annotations

from pathlib import Path

import pytest

import documents
from debug_board import BOARDS, DebugBoard
from debugged import build, line_of
from pio import Core
from stm8tool.image import elf
from stm8tool.parts.table import find_part

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def sdcc(core: Core) -> str:
    return core.sdcc()


@pytest.fixture(params=BOARDS, ids=" ".join)
def bench(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> DebugBoard:
    monkeypatch.chdir(tmp_path)
    return DebugBoard(sdcc, tmp_path, *request.param)


@pytest.fixture
def one(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DebugBoard:
    """One of them, for what does not depend on the chip."""
    monkeypatch.chdir(tmp_path)
    return DebugBoard(sdcc, tmp_path, *BOARDS[0])


def test_it_stops_at_main_and_steps_line_by_line(bench: DebugBoard) -> None:
    shown = bench.debug("next", "next", "next", "next")
    places = [line for line in shown.splitlines() if " in " in line]
    assert [place.partition(" at ")[2] for place in places] == [
        bench.at("main.c", words)
        for words in ("    start_timer();", "rim", "sum(3, 100)", "    wait();", "left.total * 3L")
    ]
    assert "        wait();" in shown


def test_a_step_goes_into_a_function_of_another_file_and_finish_shows_its_result(bench: DebugBoard) -> None:
    shown = bench.debug(
        f"break {bench.at('main.c', 'result += speed_of')}", "continue", "step", "backtrace", "locals", "finish"
    )
    assert f"speed_of() at {bench.at('motor.c', 'motor->speed')}" in shown
    assert "1  0x" in shown
    assert f"in sum() at {bench.at('main.c', 'result += speed_of')}" in shown
    assert f"in main() at {bench.at('main.c', 'sum(3, 100)')}" in shown
    assert "main has no caller" in shown
    assert "result: 10" in shown


def test_a_breakpoint_at_a_function_stops_behind_the_code_that_makes_its_frame(bench: DebugBoard) -> None:
    shown = bench.debug("break sum", "continue", "print count", "print $sp > 0", "locals")
    assert "breakpoint 1\n" in shown
    assert "count = 3\n" in shown
    assert "$sp > 0 = 1\n" in shown
    assert "start = <in a register, known at the function's entry only>" in shown


def test_globals_statics_structures_pointers_and_elements_are_shown(bench: DebugBoard) -> None:
    shown = bench.debug(
        f"tbreak {bench.at('main.c', '    wait();')}",
        "print left",
        "print left.speed[1]",
        "print left.next->total",
        "print *left.next",
        "print/x left.total",
        "print level",
        "print -level * 2 + (3 << 2)",
        "print &left == left.next",
    )
    assert "left = {total: 160, speed: [10, 20, 30], next: 0x" in shown
    assert "left.speed[1] = 20" in shown
    assert "left.next->total = 160" in shown
    assert "*left.next = {total: 160" in shown
    assert "left.total = 0x00A0" in shown
    assert "level = -5" in shown
    assert "-level * 2 + (3 << 2) = 22" in shown
    assert "&left == left.next = 1" in shown


def test_a_line_that_waits_for_an_interrupt_ends_although_steps_mask_interrupts(bench: DebugBoard) -> None:
    shown = bench.debug(
        f"tbreak {bench.at('main.c', '    while (wanted)')}", "next", "print wanted", "print ticks >= 3"
    )
    assert f"wait() at {bench.at('main.c', 'level++')}" in shown
    assert "wanted = 0" in shown
    assert "ticks >= 3 = 1" in shown


def test_it_also_ends_with_one_breakpoint_elsewhere(bench: DebugBoard) -> None:
    shown = bench.debug(
        f"break {bench.at('main.c', 'left.total * 3L')}", f"tbreak {bench.at('main.c', '    while (wanted)')}", "next"
    )
    assert f"wait() at {bench.at('main.c', 'level++')}" in shown


def test_an_interrupt_handler_has_a_frame_and_the_interrupted_one_below(bench: DebugBoard) -> None:
    shown = bench.debug("break tick", "continue", "backtrace", "frame 1", "registers", "finish")
    assert "0  0x" in shown
    assert "tick() at main.c:" in shown
    assert "(interrupted here)" in shown
    assert "main has no caller" in shown
    registers = shown[shown.rindex("pc =") :]
    assert "not known" not in registers  # an interrupt saves them all


def test_the_registers_of_a_caller_are_not_guessed(bench: DebugBoard) -> None:
    shown = bench.debug("break speed_of", "continue", "frame 1", "registers", "print $a", code=2)
    assert "a  = <not known: a function called later may have changed it>" in shown
    assert "error: $a is not known" in shown


def test_a_library_routine_is_stepped_over(bench: DebugBoard) -> None:
    """`left.total * 3L / 2` calls routines of SDCC's library, which have no lines."""
    shown = bench.debug(f"tbreak {bench.at('main.c', 'left.total * 3L')}", "step", "print left.total")
    assert f"main() at {bench.at('main.c', 'sum(3, 100)')}" in shown
    assert "left.total = 240" in shown


def test_inside_a_library_routine_the_lack_of_information_is_said(bench: DebugBoard) -> None:
    name = next(name for name in elf.symbols(bench.file.read_bytes()) if name in ("__mullong", "__divslong"))
    shown = bench.debug(f"tbreak {name[1:]}", "backtrace", "locals", code=1)
    assert "no debug information here" in shown
    assert "it is hand-written assembler or a library" in shown
    assert "[E-DEBUG]" in shown.splitlines()[-1]


def test_variables_and_registers_are_set(bench: DebugBoard) -> None:
    shown = bench.debug(
        f"tbreak {bench.at('main.c', '    wait();')}",
        "set left.speed[2] = 77",
        "set level = -1",
        "set $x = 0x1234",
        "print left.speed[2] + level",
        "print/x $x",
    )
    assert "left.speed[2] + level = 76" in shown
    assert "$x = 0x1234" in shown


def test_the_third_breakpoint_in_flash_is_refused_and_the_two_are_named(bench: DebugBoard) -> None:
    shown = bench.debug("break sum", "break wait", "break tick", code=1)
    *_, hint, error = shown.splitlines()
    assert hint == "hint: delete one of the breakpoints first: 1 (sum) and 2 (wait)"
    assert error.startswith("error: no comparator is free for fetch at 0x00")
    assert "the chip compares two addresses only" in error
    assert error.endswith("[E-DEBUG]")


def test_a_register_that_the_simulator_does_not_know_is_an_error(one: DebugBoard) -> None:
    shown = one.debug("x 0x7F80", code=1)
    assert "error: the simulator does not know this: read of 0x007F80" in shown.splitlines()[-1]


def test_a_breakpoint_in_eeprom_is_refused(bench: DebugBoard) -> None:
    start = find_part(bench.part).eeprom
    assert start is not None
    shown = bench.debug("break sum", f"break *0x{start.start:X}", code=1)
    assert "this is in eeprom" in shown
    assert "hint: a watchpoint there stops the program" in shown
    assert "[E-DEBUG]" in shown


def test_with_both_breakpoints_set_next_goes_over_a_call_by_single_steps(bench: DebugBoard) -> None:
    shown = bench.debug(
        f"break {bench.at('main.c', '    wait();')}",
        f"break {bench.at('main.c', 'left.total * 3L')}",
        f"tbreak {bench.at('main.c', 'sum(3, 100)')}",
        "next",
        "breakpoints",
    )
    assert f"main() at {bench.at('main.c', '    wait();')}" in shown
    assert shown.count("(main.c:") == 2


def test_a_long_line_ends_although_it_calls_code_where_other_programs_have_vectors(
    sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program without interrupts has its first functions there."""
    monkeypatch.chdir(tmp_path)
    source = """\
volatile unsigned char n;
volatile unsigned total;
void twice(unsigned char k) { total += k; total += k; }
void main(void)
{
    volatile unsigned char held[16];
    for (n = 0; n < 16; n++)
        held[n] = 0x76;
    for (n = 0; n < 30; n++) { twice(n); twice(n); }
    total++;
    for (;;) ;
}
"""
    file = build(sdcc, tmp_path, {"main.c": source})
    assert elf.symbols(file.read_bytes())["_twice"] < 0x8080
    words = ["--probe", "sim:board.chip", "--part", "stm8s103f3"]
    documents.run(["sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3"])
    documents.run([*words, "write", "program.elf"])
    commands = [word for text in ("tbreak main.c:9", "next", "print total", "print n") for word in ("--do", text)]
    code, shown = documents.run([*words, "debug", "program.elf", *commands])
    assert code == 0, shown
    assert "total = 1740" in shown
    assert "n = 30" in shown


RECURSION_C = """\
volatile unsigned char deepest, level;
static void go_down(unsigned char left)
{
    level++;
    if (left)
        go_down(left - 1);
    deepest++;
}
void main(void)
{
    go_down(5);
    for (;;) ;
}
"""


def test_next_goes_over_a_recursion_as_a_whole(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inner calls return to the same address, with a lower stack pointer."""
    monkeypatch.chdir(tmp_path)
    build(sdcc, tmp_path, {"main.c": RECURSION_C})
    words = ["--probe", "sim:board.chip", "--part", "stm8s103f3"]
    documents.run(["sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3"])
    documents.run([*words, "write", "program.elf"])
    commands = [word for text in ("tbreak main.c:6", "next", "print level", "print deepest") for word in ("--do", text)]
    code, shown = documents.run([*words, "debug", "program.elf", *commands])
    assert code == 0, shown
    assert "level = 6" in shown
    assert "deepest = 5" in shown


DOUBTS_C = """\
volatile int out;
volatile unsigned v;
volatile int w = -5;
volatile int several[2] = {-1, -2};
struct fields { signed char low:3; unsigned char high:5; int n; } fields;
static inline int scaled(int i) { out = i; return i * 3; }
static int get(void) { return out; }
static int many(int a, int b)
{
    int v1 = get() + 0x1111;
    int v2 = get() + 0x2222;
    int v3 = get() + 0x3333;
    out = v1 + v2 + v3;
    out = 0;
    int z1 = get() + 0x1999;
    int z2 = get() + 0x1AAA;
    int z3 = get() + 0x1BBB;
    out = z1; out = z2; out = z3;
    out = 0;
    return a + b;
}
static int pushing(int a, int b)
{
    out = a;
    __asm__("pushw x");
    __asm__("nop");
    __asm__("popw x");
    out = b;
    return b + a;
}
static int outer(int a)
{
    volatile int i = 77;
    int r = scaled(a);
    out = r;
    return r + i;
}
void main(void)
{
    v = 65535;
    fields.low = -1; fields.high = 3; fields.n = -300;
    for (;;) {
        out = 0;
        many(1, 2);
        pushing(3, 4);
        outer(5);
    }
}
"""


def test_what_may_be_wrong_is_marked_in_every_form(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = build(sdcc, tmp_path, {"main.c": DOUBTS_C})
    words = ["--probe", "sim:board.chip", "--part", "stm8s103f3"]
    documents.run(["sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3", "--program", str(file)])

    def shown(*commands: str) -> str:
        given = [word for text in commands for word in ("--do", text)]
        code, text = documents.run([*words, "debug", "program.elf", *given])
        assert code == 0, text
        return text

    def at(words: str) -> str:
        return f"tbreak main.c:{line_of(DOUBTS_C, words)}"

    sign = "(the debug information may have a wrong sign or size for it)"
    text = shown(at("    many(1, 2);"), "print several", "print w + 1", "print fields", "print fields.low", "print 1+1")
    for line in (f"w + 1 = -4 {sign}", "1+1 = 2"):
        assert line in text.splitlines()
    (several,) = [line for line in text.splitlines() if line.startswith("several = ")]
    assert several.endswith(sign)
    field = "the debug information does not say whether a bit-field has a sign"
    assert f"fields.low = 7 ({field})" in text
    assert f"fields = {{low: 7, high: 3, n: -300}} ({field})" in text

    text = shown(at("return a + b;"), "locals")
    assert "v2 = 6553 (SDCC uses the same place for z1)" in text  # 0x1999: the value of z1

    text = shown(at("pushing(3, 4);"), "break pushing", "continue", *["stepi", "backtrace", "locals"] * 8)
    said = text.split("after a step\n")
    (pushed,) = [piece for piece in said if "no call is in front" in piece and '__asm__("nop")' in piece]
    assert "b = <the function's stack frame is not known here>" in pushed
    assert " 1  0x" not in pushed

    assert "i = 77" in shown(at("    out = r;"), "locals")


def test_the_program_runs_on_afterwards(bench: DebugBoard) -> None:
    bench.debug("break sum", "continue")
    shown = documents.run(["sim", "run", "board.chip", "--for", "50ms", "--elf", "program.elf"])
    assert shown[0] == 0, shown[1]
    code, held = documents.run([*bench.words, "read", "held.bin", "--region", "flash"])
    assert code == 0, held


def test_continue_for_a_time_halts_the_program_then(bench: DebugBoard) -> None:
    shown = bench.debug("continue 20ms", "print ticks > 3")
    assert "halted\n" in shown
    assert "ticks > 3 = 1" in shown
