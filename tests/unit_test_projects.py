"""Projects for `pio test`: their files, and the lines that a test program says."""

from __future__ import annotations

import re
from pathlib import Path

from documents import read
from pio import Project, Result
from stm8test import project_file

PAGE = read("docs/testing.md")
UCSIM_INI = re.findall(r"^```text\n(\[env:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
INI = "[env:stm8sblue]\nplatform = ststm8\nboard = stm8sblue\n"
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

ONE, TWO, BAD, LEFT_OUT = "t.c:1:one:PASS", "t.c:2:two:PASS", "t.c:3:bad:FAIL: expected 2", "t.c:4:later:IGNORE"
BEGUN, END = "stm8_unity: begin", "stm8_unity: end"
COUNTED = "the summary says {} tests, {} failures, {} ignored; the lines above it say {}, {}, {}"


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


def summary(tests: int, failures: int = 0, ignored: int = 0) -> str:
    return f"{tests} Tests {failures} Failures {ignored} Ignored"
