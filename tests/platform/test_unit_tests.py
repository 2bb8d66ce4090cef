"""`pio test` as docs/testing.md has it, with a stand-in for SDCC's simulator of the CPU."""

from __future__ import annotations

import re
import sys

import pytest

from documents import read
from pio import Project

pytestmark = pytest.mark.platform

PAGE = read("docs/testing.md")
BLOCKS = dict(re.findall(r"^```(ini|python|c)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SIMULATOR = """import sys
assert open(sys.argv[-1]).read().startswith(":")
print({said!r})
"""
PASS = "test_main.c:16:test_sum:PASS\n1 Tests 0 Failures 0 Ignored\nOK"
FAIL = "test_main.c:16:test_sum:FAIL: expected 2\n1 Tests 1 Failures 0 Ignored\nFAIL"


@pytest.mark.parametrize(("said", "code", "summary"), [(PASS, 0, "1 succeeded"), (FAIL, 1, "1 failed")])
def test_what_the_simulated_program_says_is_the_result(project: Project, said: str, code: int, summary: str) -> None:
    folder = project.folder
    ini = BLOCKS["ini"].replace(
        "  ${platformio.packages_dir}/toolchain-sdcc/bin/sstm8\n", f"  {sys.executable}\n  sim.py\n"
    )
    assert "sim.py" in ini
    (folder / "platformio.ini").write_text(ini, encoding="utf-8")
    (folder / "sim.py").write_text(SIMULATOR.format(said=said), encoding="utf-8")
    (folder / "test").mkdir()
    (folder / "test" / "test_custom_runner.py").write_text(BLOCKS["python"], encoding="utf-8")
    (folder / "test" / "test_main.c").write_text(BLOCKS["c"], encoding="utf-8")
    result = project.core.pio("test", "-d", str(folder), cwd=folder)
    assert result.code == code, result.output
    assert summary in result.output


def test_an_upload_to_a_simulator_of_the_cpu_does_nothing_and_asks_for_nothing(project: Project) -> None:
    project.configure("stm8sblue\nupload_protocol = simulator")
    result = project.run("upload")
    assert result.code == 0, result.output
    assert "nothing is uploaded: upload_protocol = simulator" in result.output
