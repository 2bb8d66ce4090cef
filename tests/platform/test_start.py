"""docs/start.md: its project and its commands, as a newcomer copies them from the page."""

from __future__ import annotations

import re

import pytest

from documents import examples, read
from pio import Project, stm8tool

pytestmark = pytest.mark.platform

PAGE = read("docs/start.md")
BLOCKS = re.findall(r"^```(ini|c)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_project_and_the_commands_of_the_first_page_work(project: Project) -> None:
    (_, ini), (_, program) = BLOCKS[:2]
    (project.folder / "platformio.ini").write_text(ini, encoding="utf-8")
    project.source(program)
    used = []
    for example in examples(PAGE):
        result = project.typed(example.command)
        assert result.code == 0, result.output
        assert example.fits(result.output), result.output
        used.append(example.command.partition(" --")[0].rpartition("/tool ")[2])
    assert used == ["sim create board.chip", "pio run -t upload", "pio run -t verify"]


def test_the_options_of_the_first_page_are_taken(project: Project) -> None:
    (_, ini), _, (_, options) = BLOCKS
    port = re.sub(r"^upload_port.*", "upload_port = sim:board.chip", options, flags=re.MULTILINE)
    (project.folder / "platformio.ini").write_text(ini + port, encoding="utf-8")
    project.source(BLOCKS[1][1])
    assert stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder).code == 0
    result = project.run("upload")
    assert result.code == 0, result.output
