"""`pio test` as docs/testing.md has it, its runner with a stand-in for a simulator, and the file of the project."""

from __future__ import annotations

import re
import shutil
import sys

import pytest

from documents import examples
from pio import Core, Project, Result
from stm8test import project_file
from unit_test_projects import BAD, BEGUN, COUNTED, END, INI, LEFT_OUT, ONE, PAGE, TWO, prepare, run, summary

pytestmark = pytest.mark.platform

START = PAGE[PAGE.index("## From nothing") : PAGE.index("## What a run tells")]
FILES = ("platformio.ini", "lib/average/average.h", "lib/average/average.c", "test/test_average.c")
SIMULATOR = """import sys
assert open(sys.argv[-1]).read().startswith(":")
print({said!r})
"""
PASS = "test_main.c:16:test_sum:PASS\n1 Tests 0 Failures 0 Ignored\nOK"
FAIL = "test_main.c:16:test_sum:FAIL: expected 2\n1 Tests 1 Failures 0 Ignored\nFAIL"


# -- the page ----------------------------------------------------------------------------------------------------------


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
                shown = project.typed(example.command).output
                assert example.fits(shown), shown
    assert list(names) == []


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
