"""`stm8tool debug`: how a session begins and ends, its terminal and scripts, what it refuses, and its page."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import documents
from debug_board import BOARDS, MAIN_C, DebugBoard
from debugged import build, line_of
from pio import ROOT, Core
from stm8tool.cli import debug as command
from stm8tool.debugger.begin import begun, loaded
from stm8tool.debugger.source_run import SourceDebugger
from stm8tool.debugger.terminal import Terminal
from stm8tool.image import elf
from stm8tool.parts.table import find_part
from stm8tool.sim import store

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def sdcc(core: Core) -> str:
    return core.sdcc()


@pytest.fixture
def one(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DebugBoard:
    """One of them, for what does not depend on the chip."""
    monkeypatch.chdir(tmp_path)
    return DebugBoard(sdcc, tmp_path, *BOARDS[0])


def test_attach_halts_the_program_without_a_reset(one: DebugBoard) -> None:
    one.debug("continue 20ms")
    shown = one.debug("print ticks > 3", options=["--attach"])
    assert "ticks > 3 = 1" in shown


def test_another_program_in_the_chip_is_refused(one: DebugBoard) -> None:
    data = bytearray(one.file.read_bytes())
    section = next(part for part in elf.sections(bytes(data)) if part.name == "CODE")
    at = bytes(data).index(section.data)
    data[at + 5] ^= 0xFF
    one.file.write_bytes(data)
    shown = one.debug("next", code=1)
    assert shown.splitlines()[-1] == "error: the chip runs another program than program.elf [E-OTHER-BUILD]"


def test_a_build_without_debug_information_is_refused(one: DebugBoard, sdcc: str, tmp_path: Path) -> None:
    (tmp_path / "plain.c").write_text("void main(void) { for (;;) ; }\n", encoding="utf-8")
    flags = ["-mstm8", "--out-fmt-elf"]
    subprocess.run([sdcc, *flags, "plain.c", "-o", "plain.elf"], check=True, capture_output=True)
    code, shown = documents.run([*one.words, "debug", "plain.elf"])
    assert code == 2
    assert "[E-NO-DWARF]" in shown


def test_damaged_debug_information_is_refused_or_serves(one: DebugBoard) -> None:
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
        ("print left.speed[3]", "the index 3 is outside of an array with 3 elements"),
        ("print left->total", "does not lead to a value of a known type"),
        ("print left.next.total", "this is a pointer to a structure"),
        ("print level[0]", "has no elements"),
        ("print *3", "the type number does not lead to a value"),
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
        ("continue soon", "continue soon is not a time"),
        ("x 0 1000", "x shows 1 to 256 bytes"),
        ("next 3", "this command takes no '3'"),
        ("list other.c:1", "no code comes from a file other.c"),
        ("x" * 2000, "the command has more than 1000 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(one: DebugBoard, line: str, words: str) -> None:
    ended, shown = documents.run([*one.words, "debug", "program.elf", "--do", line])
    *_, hint, error = shown.splitlines()
    assert ended in (1, 2)
    assert error.startswith("error: ")
    assert words in error
    assert hint.startswith("hint: ")


def test_a_script_comes_through_a_pipe_and_ends_at_its_first_failure(
    one: DebugBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = b"# a comment\n\nnext\nprint level\nfrobnicate\nprint left\n"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(script), isatty=lambda: False))
    code, shown = documents.run([*one.words, "debug", "program.elf"])
    assert code == 2
    assert "level = -5" in shown
    assert "left =" not in shown


def test_a_terminal_goes_on_after_an_error_and_quit_ends_it(one: DebugBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = b"frobnicate\nprint level\nquit\nprint left\n"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(typed), isatty=lambda: True))
    monkeypatch.setattr(documents.Terminal, "isatty", lambda self: True)
    code, shown = documents.run([*one.words, "debug", "program.elf"])
    assert code == 0
    assert "'frobnicate' is not a command" in shown
    assert "(debug) level = -5" in shown
    assert "left =" not in shown


def test_help_names_every_command(one: DebugBoard) -> None:
    shown = one.debug("help")
    for name in ("break", "delete", "step", "next", "finish", "continue", "backtrace", "print", "locals", "list"):
        assert f"\n{name}" in f"\n{shown}"
    for name in ("registers", "set", "help", "quit"):
        assert f"\n{name}" in f"\n{shown}"


def test_list_marks_the_line_and_goes_on(one: DebugBoard) -> None:
    shown = one.debug("list", "list", "list motor.c:5")
    assert f">{line_of(MAIN_C, '    start_timer();'):5}      start_timer();" in shown
    assert "uint8_t speed_of(struct motor *motor, uint8_t index)" in shown


def test_ctrl_c_halts_a_program_that_runs(one: DebugBoard) -> None:
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


def test_the_page_lists_every_command(one: DebugBoard) -> None:
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


def test_a_locked_chip_is_refused_and_runs_on(one: DebugBoard) -> None:
    assert documents.run([*one.words, "lock", "--yes"])[0] == 0
    shown = one.debug("next", code=5)
    assert "[E-ROP-READ]" in shown.splitlines()[-1]


@pytest.mark.parametrize("transfers", [60, 200, 600])
def test_an_unplugged_probe_is_told(one: DebugBoard, transfers: int) -> None:
    assert documents.run([*one.words, "read", "held.bin", "--region", "flash"])[0] == 0
    held, fault = Path("held.bin").read_bytes(), f"unplug-after={transfers}"
    store.create("lost.chip", find_part(one.part), "v3", content=held, faults=[fault])
    words = ["--probe", "sim:lost.chip", "--part", one.part, "debug", "program.elf"]
    code, shown = documents.run([*words, "--do", "tbreak sum", *["--do", "next"] * 8])
    assert code == 3
    assert "[E-PROBE-LOST]" in shown.splitlines()[-1]
