"""What the runner of `pio test` believes of a program's output."""

from __future__ import annotations

import pytest

from stm8test.progress import BEGIN, END, RUN, Counts, Progress

PASS, FAIL, IGNORE = "t.c:1:one:PASS", "t.c:2:two:FAIL: expected 1, was 2", "t.c:3:three:IGNORE"


def after(*lines: str) -> Progress:
    """Return the progress of a program that has printed these lines, and that was believed so far."""
    progress = Progress()
    for line in lines:
        assert progress.take(f"{line}\n") is None
    return progress


def test_a_whole_run_is_believed() -> None:
    progress = after(BEGIN, f"{RUN}one", PASS, f"{RUN}two", FAIL, f"{RUN}three", IGNORE)
    assert not progress.is_over
    for line in ("3 Tests 1 Failures 1 Ignored", "FAIL", END):
        assert progress.take(line) is None
    assert progress.is_over
    assert progress.problem(Counts(3, 1, 1)) is None
    told = progress.problem(Counts(2, 1, 1))
    assert told
    assert told.message.endswith("says 3 tests, 1 failures, 1 ignored; the lines above it say 2, 1, 1")


def test_the_summary_alone_does_not_end_a_program_that_says_its_end_itself() -> None:
    assert not after(BEGIN, PASS, "1 Tests 0 Failures 0 Ignored", "OK").is_over


def test_a_program_with_only_the_lines_of_unity_ends_with_its_last_word() -> None:
    assert not after(PASS, "1 Tests 0 Failures 0 Ignored").is_over
    assert after(PASS, "1 Tests 0 Failures 0 Ignored", "OK").is_over
    assert not after(PASS, "OK").is_over


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ([], "before its first test"),
        ([BEGIN, PASS], "between two tests"),
        ([BEGIN, f"{RUN}one"], "in one"),
        ([BEGIN, f"{RUN}one", "a line of the program"], "in one"),
        ([BEGIN, f"{RUN}one", PASS], "between two tests"),
        ([BEGIN, f"{RUN}one", PASS, f"noise{RUN}two"], "in two"),
        ([BEGIN, f"{RUN}one", "stm8_unity: note t.c:9: t.c:1:one:PASS"], "in one"),
    ],
)
def test_a_problem_names_the_test_in_which_the_program_was(lines: list[str], place: str) -> None:
    progress = after(*lines)
    told = progress.problem(Counts(0, 0, 0))
    assert told
    assert told.message == f"the program ended without a summary: it crashed {place}"
    assert f"the program crashed {place}: HALT" in progress.stopped("HALT", "wake it").message
    assert f"the program hangs {place}: late" in progress.hangs("late", "wait").message
    assert f"still prints {place}" in progress.endless("600 s").message


@pytest.mark.parametrize("noise", ["", "\x00\ufffd"])
def test_a_second_begin_is_a_reset(noise: str) -> None:
    progress = after(f"{noise}{BEGIN}", f"{RUN}one", PASS, f"{RUN}two")
    told = progress.take(f"{noise}{BEGIN}")
    assert told
    assert told.message.startswith("the program began again in two")
    assert str(told).splitlines()[1].startswith("hint: look for a watchdog")


def test_silence_is_told_apart_from_a_program_that_never_spoke() -> None:
    assert after().silent("10 s").message == "the program printed nothing for 10 s"
    assert after(BEGIN).silent("10 s").message.endswith("it printed nothing for 10 s")
    assert "hangs or crashed" in after(BEGIN).silent("10 s").message


@pytest.mark.parametrize(
    ("lines", "told"),
    [([BEGIN, f"{RUN}one", PASS], True), ([BEGIN], True), ([BEGIN, f"{RUN}one"], False), ([PASS], False)],
)
def test_a_program_that_stops_outside_of_its_tests_may_have_no_end(lines: list[str], told: bool) -> None:
    progress = after(*lines)
    for problem in (progress.stopped("an illegal opcode", "look"), progress.was_reset(), progress.silent("9 s")):
        assert problem.hint.endswith("; main must end with UNITY_END()") == told


def test_a_chip_that_does_not_answer_any_more_is_not_a_loop() -> None:
    progress = after(BEGIN, f"{RUN}one")
    progress.chip_is_silent = True
    assert progress.silent("10 s").message == "the program crashed in one: the chip does not answer any more"
