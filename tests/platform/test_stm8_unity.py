"""The library `stm8_unity` and the runner of `pio test`: on simulated boards, and over the console of an ST-LINK."""

from __future__ import annotations

import re

import pytest

from pio import Project, Result, stm8tool

pytestmark = pytest.mark.platform

# Every assert, first where it holds; then each that fails, with what it says.
HOLD = """
    static const char text[] = "abc";
    char same[] = "abc";
    static const signed char bytes[] = {-1, 0, 1};
    static const unsigned words[] = {1, 0xFFFF};
    static const long longs[] = {-1, 0x7FFFFFFF};
    const char *nothing = 0;
    TEST_ASSERT(1);
    TEST_ASSERT_TRUE(2);
    TEST_ASSERT_FALSE(0);
    TEST_ASSERT_NULL(nothing);
    TEST_ASSERT_NOT_NULL(text);
    TEST_ASSERT_EQUAL_PTR(text, text);
    TEST_ASSERT_EQUAL(-1, -1);
    TEST_ASSERT_EQUAL_INT(-32768, (int)0x8000);
    TEST_ASSERT_EQUAL_INT8(-1, 0xFF);
    TEST_ASSERT_EQUAL_INT16(-1, 0xFFFF);
    TEST_ASSERT_EQUAL_INT32(-1, 0xFFFFFFFF);
    TEST_ASSERT_EQUAL_UINT(0xFFFF, -1);
    TEST_ASSERT_EQUAL(0xFFFF, 65535L);
    TEST_ASSERT_EQUAL_UINT8(0x34, 0x1234);
    TEST_ASSERT_EQUAL_UINT16(40000, 40000);
    TEST_ASSERT_EQUAL_UINT32(4000000000, 4000000000);
    TEST_ASSERT_EQUAL_HEX8(0xA5, 0xFFA5);
    TEST_ASSERT_EQUAL_HEX16(0xA5A5, 0xA5A5);
    TEST_ASSERT_EQUAL_HEX32(0xA5A55A5A, 0xA5A55A5A);
    TEST_ASSERT_BITS(0x0F, 0xF5, 0x05);
    TEST_ASSERT_NOT_EQUAL(1, 2);
    TEST_ASSERT_GREATER_THAN(-2, -1);
    TEST_ASSERT_GREATER_OR_EQUAL(-1, -1);
    TEST_ASSERT_LESS_THAN(1, -1);
    TEST_ASSERT_LESS_OR_EQUAL(1, 1);
    TEST_ASSERT_GREATER_THAN_UINT(1, 0xFFFFFFFF);
    TEST_ASSERT_GREATER_OR_EQUAL_UINT(1, 1);
    TEST_ASSERT_LESS_THAN_UINT(0x80000000, 1);
    TEST_ASSERT_LESS_OR_EQUAL_UINT(0x80000000, 0x80000000);
    TEST_ASSERT_INT_WITHIN(2, -1, 1);
    TEST_ASSERT_UINT_WITHIN(1, 0xFFFFFFFF, 0xFFFFFFFE);
    TEST_ASSERT_EQUAL_STRING(text, same);
    TEST_ASSERT_EQUAL_STRING(nothing, nothing);
    TEST_ASSERT_EQUAL_STRING_LEN("abX", text, 2);
    TEST_ASSERT_EQUAL_MEMORY(text, same, 4);
    TEST_ASSERT_EQUAL_INT8_ARRAY(bytes, bytes, 3);
    TEST_ASSERT_EQUAL_UINT16_ARRAY(words, words, 2);
    TEST_ASSERT_EQUAL_INT32_ARRAY(longs, longs, 2);
    TEST_MESSAGE("held: a:1:b:FAIL");
"""
FAILING = {
    "TEST_ASSERT(one == 2)": "expected one == 2",
    'TEST_ASSERT_MESSAGE(one == 2, "why")': "expected one == 2: why",
    "TEST_ASSERT_TRUE(one == 2)": "expected true, was false",
    "TEST_ASSERT_FALSE(one)": "expected false, was true",
    "TEST_ASSERT_NULL(words)": "expected a null pointer",
    "TEST_ASSERT_NOT_NULL(nothing)": "expected no null pointer",
    "TEST_ASSERT_EQUAL_PTR((void *)0x1234, (void *)0xABCD)": "expected 0x1234, was 0xABCD",
    "TEST_ASSERT_EQUAL(-32768, one)": "expected -32768, was 1",
    'TEST_ASSERT_EQUAL_INT8_MESSAGE(-128, 0x7F, "sign")': "expected -128, was 127: sign",
    "TEST_ASSERT_EQUAL_INT32(-2147483647 - 1, 2147483647)": "expected -2147483648, was 2147483647",
    "TEST_ASSERT_EQUAL(65536, 0)": "expected 65536, was 0",  # a long is not cut to an int
    'TEST_ASSERT_EQUAL_UINT_MESSAGE(one, 65537, "cut")': "expected 1, was 65537: cut",
    "TEST_ASSERT_EQUAL_UINT8(255, 256)": "expected 255, was 0",
    "TEST_ASSERT_EQUAL_UINT32(4294967295, 1000000000)": "expected 4294967295, was 1000000000",
    "TEST_ASSERT_EQUAL_HEX8(0x0A, 0xF0)": "expected 0x0A, was 0xF0",
    "TEST_ASSERT_EQUAL_HEX16(0x0, 0xBEEF)": "expected 0x0000, was 0xBEEF",
    "TEST_ASSERT_EQUAL_HEX32(0x12345678, 0)": "expected 0x12345678, was 0x00000000",
    "TEST_ASSERT_BITS(0x0F, 0xF5, 0x06)": "expected 0x0005, was 0x0006",
    "TEST_ASSERT_BITS(0xF0000, 0x12345, 5)": "expected 0x00010000, was 0x00000000",
    "TEST_ASSERT_NOT_EQUAL(-3, -3)": "expected another than -3, was -3",
    "TEST_ASSERT_GREATER_THAN(5, 5)": "expected more than 5, was 5",
    "TEST_ASSERT_GREATER_OR_EQUAL(-1, -2)": "expected at least -1, was -2",
    "TEST_ASSERT_LESS_THAN(-1, 1)": "expected less than -1, was 1",
    "TEST_ASSERT_LESS_OR_EQUAL(0, 1)": "expected at most 0, was 1",
    "TEST_ASSERT_LESS_THAN_UINT(1, 0xFFFFFFFF)": "expected less than 1, was 4294967295",
    "TEST_ASSERT_INT_WITHIN(2, -2, 1)": "expected -2 within 2, was 1",
    "TEST_ASSERT_UINT_WITHIN(2, 4, 1)": "expected 4 within 2, was 1",
    'TEST_ASSERT_EQUAL_STRING("one", "on")': 'expected "one", was "on"',
    'TEST_ASSERT_EQUAL_STRING("a\\nb", "a\\tb")': 'expected "a<0x0A>b", was "a<0x09>b"',
    'TEST_ASSERT_EQUAL_STRING("a", nothing)': 'expected "a", was a null pointer',
    'TEST_ASSERT_EQUAL_STRING_LEN("abcd", "abXd", 3)': 'expected "abc", was "abX"',
    'TEST_ASSERT_EQUAL_MEMORY("a1", "a2", 2)': "element 1: expected 0x31, was 0x32",
    "TEST_ASSERT_EQUAL_INT16_ARRAY(words, more, 3)": "element 2: expected -1, was 1",
    "TEST_ASSERT_EQUAL_UINT16_ARRAY(words, more, 3)": "element 2: expected 65535, was 1",
    "TEST_ASSERT_EQUAL_INT_ARRAY(words, nothing, 3)": "expected an array, was a null pointer",
    "TEST_FAIL()": "failed",
    'TEST_FAIL_MESSAGE("here")': "here",
    "deep(20)": "expected 0, was 1",
}
BEFORE = """
#include <stm8_unity.h>
volatile unsigned char one = 1;
static const int words[] = {1, 2, -1}, more[] = {1, 2, 1};
static const char *nothing;
static void deep(unsigned char n)
{
    volatile unsigned char room[8];
    room[0] = n;
    if (room[0])
        deep(n - 1);
    else
        TEST_ASSERT_EQUAL_INT(0, one);
}
"""


def program(*parts: str, before: str = BEFORE) -> str:
    """Return a test program with a test for each part."""
    tests = "".join(f"static void test_{n}(void)\n{{\n    {code};\n}}\n" for n, code in enumerate(parts))
    calls = "".join(f"    RUN_TEST(test_{n});\n" for n in range(len(parts)))
    return f"{before}{tests}int main(void)\n{{\n    UNITY_BEGIN();\n{calls}    return UNITY_END();\n}}\n"


def prepare(project: Project, code: str, options: str = "", board: str = "stm8sblue") -> Project:
    """Make a project with a test, as docs/testing.md says."""
    (project.folder / "platformio.ini").write_text(
        f"[env:{board}]\nplatform = ststm8\nboard = {board}\ntest_framework = custom\n{options}\n", encoding="utf-8"
    )
    test = project.folder / "test"
    test.mkdir(exist_ok=True)
    (test / "test_main.c").write_text(code, encoding="utf-8")
    written = project.run("test-runner")
    assert written.code == 0, written.output
    return project


def pio_test(project: Project, *words: str) -> Result:
    """Run `pio test`."""
    return project.core.pio("test", *words, cwd=project.folder)


def cases(result: Result) -> dict[str, str]:
    """Return the message of each failed test that `pio test` shows."""
    return dict(re.findall(r"^\S+:\d+: (test_\w+): (.*)\t\[FAILED\]", result.output, re.MULTILINE))


BOARDS = [
    ("stm8sblue", "medium"),
    ("nucleo_8s208rb", "large"),
    ("stm8l151k4_minimal", "medium"),
    ("nucleo_8l152r8", "large"),
]


@pytest.mark.parametrize(("board", "model"), BOARDS)
def test_each_assert_holds_or_says_what_it_expected(project: Project, board: str, model: str) -> None:
    halves = [*FAILING][::2], [*FAILING][1::2]  # the smallest chip does not hold all of them at once
    for half in halves:
        options = f"upload_protocol = simulator\nboard_build.memory_model = {model}"
        result = pio_test(prepare(project, program(HOLD, *half), options, board))
        assert result.code == 1
        assert "test_0\t[PASSED]" in result.output, result.output
        assert cases(result) == {f"test_{n}": FAILING[code] for n, code in enumerate(half, 1)}
        assert f"{len(half)} failed, 1 succeeded" in result.output


LIFE = """
#include <stm8_unity.h>
static unsigned char starts, ends;
void setUp(void) { ++starts; }
void tearDown(void) { ++ends; if (starts == 4) TEST_FAIL_MESSAGE("in tearDown"); }
static void early(void) { TEST_PASS(); TEST_FAIL(); }
static void test_first(void) { TEST_ASSERT_EQUAL_INT(1, starts); TEST_ASSERT_EQUAL_INT(0, ends); }
static void test_fails(void) { TEST_FAIL(); }
static void test_after(void) { TEST_ASSERT_EQUAL_INT(3, starts); TEST_ASSERT_EQUAL_INT(2, ends); early(); }
static void test_end(void) { }
static void test_left_out(void) { TEST_IGNORE(); TEST_FAIL(); }
int main(void)
{
    UNITY_BEGIN();
    RUN_TEST(test_first);
    RUN_TEST(test_fails);
    RUN_TEST(test_after);
    RUN_TEST(test_end);
    RUN_TEST(test_left_out);
    return UNITY_END();
}
"""


def test_setup_and_teardown_surround_each_test_also_one_that_fails(project: Project) -> None:
    result = pio_test(prepare(project, LIFE, "upload_protocol = simulator"))
    assert cases(result) == {"test_fails": "failed", "test_end": "in tearDown"}
    assert "2 failed, 1 skipped, 2 succeeded" in result.output


# -- what ends a program before its time ---------------------------------------------------------------------------

AFTER_ONE = "#include <stm8_unity.h>\nvolatile unsigned n;\n"
CRASHES = {
    "trap": ('__asm__("trap")', "the program began again in test_1"),
    "a jump into nothing": ("((void (*)(void))0x6789)()", "crashed in test_1"),
    "an illegal opcode": ('__asm__(".db 0x05")', "crashed in test_1: the CPU stopped: an illegal opcode"),
    "a sleep for ever": ('__asm__("halt")', "crashed in test_1: the CPU stopped: HALT"),
    "a loop for ever": (
        "for (;;) ++n",
        "the program hangs in test_1: the program sent nothing for 2s: the CPU is at 0x00",
    ),
    "a watchdog": (
        "*(volatile unsigned char *)0x50E0 = 0xCC; for (;;) ++n",
        "the program began again in test_1: the chip was reset",
    ),
}


@pytest.mark.parametrize("board", ["stm8sblue", "stm8l151k4_minimal"])
@pytest.mark.parametrize("death", CRASHES)
def test_a_program_that_dies_in_the_simulator_is_reported_with_its_test(
    project: Project, board: str, death: str
) -> None:
    code, told = CRASHES[death]
    options = "upload_protocol = simulator\ncustom_test_timeout = 2"
    result = pio_test(prepare(project, program("TEST_PASS()", code, before=AFTER_ONE), options, board))
    assert result.code == 1, result.output
    assert "test_0\t[PASSED]" in result.output, result.output
    assert "[ERRORED]" in result.output
    assert told in result.errors[0], result.output


def over_console(project: Project, code: str, options: str = "", part: str = "stm8s103f3", probe: str = "v3") -> Result:
    board = {"stm8s103f3": "stm8sblue", "stm8l151k4": "stm8l151k4_minimal"}[part]
    made = stm8tool("sim", "create", "board.chip", "--part", part, "--probe", probe, "--force", cwd=project.folder)
    assert made.code == 0, made.output
    options = f"upload_protocol = stlink{probe}\nupload_port = sim:board.chip\n{options}"
    return pio_test(prepare(project, code, options, board))


@pytest.mark.parametrize("part", ["stm8s103f3", "stm8l151k4"])
@pytest.mark.parametrize("probe", ["v2", "v3"])
def test_results_come_over_the_console_of_an_st_link_without_a_uart(project: Project, part: str, probe: str) -> None:
    code = program("TEST_ASSERT_EQUAL_INT(4, 2 + 2)", "TEST_ASSERT_EQUAL_INT(5, 2 + 2)", 'TEST_IGNORE_MESSAGE("later")')
    result = over_console(project, code, part=part, probe=probe)
    assert result.code == 1
    assert cases(result) == {"test_1": "expected 5, was 4"}
    assert "1 failed, 1 skipped, 1 succeeded" in result.output, result.output


def test_results_come_over_the_console_of_an_espstlink_too(project: Project) -> None:
    made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", cwd=project.folder)
    assert made.code == 0, made.output
    options = "upload_protocol = espstlink\nupload_port = espstlink:sim:board.chip"
    result = pio_test(prepare(project, program("TEST_ASSERT_EQUAL_INT(4, 2 + 2)"), options, "stm8sblue"))
    assert result.code == 0, result.output
    assert "1 succeeded" in result.output


CONSOLE_DEATHS = {
    "an illegal opcode": ('__asm__(".db 0x05")', "the program began again in test_1: the chip was reset"),
    "a loop for ever": ("for (;;) ++n", "the program hangs or crashed in test_1: it printed nothing for 2 s"),
    "SWIM is off": (
        "*(volatile unsigned char *)0x7F60 = 1",
        "the program crashed in test_1: the chip does not answer any more",
    ),
}


def test_a_test_that_has_passed_is_not_blamed_for_a_main_without_an_end(project: Project) -> None:
    result = over_console(project, program("TEST_PASS()").replace("return UNITY_END();", "return 0;"))
    assert result.code == 1, result.output
    assert "test_0\t[PASSED]" in result.output, result.output
    assert "the program began again before the tests had ended" in result.errors[0], result.output
    assert "; main must end with UNITY_END()" in result.output


def test_the_tests_of_a_chip_that_holds_the_program_run_again(project: Project) -> None:
    code = program("TEST_ASSERT_EQUAL_INT(4, 2 + 2)")
    assert over_console(project, code).code == 0
    again = pio_test(project, "--without-building", "--without-uploading")
    assert again.code == 0, again.output
    assert "1 succeeded" in again.output


def test_each_folder_of_tests_is_a_program_of_its_own(project: Project) -> None:
    prepare(project, "", "upload_protocol = simulator")
    (project.folder / "test" / "test_main.c").unlink()
    for name, code in (("test_good", "TEST_PASS()"), ("test_bad", "TEST_FAIL()")):
        (project.folder / "test" / name).mkdir()
        (project.folder / "test" / name / "main.c").write_text(program(code), encoding="utf-8")
    result = pio_test(project)
    assert result.code == 1
    assert cases(result) == {"test_0": "failed"}
    assert "1 failed, 1 succeeded" in result.output


@pytest.mark.parametrize("death", CONSOLE_DEATHS)
def test_a_program_that_dies_on_a_chip_is_reported_with_its_test(project: Project, death: str) -> None:
    code, told = CONSOLE_DEATHS[death]
    result = over_console(project, program("TEST_PASS()", code, before=AFTER_ONE), "custom_test_timeout = 2")
    assert result.code == 1, result.output
    assert "test_0\t[PASSED]" in result.output, result.output
    assert told in result.errors[0], result.output
