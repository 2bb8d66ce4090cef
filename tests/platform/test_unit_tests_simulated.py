"""`pio test`, and an upload, with a program that a simulator executes: the tool's own, and Debian's uCsim."""

from __future__ import annotations

import re
import shutil

import pytest

from pio import Project, stm8tool
from unit_test_projects import INI, UNITY, prepare, run

pytestmark = pytest.mark.platform

ucsim = pytest.mark.skipif(
    shutil.which("sstm8") is None, reason="needs uCsim, which root's dev.py installs on Debian (sdcc-ucsim)"
)


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
