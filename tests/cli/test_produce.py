"""`produce`: a job on simulated boards, its log, its ends, and what the user is told."""

from __future__ import annotations

import errno
import io
import json
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import pytest

from cli.desk import Desk, program, talking
from stm8tool.api import Chip
from stm8tool.cli.produce import TypedKeys
from stm8tool.cli.stdin import Stdin
from stm8tool.errors import Code, ToolError
from stm8tool.parts.table import find_part
from stm8tool.production import line, starts, worker
from stm8tool.production.chip_run import BlockTimer, ChipRecord, ChipRun
from stm8tool.production.log import ProductionLog, unusable
from stm8tool.production.summary import RunTally
from stm8tool.sim import store
from stm8tool.support import interrupts

PART = find_part("stm8s103f3")
SERIAL = '[serial_number]\naddress = 0x4000\nformat = "u32"\nfile = "next.txt"\n'


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A desk with an image, a counter, and the sockets A and B with a blank chip in each."""
    desk.hex("firmware.hex", (0x8000, program(300)))
    Path("next.txt").write_text("41\n", encoding="ascii")
    for name in "ab":
        board(name)
    return desk


def board(name: str, *, faults: Sequence[str] = (), locked: bool = False) -> None:
    """Put a new board into a socket."""
    store.create(f"{name}.chip", PART, "v3", faults=faults, locked=locked, overwrite=True)


def job(more: str = "", *, sockets: str = "ab", head: str = "", start: str = "enter") -> str:
    """Write a job file; return its name."""
    listed = "".join(f'[[socket]]\nname = "{name.upper()}"\nprobe = "sim:{name}.chip"\n' for name in sockets)
    top = f'part = "stm8s103f3"\nimage = "firmware.hex"\nlog = "log.jsonl"\nstart = "{start}"\n{head}'
    Path("job.toml").write_text(top + more + listed, encoding="utf-8")
    return "job.toml"


def events(kind: str, file: str = "log.jsonl") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in Path(file).read_text(encoding="ascii").splitlines()]
    return [event for event in found if event["event"] == kind]


def type_in(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text), isatty=lambda: False))


# -- one board for each socket ---------------------------------------------------------------------------------------


def test_each_socket_gets_the_image_and_a_number_of_its_own(shop: Desk) -> None:
    result = shop.run("produce", job(SERIAL), "--once")
    assert result.code == 0, result.err
    chips = events("chip")
    assert {chip["socket"] for chip in chips} == {"A", "B"}
    assert {chip["serial"] for chip in chips} == {41, 42}
    for chip in chips:
        name = f"{chip['socket'].lower()}.chip"
        assert shop.memory("flash", name)[:300] == program(300)
        assert shop.memory("eeprom", name)[:4].hex().upper() == chip["serial_hex"] == f"{chip['serial']:08X}"
    assert Path("next.txt").read_text(encoding="ascii") == "43\n"
    lines = result.out.splitlines()
    assert lines[0] == "job: STM8S103F3, firmware.hex, 2 sockets; log log.jsonl"
    assert sum("PASS serial number" in line for line in lines) == 2
    assert "2 chips: 2 passed, 0 failed, yield 100 %" in result.out
    assert "  serial numbers: 41-42" in lines


def test_a_line_of_the_log_has_what_is_known_about_a_chip(shop: Desk) -> None:
    shop.run("produce", job(SERIAL, sockets="a"), "--once")
    run, chip = events("run")[0], events("chip")[0]
    assert (run["part"], run["schema"], run["job"]) == ("STM8S103F3", 1, "job")
    assert run["sockets"] == [{"name": "A", "probe": "sim:a.chip", "place": "sim:a.chip"}]
    assert chip["run"] == run["run"]
    assert chip["image_sha256"] == [run["image"][0]["sha256"]]
    document = json.loads(Path("a.chip").read_text(encoding="ascii"))
    assert chip["uid"] == document["unique_id"].upper()
    assert (chip["probe"], chip["probe_serial"]) == ("STLINK-V3", document["serial"])
    assert chip["firmware"].startswith("V3")
    assert chip["blocks"] == {"compared": 6, "written": 6}
    assert chip["block_ms"]["most"] >= chip["block_ms"]["mean"] > 0
    assert set(chip["steps"]) == {"connect", "write"}
    assert chip["seconds"] >= chip["steps"]["write"]
    assert (chip["result"], chip["code"], chip["retries"]) == ("pass", None, {})
    assert events("end")[0]["yield_percent"] == 100


@pytest.mark.parametrize(
    ("passed", "failed", "share"),
    [(0, 0, None), (3, 0, 100), (0, 3, 0), (2, 1, 66.7), (9999, 1, 99.9), (1, 9999, 0.1), (1, 1, 50)],
)
def test_only_a_run_without_a_failure_has_a_yield_of_100_percent(
    passed: int, failed: int, share: Optional[float]
) -> None:
    tally = RunTally(["A"])
    for result in ["pass"] * passed + ["fail"] * failed:
        tally.add(ChipRecord("A", result))
    assert tally.summary(1.0, None, "log.jsonl").yield_percent == share


def test_a_chip_that_fails_leaves_a_gap_and_a_reason(shop: Desk) -> None:
    board("b", faults=["dead-block=0x8040"])
    result = shop.run("produce", job(SERIAL), "--once")
    assert (result.code, result.reason) == (1, "error: 1 of 2 chips failed [E-CHIPS-FAILED]")
    assert result.hint == "hint: the log says why: log.jsonl"
    (failed,) = [chip for chip in events("chip") if chip["result"] == "fail"]
    assert (failed["socket"], failed["code"]) == ("B", "E-VERIFY")
    (gap,) = events("gap")
    assert (gap["serial"], gap["code"]) == (failed["serial"], "E-VERIFY")
    assert gap["reason"] == f"socket B: {failed['message']}"
    assert f"  not used: serial number {gap['serial']}: " in result.out
    assert "  1 chip failed: E-VERIFY" in result.out.splitlines()
    assert f"B: FAIL serial number {gap['serial']}, {failed['message']} [E-VERIFY]" in result.out


def test_no_number_is_lost_to_a_socket_without_a_board(shop: Desk) -> None:
    board("a", faults=["swim-open"])
    result = shop.run("produce", job(SERIAL, sockets="a"), "--once")
    assert result.code == 1
    assert events("chip")[0]["code"] == "E-TARGET-SILENT"
    assert events("chip")[0]["serial"] is None
    assert events("gap") == events("serial") == []
    assert Path("next.txt").read_text(encoding="ascii") == "41\n"


def test_option_bytes_and_the_lock_come_last(shop: Desk) -> None:
    result = shop.run("produce", job('[options]\nset = ["AFR=0x01"]\n', head="lock = true\n"), "--once")
    assert result.code == 0, result.err
    for name in "ab":
        options = shop.memory("options", f"{name}.chip")
        assert (options[0], options[3:5]) == (0xAA, b"\x01\xfe")
    assert list(events("chip")[0]["steps"]) == ["connect", "write", "options", "lock"]


def test_option_bytes_of_a_file_are_written_with_the_image(shop: Desk) -> None:
    shop.hex("options.hex", (0x4803, b"\x02\xfd"))
    assert shop.run("produce", job('[options]\nfile = "options.hex"\n', sockets="a"), "--once").code == 0
    assert shop.memory("options", "a.chip")[3:5] == b"\x02\xfd"


@pytest.mark.parametrize(("unlock", "code"), [("auto", None), ("never", "E-ROP-UPLOAD")])
def test_a_locked_chip_is_unlocked_only_if_the_job_says_so(shop: Desk, unlock: str, code: str) -> None:
    board("a", locked=True)
    shop.run("produce", job(SERIAL, sockets="a", head=f'unlock = "{unlock}"\n'), "--once")
    (chip,) = events("chip")
    assert chip["code"] == code
    assert (chip["serial"] is None) == (unlock == "never")
    assert any("unlocking it, which erases the whole chip" in text for text in chip["warnings"]) == (unlock == "auto")


# -- the self-test ---------------------------------------------------------------------------------------------------


def test_the_program_tells_that_it_works(shop: Desk) -> None:
    shop.hex("firmware.hex", (0x8000, talking(b"ok 7\n")))
    result = shop.run("produce", job('[self_test]\nline = "^ok [0-9]+$"\nseconds = 1\n', sockets="a"), "--once")
    assert result.code == 0, result.err
    assert events("chip")[0]["self_test"] == "ok 7"
    assert shop.is_idle("a.chip")


def test_a_line_that_would_take_re_for_ever_is_searched_to_its_end(shop: Desk) -> None:
    shop.hex("firmware.hex", (0x8000, talking(b"aaaaaaaaaaaa!\n")))
    more = '[self_test]\nline = "^(a|aa|a*)*$"\nseconds = 0.1\n'
    assert shop.run("produce", job(more, sockets="a"), "--once").code == 1
    assert events("chip")[0]["code"] == "E-SELF-TEST"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (b"bad\n", "^ok", "the self-test printed no line that matches '^ok' in 0.5 s; its last line is 'bad'"),
        (b"ok 1", "^ok", "the self-test printed no line that matches '^ok' in 0.5 s; its last line is 'ok 1'"),
        (b"", "^ok", "the self-test printed no line that matches '^ok' in 0.5 s; it printed nothing"),
    ],
)
def test_a_program_that_prints_something_else_fails(shop: Desk, text: bytes, line: str, message: str) -> None:
    shop.hex("firmware.hex", (0x8000, talking(text)))
    more = f'{SERIAL}[self_test]\nline = "{line}"\nseconds = 0.5\n'
    assert shop.run("produce", job(more, sockets="a", head="lock = true\n"), "--once").code == 1
    (chip,) = events("chip")
    assert (chip["code"], chip["message"]) == ("E-SELF-TEST", message)
    assert events("gap")[0]["serial"] == chip["serial"] == 41
    assert shop.memory("options", "a.chip")[0] == 0, "it was locked"
    assert shop.is_idle("a.chip")


def test_a_board_that_was_changed_during_the_self_test_does_not_pass(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.hex("firmware.hex", (0x8000, talking(b"ok\n")))
    found = iter([b"\x01" * 12, b"\x02" * 12])
    monkeypatch.setattr(Chip, "unique_id", lambda _chip: next(found))
    shop.run("produce", job('[self_test]\nline = "ok"\nseconds = 1\n', sockets="a", head="lock = true\n"), "--once")
    (chip,) = events("chip")
    assert (chip["code"], chip["message"]) == ("E-SELF-TEST", "another board came into the socket during the self-test")
    assert shop.memory("options", "a.chip")[0] == 0, "it was locked"


def test_the_text_of_an_earlier_program_is_not_that_of_this_one(shop: Desk) -> None:
    old = shop.hex("old.hex", (0x8000, talking(b"ok\n")))
    test = '[self_test]\nline = "ok"\nseconds = 0.5\n'
    assert shop.flash("write", old, chip="a.chip").code == 0
    assert shop.run("produce", job(test, sockets="a"), "--once").code == 1  # its program only loops
    assert events("chip")[0]["code"] == "E-NO-CONSOLE"
    shop.hex("firmware.hex", (0x8000, talking(b"ok\n", ring=0x0140)))
    assert shop.flash("write", old, chip="a.chip").code == 0
    result = shop.run("produce", job(test, sockets="a"), "--once")  # two rings would be refused
    assert result.code == 0, result.out


def test_what_the_self_test_writes_to_ram_is_no_block() -> None:
    timer = BlockTimer(lambda *progress: None)
    timer("writing", 64, 64)
    before = timer.times_ms(64)
    timer.is_over = True
    timer("writing", 4, 4)
    assert timer.times_ms(64) == before is not None


def test_a_program_without_a_console_fails_with_its_own_code(shop: Desk) -> None:
    shop.run("produce", job('[self_test]\nline = "x"\nseconds = 0.5\n', sockets="a"), "--once")
    assert events("chip")[0]["code"] == "E-NO-CONSOLE"


# -- how a run goes on and ends --------------------------------------------------------------------------------------


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


# -- before the first chip -------------------------------------------------------------------------------------------


def test_check_opens_no_probe_and_changes_no_file(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def opens(_selector: str) -> None:
        raise AssertionError("a probe was opened")

    name = job(SERIAL)
    monkeypatch.setattr("stm8tool.selector.open_link", opens)
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    result = shop.run("produce", name, "--check")
    assert (result.code, result.out) == (0, "job: the job is right; no probe was opened, and nothing was written\n")
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before
    assert shop.run("produce", name, "--check", "--once").code == 2


def test_problems_are_the_evidence_of_one_error(shop: Desk) -> None:
    result = shop.run("produce", job('[options]\nset = ["AFR=0x1FF"]\n', head='unlock = "yes"\n'), "--check")
    assert result.code == 2
    assert result.reason == "error: job.toml: 2 things are wrong; no chip was touched [E-JOB]"
    assert result.hint == "hint: correct the job file; docs/production.md has a row for each key"
    assert [line.partition(":")[0] for line in result.details] == ["unlock", "options.set"]


def test_every_probe_must_be_there_before_the_first_chip(shop: Desk) -> None:
    for name in "ab":
        Path(f"{name}.chip").unlink()
    result = shop.run("produce", job(SERIAL), "--once")
    assert result.code == 2
    assert result.reason.startswith("error: socket A: ")
    assert result.details[0].startswith("socket B: ")
    assert not Path("log.jsonl").exists()


def test_two_selectors_that_mean_one_probe_are_found(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.attach_to_usb(monkeypatch, "066DFF303030303030303031", "066DFF303030303030303032")
    text = '[[socket]]\nname = "A"\nprobe = "usb:1-1"\n[[socket]]\nname = "B"\nprobe = "066DFF303030303030303031"\n'
    result = shop.run("produce", job(text, sockets=""), "--once")
    assert (result.code, result.reason) == (2, "error: sockets A and B mean one probe, usb:1-1 [E-JOB]")


# -- the rehearsal ---------------------------------------------------------------------------------------------------


def test_a_dry_run_does_the_whole_job_and_leaves_the_counter_and_the_log(shop: Desk) -> None:
    Path("a.chip").unlink()
    result = shop.run("produce", job(SERIAL, head="lock = true\n"), "--dry-run", "--count", "4")
    assert result.code == 0, result.err
    assert "4 chips: 4 passed, 0 failed, yield 100 %" in result.out
    assert "  serial numbers: 41-44" in result.out.splitlines()
    assert Path("next.txt").read_text(encoding="ascii") == "41\n"
    assert not Path("log.jsonl").exists()
    assert len(events("chip", "log.jsonl.dry-run")) == 4
    assert shop.run("produce", "job.toml", "--dry-run").code == 0
    assert len(events("chip", "log.jsonl.dry-run")) == 2


def test_a_dry_run_removes_only_a_log(shop: Desk) -> None:
    other = Path("log.jsonl.dry-run")
    other.write_text("my notes\n", encoding="ascii")
    result = shop.run("produce", job(sockets="a"), "--dry-run")
    assert (result.code, other.read_text(encoding="ascii")) == (2, "my notes\n")
    assert result.reason.startswith("error: log.jsonl.dry-run: this file is not a production log")
    other.unlink()
    other.mkdir()
    result = shop.run("produce", job(sockets="a"), "--dry-run")
    assert result.reason == "error: log.jsonl.dry-run: the log cannot be written: it is not a regular file [E-FILE]"


def test_a_dry_run_leaves_the_log_of_another_one_that_runs(shop: Desk) -> None:
    log = ProductionLog(Path("log.jsonl.dry-run"), "other")
    log.open()
    log.write("run")
    before = log.path.read_bytes()
    result = shop.run("produce", job(sockets="a"), "--dry-run")
    assert (result.code, result.reason[-8:]) == (7, "[E-BUSY]")
    log.close()
    assert log.path.read_bytes() == before


def test_a_dry_run_without_a_place_for_its_boards_is_one_error(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_words: str) -> str:
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    result = shop.run("produce", job(sockets="a"), "--dry-run")
    assert result.reason == "error: no folder for the simulated boards can be made: the disk is full [E-FILE]"
    assert "TMPDIR" in result.hint


def test_a_dry_run_executes_the_self_test(shop: Desk) -> None:
    shop.hex("firmware.hex", (0x8000, talking(b"ok\n")))
    more = '[self_test]\nline = "ok"\nseconds = 1\n'
    assert shop.run("produce", job(more), "--dry-run").code == 0


# -- for programs ----------------------------------------------------------------------------------------------------


def test_json_has_the_summary_and_events_have_each_chip(shop: Desk) -> None:
    board("b", faults=["swim-open"])
    result = shop.run("produce", job(SERIAL), "--once", "--json", "--events")
    told = json.loads(result.out)
    assert (told["ok"], told["error"]["code"]) == (False, "E-CHIPS-FAILED")
    summary = told["result"]["summary"]
    assert (summary["chips"], summary["passed"], summary["failed"], summary["yield_percent"]) == (2, 1, 1, 50)
    assert summary["failures"] == {"E-TARGET-SILENT": 1}
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert {line["socket"] for line in lines if line["event"] == "chip"} == {"A", "B"}


# -- by contact ------------------------------------------------------------------------------------------------------


class Operator:
    """Stands at socket A: takes out each board that holds a program, and puts a blank one in a moment later.

    With `careless` the operator puts the first board that has passed in again.
    """

    def __init__(self, shop: Desk, look: Callable[[str], bool], *, careless: bool = False) -> None:
        self._shop = shop
        self._look = look
        self._silent = 0
        self._careless = careless
        self.boards = 0

    def answers(self, probe: str) -> bool:
        try:
            found = self._look(probe)
        except ToolError:  # no board at this simulated probe
            found = False
        self._silent = 0 if found else self._silent + 1
        if found and any(self._shop.memory("flash", "a.chip")):
            Path("a.chip").replace("taken-out")
        elif self._silent == 5:
            if self._careless and self.boards == 1:
                self._careless = False
                Path("taken-out").replace("a.chip")
            else:
                self.boards += 1
                board("a")
        return found


@pytest.fixture
def at_socket(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Operator]:
    """Have an operator, and a board in the socket that was done before the run."""
    monkeypatch.setattr(starts, "_POLL_S", 0.0)
    monkeypatch.setattr(worker, "_LOOK_S", 0.0)
    store.create("a.chip", PART, "v3", content=program(100), overwrite=True)

    def made(**how: bool) -> Operator:
        operator = Operator(shop, starts.answers, **how)
        monkeypatch.setattr(line, "answers", operator.answers)
        return operator

    return made


def test_contact_is_an_answer_after_a_silence(shop: Desk, at_socket: Callable[..., Operator]) -> None:
    operator = at_socket()
    result = shop.run("produce", job(SERIAL, sockets="a", start="contact"), "--count", "3")
    assert result.code == 0, result.err
    assert [chip["serial"] for chip in events("chip")] == [41, 42, 43]
    assert len({chip["uid"] for chip in events("chip")}) == operator.boards == 3


def test_the_board_that_passed_is_never_programmed_again(shop: Desk, at_socket: Callable[..., Operator]) -> None:
    operator = at_socket(careless=True)
    result = shop.run("produce", job(SERIAL, sockets="a", start="contact"), "--count", "2")
    assert result.code == 0, result.err
    assert [chip["serial"] for chip in events("chip")] == [41, 42]
    assert len({chip["uid"] for chip in events("chip")}) == operator.boards == 2


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ("...##", []),
        ("#...##", [starts.TAKE_OUT]),
        ("...#.##", [starts.PUT_IN]),
        ("#..#...#.##", [starts.TAKE_OUT, starts.TAKE_OUT, starts.PUT_IN]),
        ("!...##", ["the probe fails: it was unplugged"]),
        ("!..!...#!##", ["the probe fails: it was unplugged"] * 3),
    ],
)
def test_a_silence_and_a_contact_are_several_looks_in_a_row(
    monkeypatch: pytest.MonkeyPatch, looks: str, told: list[str]
) -> None:
    monkeypatch.setattr(starts, "_POLL_S", 0.0)
    left, said = list(looks), []

    def answers() -> bool:
        look = left.pop(0)
        if look == "!":
            raise ToolError("it was unplugged", code=Code.PROBE_LOST)
        return look == "#"

    assert starts.OnContact(answers, threading.Event()).wait(said.append)
    assert left == []
    assert said == told


def test_a_look_at_a_board_does_not_reset_it(shop: Desk) -> None:
    shop.chip(content=talking())
    assert starts.answers("sim:board.chip")
    assert starts.answers("sim:board.chip")
    assert shop.is_idle()
    shop.chip(locked=True)
    assert starts.answers("sim:board.chip")
    shop.chip(faults=["swim-open"])
    assert not starts.answers("sim:board.chip")
    with pytest.raises(ToolError):
        starts.answers("sim:no.chip")
