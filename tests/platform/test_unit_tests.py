"""`pio test` as docs/testing.md has it: with stand-ins for SDCC's simulator of the CPU, and with that simulator."""

from __future__ import annotations

import re
import shutil
import socket
import sys
from pathlib import Path

import pytest

from documents import read
from pio import Core, Project, Result, stm8tool

pytestmark = pytest.mark.platform

PAGE = read("docs/testing.md")
BLOCKS = dict(re.findall(r"^```(ini|python|c)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SIMULATOR = """import sys
assert open(sys.argv[-1]).read().startswith(":")
print({said!r})
"""
PASS = "test_main.c:16:test_sum:PASS\n1 Tests 0 Failures 0 Ignored\nOK"
FAIL = "test_main.c:16:test_sum:FAIL: expected 2\n1 Tests 1 Failures 0 Ignored\nFAIL"

ucsim = pytest.mark.skipif(
    shutil.which("sstm8") is None, reason="needs uCsim, which root's dev.py installs on Debian (sdcc-ucsim)"
)


def prepare(project: Project, command: str, program: str = BLOCKS["c"], runner: str = BLOCKS["python"]) -> Path:
    """Make the project of the page, with another command for the simulator."""
    folder = project.folder
    ini = BLOCKS["ini"].replace("  sstm8\n", command)
    (folder / "platformio.ini").write_text(ini, encoding="utf-8")
    (folder / "test").mkdir()
    (folder / "test" / "test_custom_runner.py").write_text(runner, encoding="utf-8")
    (folder / "test" / "test_main.c").write_text(program, encoding="utf-8")
    return folder


def run(project: Project, *words: str) -> Result:
    """Run the tests with a standard input that has ended, as a CI system has it."""
    return project.core.pio("test", "-d", str(project.folder), *words, cwd=project.folder)


@pytest.mark.parametrize(("said", "code", "summary"), [(PASS, 0, "1 succeeded"), (FAIL, 1, "1 failed")])
def test_what_the_simulated_program_says_is_the_result(project: Project, said: str, code: int, summary: str) -> None:
    folder = prepare(project, f"  {sys.executable}\n  sim.py\n")
    (folder / "sim.py").write_text(SIMULATOR.format(said=said), encoding="utf-8")
    result = run(project)
    assert result.code == code, result.output
    assert summary in result.output


def test_a_handler_of_the_program_needs_no_vector_in_a_test_of_its_other_functions(project: Project) -> None:
    folder = prepare(project, f"  {sys.executable}\n  sim.py\n")
    (folder / "sim.py").write_text(SIMULATOR.format(said=PASS), encoding="utf-8")
    with (folder / "platformio.ini").open("a", encoding="utf-8") as ini:
        ini.write("test_build_src = yes\n")
    project.source("volatile char t;\nvoid tick(void) __interrupt(23) { t++; }\n")
    result = run(project, "-vv")
    assert result.code == 0, result.output
    assert "warning: src/main.c: `tick` is the handler of interrupt 23" in result.output


def summary(tests: int, failures: int = 0, ignored: int = 0) -> str:
    return f"{tests} Tests {failures} Failures {ignored} Ignored"


ONE, TWO, BAD, LEFT_OUT = "t.c:1:one:PASS", "t.c:2:two:PASS", "t.c:3:bad:FAIL: expected 2", "t.c:4:later:IGNORE"
COUNTED = "the summary says {} tests, {} failures, {} ignored; the lines above it say {}, {}, {}"

# What a program says, its exit code, the code of `pio test`, and what the user reads.
SAID = {
    "all pass": ([ONE, TWO, summary(2), "OK"], 0, 0, "2 succeeded"),
    "without the last word": ([ONE, summary(1)], 0, 0, "1 succeeded"),
    "one is left out": ([ONE, LEFT_OUT, summary(2, 0, 1), "OK"], 0, 0, "1 succeeded"),
    "a test fails": ([ONE, BAD, summary(2, 1), "FAIL"], 0, 1, "1 failed"),
    "a test fails and the summary denies it": ([ONE, BAD, summary(2), "OK"], 0, 1, COUNTED.format(2, 0, 0, 2, 1, 0)),
    "nothing": ([], 0, 1, "without a summary"),
    "noise": (["uCsim, Copyright", "\0\1"], 0, 1, "without a summary"),
    "dead after the first pass": ([ONE], 0, 1, "without a summary"),
    "dead inside a line": ([ONE, "t.c:2:tw"], 0, 1, "without a summary"),
    "dead inside the summary": ([ONE, "1 Tests 0 Fail"], 0, 1, "without a summary"),
    "a line is missing": ([ONE, summary(2), "OK"], 0, 1, COUNTED.format(2, 0, 0, 1, 0, 0)),
    "a line is garbled": ([ONE, "t.c:2:two:PA", summary(2), "OK"], 0, 1, COUNTED.format(2, 0, 0, 1, 0, 0)),
    "a line too many": ([ONE, TWO, summary(1), "OK"], 0, 1, COUNTED.format(1, 0, 0, 2, 0, 0)),
    "failures without a line": ([ONE, summary(1, 1), "FAIL"], 0, 1, COUNTED.format(1, 1, 0, 1, 0, 0)),
    "ignored without a line": ([ONE, summary(1, 0, 1), "OK"], 0, 1, COUNTED.format(1, 0, 1, 1, 0, 0)),
    "the last word denies the rest": ([ONE, summary(1), "FAIL"], 0, 1, "the program says FAIL"),
    "no test at all": ([summary(0), "OK"], 0, 1, "ran no test"),
    "restarted": ([ONE, summary(1), "OK", ONE, summary(1), "OK"], 0, 1, "several summaries: it restarted"),
    "restarted in the middle": ([ONE, ONE, TWO, summary(2), "OK"], 0, 1, COUNTED.format(2, 0, 0, 3, 0, 0)),
    "the simulator fails": ([ONE, summary(1), "OK"], 3, 1, "ended with exit code 3"),
}


@pytest.fixture(scope="module")
def talker(core: Core, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose simulator says what the file said.txt holds; nothing is built."""
    folder = tmp_path_factory.mktemp("talker")
    project = Project(core, folder)
    prepare(project, f"  {sys.executable}\n  sim.py\n")
    code = "import sys\nsys.stdout.write(open('said.txt').read())\nsys.exit(int(open('code.txt').read()))\n"
    (folder / "sim.py").write_text(code, encoding="utf-8")
    return project


@pytest.mark.parametrize("program", SAID)
def test_a_run_passes_only_if_the_program_came_to_its_end_and_can_count(talker: Project, program: str) -> None:
    lines, exit_code, expected, words = SAID[program]
    (talker.folder / "said.txt").write_text("\n".join(lines), encoding="utf-8")
    (talker.folder / "code.txt").write_text(str(exit_code), encoding="utf-8")
    result = run(talker, "--without-building", "--without-uploading")
    assert result.code == expected, result.output
    assert words in result.output


def test_a_program_that_does_not_end_is_ended(project: Project) -> None:
    runner = BLOCKS["python"].replace("LIMIT_S = 60 ", "LIMIT_S = 5 ")  # a busy machine starts the program in less
    assert runner != BLOCKS["python"]
    folder = prepare(project, f"  {sys.executable}\n  -IS\n  sim.py\n", runner=runner)
    endless = f"print({ONE!r}, flush=True)\nimport threading\nthreading.Event().wait()\n"
    (folder / "sim.py").write_text(endless, encoding="utf-8")
    result = run(project, "--without-building", "--without-uploading")
    assert result.code == 1
    assert "the program did not end within 5 s" in result.output
    assert "one\t[PASSED]" in result.output


def test_a_simulator_that_is_not_there_is_an_error(project: Project) -> None:
    prepare(project, "  no-such-simulator\n")
    result = run(project, "--without-building", "--without-uploading")
    assert result.code == 1
    assert "no-such-simulator" in result.output


# -- on a chip: its UART -----------------------------------------------------------------------------------------------


def listen(project: Project, port: str, limit_s: int = 60) -> Result:
    """Run the tests of a program that is on the chip already, read from a port that pyserial knows."""
    runner = BLOCKS["python"].replace("LIMIT_S = 60 ", f"LIMIT_S = {limit_s} ")
    folder = prepare(project, "", runner=runner)
    ini = BLOCKS["ini"].partition("test_testing_command")[0].replace("simulator", "stlinkv2")
    (folder / "platformio.ini").write_text(f"{ini}test_port = {port}\n", encoding="utf-8")
    return run(project, "--without-building", "--without-uploading", "--no-reset")


def test_a_chip_that_says_nothing_fails_the_run(project: Project) -> None:
    result = listen(project, "loop://", limit_s=2)
    assert result.code == 1
    assert "the chip said nothing for 2 s" in result.output


def test_a_port_that_cannot_be_opened_fails_the_run(project: Project) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # the port is taken, so that no other program listens there
        result = listen(project, f"socket://127.0.0.1:{unused.getsockname()[1]}")
    assert result.code == 1
    assert "the program ended without a summary" in result.output


# -- Debian's uCsim ----------------------------------------------------------------------------------------------------

LONG = "for (count = 0; count < 400000; count++)\n        ;"  # far more than uCsim runs after its input has ended


def with_words(code: str) -> str:
    """Return the page's program with C code between its test line and its summary."""
    before, after = BLOCKS["c"].split('    print("1 Tests')
    return f'{before}    static volatile unsigned long count;\n    {code}\n    print("1 Tests{after}'


@ucsim
@pytest.mark.parametrize("code", ["", LONG], ids=["short", "long"])
def test_ucsim_runs_the_program_of_the_page_to_its_end(project: Project, code: str) -> None:
    prepare(project, "  sstm8\n", with_words(code))
    result = run(project)
    assert result.code == 0, result.output
    assert "1 succeeded" in result.output


@ucsim
@pytest.mark.parametrize("code", ['__asm__("wfi");', '__asm__("halt");', '__asm__(".db 0x05");'])
def test_a_program_that_dies_in_ucsim_fails_the_run(project: Project, code: str) -> None:
    prepare(project, "  sstm8\n", with_words(code))
    result = run(project)
    assert result.code == 1, result.output
    assert "test_sum\t[PASSED]" in result.output
    assert "the program ended without a summary: it crashed" in result.output


@ucsim
def test_a_program_that_hangs_in_ucsim_fails_the_run(project: Project) -> None:
    runner = BLOCKS["python"].replace("LIMIT_S = 60 ", "LIMIT_S = 2 ")
    prepare(project, "  sstm8\n", with_words("for (;;)\n        ;"), runner)
    result = run(project)
    assert result.code == 1, result.output
    assert "the program did not end within 2 s" in result.output


def test_an_upload_to_a_simulator_of_the_cpu_does_nothing_and_asks_for_nothing(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = simulator")
    result = project.run("upload")
    assert result.code == 0, result.output
    assert "nothing is uploaded: upload_protocol = simulator" in result.output


CONSOLE_INI = """
[env:stm8sblue]
platform = ststm8
board = stm8sblue
upload_protocol = stlinkv2
upload_port = sim:board.chip
test_framework = custom
test_port = swim://
build_flags = -DSWIM_CONSOLE_BLOCK
"""


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        ("t.c:1:one:PASS\\nt.c:2:two:PASS\\n2 Tests 0 Failures 0 Ignored\\nOK\\n", 0, "2 succeeded"),
        ("t.c:1:one:PASS\\nt.c:3:bad:FAIL: expected 2\\n2 Tests 1 Failures 0 Ignored\\nFAIL\\n", 1, "1 failed"),
    ],
)
def test_results_come_over_the_console_from_a_simulated_board(
    project: Project, said: str, code: int, told: str
) -> None:
    prepare(project, "", program=f'#include <swim_console.h>\nvoid main(void) {{ swim_puts("{said}"); for (;;) ; }}\n')
    (project.folder / "platformio.ini").write_text(CONSOLE_INI, encoding="utf-8")
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder)
    assert made.code == 0
    result = run(project)
    assert result.code == code, result.output
    assert told in result.output
