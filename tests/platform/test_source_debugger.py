"""`stm8tool debug` with programs by a real SDCC on the executing simulator: STM8S and STM8L, both memory models."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

import documents
from debugged import LARGE, MEDIUM, build, line_of
from pio import ROOT, Core
from stm8tool.cli import debug as command
from stm8tool.debugger.begin import begun, loaded
from stm8tool.debugger.source_run import SourceDebugger
from stm8tool.debugger.terminal import Terminal
from stm8tool.image import elf
from stm8tool.parts.table import find_part
from stm8tool.sim import store

pytestmark = pytest.mark.platform

MAIN_C = """\
#include <stdint.h>
#include "motor.h"
volatile uint8_t ticks;
volatile uint8_t wanted;
static struct motor left = {3, {10, 20, 30}, &left};
static int8_t level = -5;

void tick(void) __interrupt(HANDLER)
{
    CLEAR = 0;
    ticks++;
    if (wanted)
        wanted--;
}

static int16_t sum(uint8_t count, int16_t start)
{
    int16_t result = start;
    uint8_t i;
    for (i = 0; i < count; i++)
        result += speed_of(&left, i);
    return result;
}

static void wait(void)
{
    wanted = 3;
    while (wanted)
        ;
    level++;
}

void main(void)
{
    start_timer();
    __asm__("rim");
    for (;;) {
        left.total = sum(3, 100);
        wait();
        left.total = left.total * 3L / 2;
    }
}
"""
MOTOR_H = """\
struct motor { int16_t total; uint8_t speed[3]; struct motor *next; };
uint8_t speed_of(struct motor *motor, uint8_t index);
void start_timer(void);
"""
MOTOR_C = """\
#include <stdint.h>
#include "motor.h"
#define REG(address) (*(volatile unsigned char *)(address))

uint8_t speed_of(struct motor *motor, uint8_t index)
{
    uint8_t speed = motor->speed[index];
    if (speed > 100)
        speed = 100;
    return speed;
}

void start_timer(void)
{
    CLOCK;
    REG(AUTO_RELOAD) = 200;
    REG(ENABLE) = 1;
    REG(CONTROL) = 1;
}
"""
# TIM4: its vector, and its registers (RM0016, RM0031).
FAMILIES = {
    "stm8s103f3": ("23", "0x5344", "(void)0", "0x5348", "0x5343", "0x5340"),
    "stm8s208rb": ("23", "0x5342", "(void)0", "0x5346", "0x5341", "0x5340"),
    "stm8l151k6": ("25", "0x52E5", "REG(0x50C3) |= 4", "0x52E9", "0x52E4", "0x52E0"),
}
BOARDS = [("stm8s103f3", MEDIUM), ("stm8s103f3", LARGE), ("stm8l151k6", MEDIUM), ("stm8l151k6", LARGE)]


@pytest.fixture(scope="module")
def sdcc(core: Core) -> str:
    return core.sdcc()


class Bench:
    """A program in a simulated chip, in the current folder."""

    def __init__(self, sdcc: str, folder: Path, part: str, model: str) -> None:
        handler, clear, clock, reload, enable, control = FAMILIES[part]
        defines = (f"HANDLER={handler}", f"CLEAR=(*(volatile uint8_t*){clear})", f"AUTO_RELOAD={reload}")
        options = [f"-D{define}" for define in (*defines, f"ENABLE={enable}", f"CONTROL={control}", f"CLOCK={clock}")]
        self.sources = {"main.c": MAIN_C, "motor.h": MOTOR_H, "motor.c": MOTOR_C}
        self.part, self.folder = part, folder
        self.file = build(sdcc, folder, self.sources, *options, model=model)
        assert documents.run(["sim", "create", "board.chip", "--part", part, "--probe", "v3"])[0] == 0
        code, shown = documents.run([*self.words, "write", "program.elf"])
        assert code == 0, shown

    @property
    def words(self) -> list[str]:
        return ["--probe", "sim:board.chip", "--part", self.part]

    def debug(self, *commands: str, code: int = 0, options: Sequence[str] = ()) -> str:
        """Run `debug` with commands; return what a terminal shows."""
        given = [word for text in commands for word in ("--do", text)]
        ended, shown = documents.run([*self.words, "debug", "program.elf", *options, *given])
        assert ended == code, shown
        return shown

    def at(self, file: str, words: str) -> str:
        """Return the place of a line by its words."""
        return f"{file}:{line_of(self.sources[file], words)}"


@pytest.fixture(params=BOARDS, ids=" ".join)
def bench(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(sdcc, tmp_path, *request.param)


@pytest.fixture
def one(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """One of them, for what does not depend on the chip."""
    monkeypatch.chdir(tmp_path)
    return Bench(sdcc, tmp_path, *BOARDS[0])


def test_it_stops_at_main_and_steps_line_by_line(bench: Bench) -> None:
    shown = bench.debug("next", "next", "next", "next")
    places = [line for line in shown.splitlines() if " in " in line]
    assert [place.partition(" at ")[2] for place in places] == [
        bench.at("main.c", words)
        for words in ("    start_timer();", "rim", "sum(3, 100)", "    wait();", "left.total * 3L")
    ]
    assert "        wait();" in shown


def test_a_step_goes_into_a_function_of_another_file_and_finish_shows_its_result(bench: Bench) -> None:
    shown = bench.debug(
        f"break {bench.at('main.c', 'result += speed_of')}", "continue", "step", "backtrace", "locals", "finish"
    )
    assert f"speed_of() at {bench.at('motor.c', 'motor->speed')}" in shown
    assert "1  0x" in shown
    assert f"in sum() at {bench.at('main.c', 'result += speed_of')}" in shown
    assert f"in main() at {bench.at('main.c', 'sum(3, 100)')}" in shown
    assert "main has no caller" in shown
    assert "result: 10" in shown


def test_a_breakpoint_at_a_function_stops_behind_the_code_that_makes_its_frame(bench: Bench) -> None:
    shown = bench.debug("break sum", "continue", "print count", "print $sp > 0", "locals")
    assert "breakpoint 1\n" in shown
    assert "count = 3\n" in shown
    assert "$sp > 0 = 1\n" in shown
    assert "start = <in a register, known at the function's entry only>" in shown


def test_globals_statics_structures_pointers_and_elements_are_shown(bench: Bench) -> None:
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


def test_a_line_that_waits_for_an_interrupt_ends_although_steps_mask_interrupts(bench: Bench) -> None:
    shown = bench.debug(
        f"tbreak {bench.at('main.c', '    while (wanted)')}", "next", "print wanted", "print ticks >= 3"
    )
    assert f"wait() at {bench.at('main.c', 'level++')}" in shown
    assert "wanted = 0" in shown
    assert "ticks >= 3 = 1" in shown


def test_it_also_ends_with_one_breakpoint_elsewhere(bench: Bench) -> None:
    shown = bench.debug(
        f"break {bench.at('main.c', 'left.total * 3L')}", f"tbreak {bench.at('main.c', '    while (wanted)')}", "next"
    )
    assert f"wait() at {bench.at('main.c', 'level++')}" in shown


def test_an_interrupt_handler_has_a_frame_and_the_interrupted_one_below(bench: Bench) -> None:
    shown = bench.debug("break tick", "continue", "backtrace", "frame 1", "registers", "finish")
    assert "0  0x" in shown
    assert "tick() at main.c:" in shown
    assert "(interrupted here)" in shown
    assert "main has no caller" in shown
    registers = shown[shown.rindex("pc =") :]
    assert "not known" not in registers  # an interrupt saves them all


def test_the_registers_of_a_caller_are_not_guessed(bench: Bench) -> None:
    shown = bench.debug("break speed_of", "continue", "frame 1", "registers", "print $a", code=2)
    assert "a  = <not known: a function called later may have changed it>" in shown
    assert "error: $a is not known" in shown


def test_a_library_routine_is_stepped_over(bench: Bench) -> None:
    """`left.total * 3L / 2` calls routines of SDCC's library, which have no lines."""
    shown = bench.debug(f"tbreak {bench.at('main.c', 'left.total * 3L')}", "step", "print left.total")
    assert f"main() at {bench.at('main.c', 'sum(3, 100)')}" in shown
    assert "left.total = 240" in shown


def test_inside_a_library_routine_the_lack_of_information_is_said(bench: Bench) -> None:
    name = next(name for name in elf.symbols(bench.file.read_bytes()) if name in ("__mullong", "__divslong"))
    shown = bench.debug(f"tbreak {name[1:]}", "backtrace", "locals", code=1)
    assert "no debug information here" in shown
    assert "it is hand-written assembler or a library" in shown
    assert "[E-DEBUG]" in shown.splitlines()[-1]


def test_variables_and_registers_are_set(bench: Bench) -> None:
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


def test_the_third_breakpoint_in_flash_is_refused_and_the_two_are_named(bench: Bench) -> None:
    shown = bench.debug("break sum", "break wait", "break tick", code=1)
    *_, hint, error = shown.splitlines()
    assert hint == "hint: delete one of the breakpoints first: 1 (sum) and 2 (wait)"
    assert error.startswith("error: no comparator is free for fetch at 0x00")
    assert "the chip compares two addresses only" in error
    assert error.endswith("[E-DEBUG]")


def test_a_register_that_the_simulator_does_not_know_is_an_error(one: Bench) -> None:
    shown = one.debug("x 0x7F80", code=1)
    assert "error: the simulator does not know this: read of 0x007F80" in shown.splitlines()[-1]


def test_a_breakpoint_in_eeprom_is_refused(bench: Bench) -> None:
    start = find_part(bench.part).eeprom
    assert start is not None
    shown = bench.debug(f"break *0x{start.start:X}", code=1)
    assert "this is in eeprom" in shown
    assert "[E-DEBUG]" in shown


def test_with_both_breakpoints_set_next_goes_over_a_call_by_single_steps(bench: Bench) -> None:
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


def test_the_program_runs_on_afterwards(bench: Bench) -> None:
    bench.debug("break sum", "continue")
    shown = documents.run(["sim", "run", "board.chip", "--for", "50ms", "--elf", "program.elf"])
    assert shown[0] == 0, shown[1]
    code, held = documents.run([*bench.words, "read", "held.bin", "--region", "flash"])
    assert code == 0, held


def test_continue_for_a_time_halts_the_program_then(bench: Bench) -> None:
    shown = bench.debug("continue 20ms", "print ticks > 3")
    assert "halted\n" in shown
    assert "ticks > 3 = 1" in shown


def test_attach_halts_the_program_without_a_reset(one: Bench) -> None:
    one.debug("continue 20ms")
    shown = one.debug("print ticks > 3", options=["--attach"])
    assert "ticks > 3 = 1" in shown


def test_another_program_in_the_chip_is_refused(one: Bench) -> None:
    data = bytearray(one.file.read_bytes())
    section = next(part for part in elf.sections(bytes(data)) if part.name == "CODE")
    at = bytes(data).index(section.data)
    data[at + 5] ^= 0xFF
    one.file.write_bytes(data)
    shown = one.debug("next", code=1)
    assert shown.splitlines()[-1] == "error: the chip runs another program than program.elf [E-OTHER-BUILD]"


def test_a_build_without_debug_information_is_refused(one: Bench, sdcc: str, tmp_path: Path) -> None:
    (tmp_path / "plain.c").write_text("void main(void) { for (;;) ; }\n", encoding="utf-8")
    flags = ["-mstm8", "--out-fmt-elf"]
    subprocess.run([sdcc, *flags, "plain.c", "-o", "plain.elf"], check=True, capture_output=True)
    code, shown = documents.run([*one.words, "debug", "plain.elf"])
    assert code == 2
    assert "[E-NO-DWARF]" in shown


def test_damaged_debug_information_is_refused_or_serves(one: Bench) -> None:
    """Whatever byte of it is wrong: no traceback, and no endless run."""
    good = one.file.read_bytes()
    begin = good.index(b"main.c") - 200
    for at in range(begin, len(good), max(1, (len(good) - begin) // 60)):
        one.file.write_bytes(good[:at] + bytes([good[at] ^ 0x5A]) + good[at + 1 :])
        code, shown = documents.run([*one.words, "debug", "program.elf", "--do", "backtrace", "--do", "locals"])
        assert code in (0, 1, 2), (at, shown)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("frobnicate", "'frobnicate' is not a command"),
        ("break", "which place?"),
        ("break nowhere", "the program has no function 'nowhere'"),
        ("break main.c:9999", "main.c has no code at line 9999 or below it"),
        ("break other.c:1", "no code comes from a file other.c"),
        ("break ticks", "ticks is not a function"),
        ("print nothing", "no variable nothing is known here"),
        ("print left.nothing", "has no member nothing"),
        ("print left.speed[3]", "the array has no element 3"),
        ("print 1 / 0", "a division by 0"),
        ("print (1", "a ')' is missing"),
        ("print 1 +", "the expression ends too early"),
        ("print $r1", "the CPU has no register $r1"),
        ("print " + "-" * 200 + "1", "the expression is too deep"),
        ("print " + "1+" * 300 + "1", "the expression has more than 400 characters"),
        ("print/q left", "/q is not a form of a value"),
        ("set level = 200", "200 does not fit"),
        ("set left = 1", "only a number can be set"),
        ("set 1 = 1", "only a variable in memory and a register can be set"),
        ("set $cc = 256", "$cc holds 0 to 0xFF"),
        ("delete 7", "there is no breakpoint 7"),
        ("frame 7", "there is no frame 7"),
        ("finish", "the caller is not known: main has no caller"),
        ("continue soon", "--for soon is not a time"),
        ("x 0 1000", "x shows 1 to 256 bytes"),
        ("next 3", "this command takes no '3'"),
        ("list other.c:1", "no code comes from a file other.c"),
        ("x" * 2000, "the command has more than 1000 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(one: Bench, line: str, words: str) -> None:
    ended, shown = documents.run([*one.words, "debug", "program.elf", "--do", line])
    *_, hint, error = shown.splitlines()
    assert ended in (1, 2)
    assert error.startswith("error: ")
    assert words in error
    assert hint.startswith("hint: ")


def test_a_script_comes_through_a_pipe_and_ends_at_its_first_failure(
    one: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = b"# a comment\n\nnext\nprint level\nfrobnicate\nprint left\n"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(script), isatty=lambda: False))
    code, shown = documents.run([*one.words, "debug", "program.elf"])
    assert code == 2
    assert "level = -5" in shown
    assert "left =" not in shown


def test_a_terminal_goes_on_after_an_error_and_quit_ends_it(one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = b"frobnicate\nprint level\nquit\nprint left\n"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(typed), isatty=lambda: True))
    monkeypatch.setattr(documents.Terminal, "isatty", lambda self: True)
    code, shown = documents.run([*one.words, "debug", "program.elf"])
    assert code == 0
    assert "'frobnicate' is not a command" in shown
    assert "(debug) level = -5" in shown
    assert "left =" not in shown


def test_help_names_every_command(one: Bench) -> None:
    shown = one.debug("help")
    for name in ("break", "delete", "step", "next", "finish", "continue", "backtrace", "print", "locals", "list"):
        assert f"\n{name}" in f"\n{shown}"
    for name in ("registers", "set", "help", "quit"):
        assert f"\n{name}" in f"\n{shown}"


def test_list_marks_the_line_and_goes_on(one: Bench) -> None:
    shown = one.debug("list", "list", "list motor.c:5")
    assert f">{line_of(MAIN_C, '    start_timer();'):5}      start_timer();" in shown
    assert "uint8_t speed_of(struct motor *motor, uint8_t index)" in shown


def test_ctrl_c_halts_a_program_that_runs(one: Bench) -> None:
    """Without it, `continue` ends only at a breakpoint."""
    from stm8tool.api import Chip
    from stm8tool.selector import open_link
    from stm8tool.session import Session

    part = find_part(one.part)
    asked = iter([False] * 3 + [True] * 100)
    program = loaded("program.elf", part)
    chip = Chip(lambda: Session(open_link("sim:board.chip"), part), part)
    with chip, begun(chip, program, lambda text: None, lambda: next(asked)) as debugger:
        assert isinstance(debugger, SourceDebugger)
        shown = Terminal(debugger, lambda text: 1.0).do("continue")
    assert shown.startswith("halted\n")


def test_ctrl_c_is_a_request_while_commands_are_typed() -> None:
    import signal

    keys = command._Keys()
    with keys.held():
        signal.raise_signal(signal.SIGINT)
        assert keys.has_asked()
        keys.forget()
        assert not keys.has_asked()


def test_the_page_shows_the_way_from_nothing_to_a_printed_local(
    sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = documents.section(documents.read("docs/debugging.md"), "From nothing to a printed local")
    (source,) = re.findall(r"^```c\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "blink.c").write_text(source, encoding="utf-8")
    ran = 0
    for example in documents.examples(text):
        if example.command.startswith("sdcc "):
            subprocess.run([sdcc, *example.words], check=True, capture_output=True)
            continue
        code, shown = example.run()
        assert code == 0, shown
        assert example.fits(shown), shown
        ran += 1
    assert ran == 3


def test_the_page_lists_every_command(one: Bench) -> None:
    rows = documents.first_cells(documents.section(documents.read("docs/debugging.md"), "Commands"))
    named = [word.split()[0] for row in rows for word in row.split(", ")]
    shown = one.debug("help")
    assert sorted(named) == sorted(line.split()[0].partition("[")[0] for line in shown.splitlines()[2:])


def test_each_reason_of_the_page_is_one_of_the_tool() -> None:
    rows = documents.first_cells(
        documents.section(documents.read("docs/debugging.md"), "What the debugger does not show")
    )
    tool = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "tool" / "stm8tool").rglob("*.py")))
    assert len(rows) == 12
    assert [row for row in rows if row not in tool] == []


def test_a_step_ends_when_the_chip_is_reset_in_it(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would wait for ever: the program begins anew each time, and never comes to the next line."""
    monkeypatch.chdir(tmp_path)
    crash = 'void crash(void)\n{\n    __asm__(".db 0x05");\n}\nvoid main(void)\n{\n    crash();\n    for (;;) ;\n}\n'
    build(sdcc, tmp_path, {"main.c": crash})
    words = ["--probe", "sim:board.chip", "--part", "stm8s103f3"]
    documents.run(["sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3"])
    documents.run([*words, "write", "program.elf"])
    code, shown = documents.run([*words, "debug", "program.elf", "--do", "next"])
    assert code == 0
    assert "halted, because the chip was reset: the step did not end" in shown


def test_a_chip_asleep_in_halt_is_reached_with_a_reset_only(
    sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asleep = 'void main(void)\n{\n    __asm__("halt");\n    for (;;) ;\n}\n'
    build(sdcc, tmp_path, {"main.c": asleep})
    words = ["--probe", "sim:board.chip", "--part", "stm8s103f3"]
    documents.run(["sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3"])
    documents.run([*words, "write", "program.elf"])
    code, shown = documents.run([*words, "debug", "program.elf", "--attach", "--do", "next"])
    assert code
    assert "leave out --attach" in shown.splitlines()[-2]
    code, shown = documents.run([*words, "debug", "program.elf", "--do", "backtrace"])
    assert code == 0, shown
    assert "main has no caller" in shown


def test_a_locked_chip_is_refused_and_runs_on(one: Bench) -> None:
    assert documents.run([*one.words, "lock", "--yes"])[0] == 0
    shown = one.debug("next", code=5)
    assert "[E-ROP-READ]" in shown.splitlines()[-1]


@pytest.mark.parametrize("transfers", [60, 200, 600])
def test_an_unplugged_probe_is_told(one: Bench, transfers: int) -> None:
    assert documents.run([*one.words, "read", "held.bin", "--region", "flash"])[0] == 0
    held, fault = Path("held.bin").read_bytes(), f"unplug-after={transfers}"
    store.create("lost.chip", find_part(one.part), "v3", content=held, faults=[fault])
    words = ["--probe", "sim:lost.chip", "--part", one.part, "debug", "program.elf"]
    code, shown = documents.run([*words, "--do", "tbreak sum", *["--do", "next"] * 8])
    assert code == 3
    assert "[E-PROBE-LOST]" in shown.splitlines()[-1]
