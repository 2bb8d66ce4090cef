"""`produce`: how a run begins, goes on and ends."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from cli.desk import Desk
from cli.production_shop import SERIAL, board, events, job, type_in
from stm8tool.cli.produce import TypedKeys
from stm8tool.cli.stdin import Stdin
from stm8tool.production import starts
from stm8tool.production.chip_run import ChipRun
from stm8tool.production.log import ProductionLog, unusable
from stm8tool.support import interrupts


def test_enter_starts_all_sockets_and_a_name_starts_one(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, b"\nB\nC\n  A  \n\n")
    result = shop.run("produce", job(SERIAL))
    assert result.code == 0, result.err
    assert [chip["socket"] for chip in events("chip")].count("A") == 3
    assert [chip["socket"] for chip in events("chip")].count("B") == 3
    assert "no socket is called 'C'; there are A, B" in result.out
    assert sorted(chip["serial"] for chip in events("chip")) == [41, 42, 43, 44, 45, 46]


def test_the_name_of_a_socket_may_have_spaces(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, b"left side\n")
    job(sockets="a")
    Path("job.toml").write_text(Path("job.toml").read_text().replace('name = "A"', 'name = "left side"'))
    assert shop.run("produce", "job.toml").code == 0
    assert [chip["socket"] for chip in events("chip")] == ["left side"]


def test_the_last_line_may_lack_its_line_end(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, b"A\nB")
    assert shop.run("produce", job()).code == 0
    assert sorted(chip["socket"] for chip in events("chip")) == ["A", "B"]


def test_a_line_that_comes_together_with_the_end_of_stdin_is_not_lost() -> None:
    class LateStdin(Stdin):
        def get(self) -> bytes:
            found, self.left = self.left[:1], self.left[1:]
            self.has_ended = True  # the thread that reads stdin has just put the rest, and the end
            return b"".join(found)

        left = (b"", b"B\n")

    keys = TypedKeys(interrupts.Presses(), LateStdin())
    assert keys.next_line() is None
    assert not keys.has_ended()
    assert keys.next_line() == "B"
    assert not keys.has_ended()
    assert keys.next_line() is None
    assert keys.has_ended()


def test_a_socket_that_was_asked_does_not_wait_any_more() -> None:
    start = starts.OnKey(threading.Event())
    start.is_waiting = True
    start.ask()
    assert not start.is_waiting  # else the end of the input would end the run before the board was begun


def test_a_run_ends_after_the_wanted_number_of_chips(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, b"\n" * 10)
    result = shop.run("produce", job(SERIAL), "--count", "3")
    assert result.code == 0, result.err
    assert len(events("chip")) == 3
    assert Path("next.txt").read_text(encoding="ascii") == "44\n"


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5", "12345678"])
def test_a_count_that_is_no_number_of_chips_is_refused(shop: Desk, count: str) -> None:
    result = shop.run("produce", job(), f"--count={count}")
    assert (result.code, result.reason) == (2, f"error: --count {count} is not a number of chips [E-USAGE]")


@pytest.mark.parametrize(
    "words",
    [
        "--unlock never",
        "--verify no",
        "--no-loader",
        "--part stm8s105k4",
        "--probe sim:b.chip",
        "--base 0",
        "--region ram",
    ],
)
def test_an_option_that_the_job_decides_is_refused(shop: Desk, words: str) -> None:
    result = shop.run("produce", job(SERIAL), "--once", *words.split())
    assert (result.code, Path("log.jsonl").exists()) == (2, False)
    name = words.split()[0]
    assert result.reason == f"error: {name} has no effect on produce: the job file says what each board gets [E-USAGE]"


def test_failures_in_a_row_end_the_run(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        board(name, faults=["swim-open"])
    type_in(monkeypatch, b"\n" * 10)
    result = shop.run("produce", job(head="stop_after_failures = 3\n"))
    assert result.code == 1
    assert result.reason.startswith("error: stopped after 3 failures in a row: ")
    assert 3 <= len(events("chip")) <= 4
    assert events("end")[0]["stopped"] == "3 failures in a row"


def test_a_socket_that_always_fails_ends_the_run_although_the_others_pass(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    board("b", faults=["swim-open"])
    type_in(monkeypatch, b"A\nB\n" * 10)
    assert shop.run("produce", job(head="stop_after_failures = 2\n")).code == 1
    assert [chip["result"] for chip in events("chip") if chip["socket"] == "B"] == ["fail", "fail"]


def test_ctrl_c_lets_a_chip_end_and_begins_none(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    presses, write = interrupts.Presses(), ChipRun._write

    def writes(run: ChipRun, chip: Any) -> None:
        presses.count += 1
        write(run, chip)

    monkeypatch.setattr(ChipRun, "_write", writes)
    monkeypatch.setattr(interrupts, "counted", lambda: nullcontext(presses))
    type_in(monkeypatch, b"\n" * 10)
    result = shop.run("produce", job(SERIAL, sockets="a"))
    assert result.code == 130
    assert result.reason == "interrupted: the probe is released"
    assert [chip["result"] for chip in events("chip")] == ["pass"]
    assert events("end")[0]["stopped"] == "interrupted by the user"
    assert "1 chip: 1 passed, 0 failed" in result.out


def test_a_second_ctrl_c_ends_a_chip_at_its_next_step(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, True])  # at the begin of each step
    run = ChipRun.__init__

    def hurried(self: ChipRun, *arguments: Any) -> None:
        run(self, *arguments[:4], lambda: next(answers), *arguments[5:])

    monkeypatch.setattr(ChipRun, "__init__", hurried)
    result = shop.run("produce", job(f'{SERIAL}[options]\nset = ["AFR=0x01"]\n', sockets="a"), "--once")
    assert result.code == 1
    (chip,) = events("chip")
    assert (chip["result"], chip["code"]) == ("fail", None)
    assert chip["message"] == "stopped by the user before this chip was done"
    assert events("gap")[0]["serial"] == 41
    assert shop.memory("options", "a.chip")[3:5] == b"\x00\xff"
    assert shop.is_idle("a.chip")


def test_a_log_that_takes_no_more_ends_the_run_and_the_chip_does_not_pass(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all = ProductionLog.write_all

    def full(log: ProductionLog, *lines: Any) -> None:
        if lines[0][0] == "chip":
            raise unusable(log.path, OSError(28, "the disk is full"))
        write_all(log, *lines)

    monkeypatch.setattr(ProductionLog, "write_all", full)
    result = shop.run("produce", job(SERIAL, sockets="a"), "--once")
    assert result.code == 2
    assert result.reason == "error: log.jsonl: the log cannot be written: the disk is full [E-FILE]"
    assert "A: FAIL serial number 41, its line is not in the log" in result.out
    assert "stopped: the log cannot be written" in result.out
    monkeypatch.undo()
    monkeypatch.chdir(shop.folder)
    assert shop.run("produce", job(SERIAL, sockets="a"), "--once").code == 0
    assert [gap["serial"] for gap in events("gap")] == [41]


def test_a_run_that_was_cut_off_leaves_gaps_for_the_next_one(shop: Desk) -> None:
    assert shop.run("produce", job(SERIAL, sockets="a"), "--once").code == 0
    with Path("log.jsonl").open("a", encoding="ascii") as log:
        log.write('{"event":"serial","serial":42,"socket":"A"}\n{"event":"serial","serial":43,"socket":"A"}\n{"eve')
    Path("next.txt").write_text("43\n", encoding="ascii")  # 43 was announced, but the process died before it was taken
    result = shop.run("produce", "job.toml", "--once")
    assert result.code == 0, result.err
    assert "not used: serial number 42: the run before was cut off" in result.out
    assert [gap["serial"] for gap in events("gap")] == [42]
    assert [chip["serial"] for chip in events("chip")] == [41, 43]
    assert events("repaired")[0]["kept_in"] == "log.jsonl.torn"


def test_a_defect_in_a_socket_ends_the_run_with_its_traceback(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_run: ChipRun, _chip: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ChipRun, "_write", fails)
    with pytest.raises(ZeroDivisionError):
        shop.run("produce", job(SERIAL), "--once")
