"""`pio test` as docs/testing.md has it, and its runner with stand-ins for a simulator, with uCsim, and with a UART."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from documents import Example, examples, read
from patience import LIMIT_S
from pio import Core, Project, Result, stm8tool
from stm8test import project_file

pytestmark = pytest.mark.platform

PAGE = read("docs/testing.md")
START = PAGE[PAGE.index("## From nothing") : PAGE.index("## What a run tells")]
UCSIM_INI = re.findall(r"^```text\n(\[env:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
FILES = ("platformio.ini", "lib/average/average.h", "lib/average/average.c", "test/test_average.c")
SIMULATOR = """import sys
assert open(sys.argv[-1]).read().startswith(":")
print({said!r})
"""
PASS = "test_main.c:16:test_sum:PASS\n1 Tests 0 Failures 0 Ignored\nOK"
FAIL = "test_main.c:16:test_sum:FAIL: expected 2\n1 Tests 1 Failures 0 Ignored\nFAIL"
EMPTY = "void main(void) { for (;;) ; }\n"
UNITY = "\n".join(
    (
        "#include <stm8_unity.h>",
        "static volatile unsigned long count;",
        "static void test_sum(void)",
        "{{ TEST_ASSERT_EQUAL_INT(2, 1 + 1); }}",
        "static void test_more(void)",
        "{{ {code}; }}",
        "int main(void)",
        "{{",
        "    UNITY_BEGIN();",
        "    RUN_TEST(test_sum);",
        "    RUN_TEST(test_more);",
        "    return UNITY_END();",
        "}}",
    )
)

ucsim = pytest.mark.skipif(
    shutil.which("sstm8") is None, reason="needs uCsim, which root's dev.py installs on Debian (sdcc-ucsim)"
)


# -- the page ----------------------------------------------------------------------------------------------------------


def do(example: Example, project: Project) -> str:
    """Run a command of the page in the project; return what it shows."""
    words = example.command.split()
    if words[0] == "pio":
        return project.core.pio(*words[1:], cwd=project.folder).output
    return stm8tool(*words[1:], cwd=project.folder).output


def test_the_page_leads_from_nothing_to_a_failing_test_to_a_passing_one_and_to_a_chip(project: Project) -> None:
    shutil.rmtree(project.folder / "src")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", START, re.MULTILINE | re.DOTALL)
    names = iter((*FILES, "lib/average/average.c"))
    for kind, text in blocks:
        if kind in ("ini", "c"):
            path = project.folder / next(names)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif kind == "text":  # a line that replaces another one
            ini = (project.folder / "platformio.ini").read_text(encoding="utf-8")
            changed = ini.replace("upload_protocol = simulator\n", text)
            assert changed != ini
            (project.folder / "platformio.ini").write_text(changed, encoding="utf-8")
        else:
            for example in examples(f"```console\n{text}```\n"):
                shown = do(example, project)
                assert example.fits(shown), shown
    assert list(names) == []


# -- the runner --------------------------------------------------------------------------------------------------------


def prepare(project: Project, command: str, program: str = EMPTY, more: str = "") -> Path:
    """Make a project with the page's ini for uCsim, with another command for the simulator."""
    folder = project.folder
    (folder / "platformio.ini").write_text(UCSIM_INI.replace("  sstm8\n", command) + more, encoding="utf-8")
    (folder / "test").mkdir()
    (folder / "test" / project_file.NAME).write_text(project_file.CONTENT, encoding="utf-8")
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
    folder = prepare(project, f"  {sys.executable}\n  sim.py\n", more="test_build_src = yes\n")
    (folder / "sim.py").write_text(SIMULATOR.format(said=PASS), encoding="utf-8")
    project.source("volatile char t;\nvoid tick(void) __interrupt(23) { t++; }\n")
    result = run(project, "-vv")
    assert result.code == 0, result.output
    assert "warning: src/main.c: `tick` is the handler of interrupt 23" in result.output


def summary(tests: int, failures: int = 0, ignored: int = 0) -> str:
    return f"{tests} Tests {failures} Failures {ignored} Ignored"


ONE, TWO, BAD, LEFT_OUT = "t.c:1:one:PASS", "t.c:2:two:PASS", "t.c:3:bad:FAIL: expected 2", "t.c:4:later:IGNORE"
BEGUN, END = "stm8_unity: begin", "stm8_unity: end"
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
    "it began again": ([BEGUN, ONE, BEGUN], 0, 1, "the program began again before the tests had ended"),
    "dead in a test": ([BEGUN, ONE, "stm8_unity: run two"], 0, 1, "without a summary: it crashed in two"),
    "a note does not count": ([BEGUN, "stm8_unity: note t.c:3: t.c:1:one:PASS", summary(0), END], 0, 1, "ran no test"),
    "the rest is missing": ([BEGUN, ONE], 0, 1, "without a summary"),
    "whole": ([BEGUN, "stm8_unity: run one", ONE, summary(1), "OK", END], 0, 0, "1 succeeded"),
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
    seconds = "custom_test_timeout = 5\n"  # a busy machine starts the program in less
    folder = prepare(project, f"  {sys.executable}\n  -IS\n  sim.py\n", more=seconds)
    endless = f"print({ONE!r}, flush=True)\nimport threading\nthreading.Event().wait()\n"
    (folder / "sim.py").write_text(endless, encoding="utf-8")
    result = run(project, "--without-building", "--without-uploading")
    assert result.code == 1
    assert "it printed nothing for 5 s" in result.output
    assert "one\t[PASSED]" in result.output


def test_a_simulator_that_is_not_there_is_an_error(project: Project) -> None:
    prepare(project, "  no-such-simulator\n")
    result = run(project, "--without-building", "--without-uploading")
    assert result.code == 1
    assert "error: no-such-simulator cannot be started" in result.output


@pytest.mark.parametrize("value", ["0", "601", "soon", "-1", "1.5"])
def test_a_time_that_makes_no_sense_is_refused(talker: Project, value: str) -> None:
    ini = talker.folder / "platformio.ini"
    before = ini.read_text(encoding="utf-8")
    ini.write_text(f"{before}custom_test_timeout = {value}\n", encoding="utf-8")
    result = run(talker, "--without-building", "--without-uploading")
    ini.write_text(before, encoding="utf-8")
    assert result.code == 1
    assert f"error: custom_test_timeout = {value} is not a number of seconds" in result.output


# -- the file of the project -------------------------------------------------------------------------------------------


def write_runner(project: Project, ini: str) -> Result:
    (project.folder / "platformio.ini").write_text(ini, encoding="utf-8")
    return project.run("test-runner")


INI = "[env:stm8sblue]\nplatform = ststm8\nboard = stm8sblue\n"


def test_the_runner_is_written_once_also_beside_folders_of_tests(project: Project) -> None:
    (project.folder / "test" / "test_one").mkdir(parents=True)  # with such a folder PlatformIO wants the runner first
    for _ in range(2):
        result = write_runner(project, f"{INI}test_framework = custom\n")
        assert result.code == 0, result.output
        file = project.folder / "test" / project_file.NAME
        assert file.read_text(encoding="utf-8") == project_file.CONTENT
    assert "Compiling" not in result.output


def test_without_the_option_the_runner_is_not_written(project: Project) -> None:
    result = write_runner(project, INI)
    assert result.code == 1
    assert "this environment of platformio.ini has no test_framework = custom" in result.output
    assert not (project.folder / "test").exists()


def test_a_runner_of_the_user_stays(project: Project) -> None:
    own = project.folder / "test" / project_file.NAME
    own.parent.mkdir()
    own.write_text("# mine\n", encoding="utf-8")
    result = write_runner(project, f"{INI}test_framework = custom\n")
    assert result.code == 1
    assert "is another runner, and stays" in result.output
    assert own.read_text(encoding="utf-8") == "# mine\n"


# -- on a chip: its UART -----------------------------------------------------------------------------------------------


def listen(project: Project, port: str, limit_s: int = 60) -> Result:
    """Run the tests of a program that is on the chip already, read from a port that pyserial knows."""
    prepare(project, "")
    ini = f"{INI}upload_protocol = stlinkv2\ntest_framework = custom\ntest_port = {port}\n"
    ini += f"custom_test_timeout = {limit_s}\n"
    (project.folder / "platformio.ini").write_text(ini, encoding="utf-8")
    return run(project, "--without-building", "--without-uploading", "--no-reset")


def test_a_chip_that_says_nothing_fails_the_run(project: Project) -> None:
    result = listen(project, "loop://", limit_s=2)
    assert result.code == 1
    assert "the program printed nothing for 2 s" in result.output


def test_a_port_that_cannot_be_opened_fails_the_run(project: Project) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # the port is taken, so that no other program listens there
        result = listen(project, f"socket://127.0.0.1:{unused.getsockname()[1]}")
    assert result.code == 1
    assert "hint: check test_port" in result.output


# A port of pyserial whose program says the lines of said.txt, and then nothing.
SAID_PORT = """
import serial

class Serial(serial.SerialBase):
    BAUDRATES = (9600,)
    in_waiting = 0

    def open(self):
        with open("said.txt", "rb") as file:
            self._left = file.read()
        self.is_open = True

    def close(self):
        self.is_open = False

    def read(self, size=1):
        found, self._left = self._left[:size], self._left[size:]
        return found

    def _reconfigure_port(self):
        pass

    _update_rts_state = _update_dtr_state = _reconfigure_port
"""
WITH_SAID_PORT = """
import sys
import serial
from platformio.__main__ import main
sys.path.insert(0, ".")
serial.protocol_handler_packages.append("handlers")
sys.exit(main(["platformio", *sys.argv[1:]]))
"""


UART = {
    "whole": ([BEGUN, ONE, summary(1), "OK", END], 0, "1 succeeded"),
    "dead in a test": ([BEGUN, ONE, "stm8_unity: run two"], 1, "hangs or crashed in two: it printed nothing for 10 s"),
    "silent": ([], 1, "the program printed nothing for 10 s"),
    "cut": ([BEGUN, ONE, summary(2)], 1, COUNTED.format(2, 0, 0, 1, 0, 0)),
    "reset": ([BEGUN, ONE, "stm8_unity: run two", BEGUN], 1, "the program began again in two"),
}


@pytest.mark.parametrize("program", UART)
def test_a_uart_is_read_with_the_same_care(project: Project, program: str) -> None:
    lines, code, told = UART[program]
    folder = prepare(project, "")
    (folder / "handlers").mkdir()
    (folder / "handlers" / "protocol_said.py").write_text(SAID_PORT, encoding="utf-8")
    (folder / "said.txt").write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8")
    ini = f"{INI}upload_protocol = stlinkv2\ntest_framework = custom\ntest_port = said://\n"
    (folder / "platformio.ini").write_text(ini, encoding="utf-8")
    words = ("test", "--without-building", "--without-uploading", "--no-reset")
    done = subprocess.run(
        [sys.executable, "-c", WITH_SAID_PORT, *words],
        cwd=folder,
        env=project.core.environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == code, output
    assert told in output


@pytest.mark.parametrize("board", ["stm8sblue", "stm8l151k4_minimal"])
def test_a_test_program_prints_to_a_uart(project: Project, board: str) -> None:
    prepare(project, "", UNITY.format(code="TEST_FAIL()"))
    ini = INI.replace("stm8sblue", board) + "test_framework = custom\nupload_protocol = simulator\n"
    flags = "build_flags = -DSTM8_UNITY_UART=0x5230\nboard_build.f_cpu = 2000000L\n"
    (project.folder / "platformio.ini").write_text(ini + flags, encoding="utf-8")
    result = run(project)
    assert "test_more: failed\t[FAILED]" in result.output, result.output
    assert "1 failed, 1 succeeded" in result.output


# -- Debian's uCsim ----------------------------------------------------------------------------------------------------

LONG = "for (count = 0; count < 400000; count++)"  # far more than uCsim runs after its input has ended


@ucsim
@pytest.mark.parametrize("code", ["TEST_PASS()", LONG], ids=["short", "long"])
def test_ucsim_runs_the_program_to_its_end(project: Project, code: str) -> None:
    prepare(project, "  sstm8\n", UNITY.format(code=code))
    result = run(project)
    assert result.code == 0, result.output
    assert "2 succeeded" in result.output


@ucsim
@pytest.mark.parametrize("code", ['__asm__("wfi")', '__asm__("halt")', '__asm__(".db 0x05")'])
def test_a_program_that_dies_in_ucsim_fails_the_run(project: Project, code: str) -> None:
    prepare(project, "  sstm8\n", UNITY.format(code=code))
    result = run(project)
    assert result.code == 1, result.output
    assert "test_sum\t[PASSED]" in result.output
    assert "the program ended without a summary: it crashed in test_more" in result.output


@ucsim
def test_a_program_that_hangs_in_ucsim_fails_the_run(project: Project) -> None:
    prepare(project, "  sstm8\n", UNITY.format(code="for (;;)\n        "), "custom_test_timeout = 2\n")
    result = run(project)
    assert result.code == 1, result.output
    assert "the program hangs or crashed in test_more: it printed nothing for 2 s" in result.output


# -- upload_protocol = simulator, without a test -----------------------------------------------------------------------

COUNTER = """
#include <swim_console.h>
#define REGISTER(address) (*(volatile unsigned char *)(address))
void main(void)
{
    REGISTER(0x5064) = 0xAE;
    REGISTER(0x5064) = 0x56;
    REGISTER(0x4000)++;
    while (!(REGISTER(0x505F) & 0x04)) ;
    swim_puts("start ");
    swim_putchar('0' + REGISTER(0x4000));
    swim_puts("\\n");
    for (;;) ;
}
"""


def test_an_upload_to_the_simulator_makes_a_board_runs_the_program_and_keeps_the_eeprom(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = simulator\ncustom_simulated_time = 20ms")
    project.source(COUNTER)
    starts = []
    for _ in range(2):
        result = project.run("upload")
        assert result.code == 0, result.output
        assert "on the simulated stm8s103f3p6 for 20ms" in result.output
        assert "the time is over" in result.output
        starts += re.findall(r"^start (\d)$", result.output, re.MULTILINE)
    assert len(starts) == 2
    assert starts[0] < starts[1]
    read_back = project.run("verify", "dumpeep")
    assert read_back.code == 0, read_back.output  # every target uses this board


def test_a_simulated_time_that_makes_no_sense_is_refused(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = simulator\ncustom_simulated_time = 20")
    result = project.run("upload")
    assert result.code == 1
    assert result.errors == ["error: custom_simulated_time = 20 is not a simulated time, such as 500ms or 2s"]


def test_a_board_of_the_user_is_tested_as_it_is(project: Project) -> None:
    prepare(project, "", UNITY.format(code="TEST_ASSERT_EQUAL_HEX8(0x5A, *(volatile unsigned char *)0x4000)"))
    ini = f"{INI}test_framework = custom\nupload_protocol = simulator\nupload_port = sim:board.chip\n"
    (project.folder / "platformio.ini").write_text(ini, encoding="utf-8")
    (project.folder / "eeprom.bin").write_bytes(b"\x5a")
    words = ("--probe", "sim:board.chip", "--part", "stm8s103f3")
    assert stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder).code == 0
    assert stm8tool(*words, "write", "--region", "eeprom", "eeprom.bin", cwd=project.folder).code == 0
    result = run(project)
    assert result.code == 0, result.output
    assert "2 succeeded" in result.output


# -- the console by its port, with a program that does not use stm8_unity.h --------------------------------------------

CONSOLE_INI = f"""{INI}upload_protocol = stlinkv2
upload_port = sim:board.chip
test_framework = custom
test_port = swim://
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
