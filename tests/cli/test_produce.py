"""`produce`: a job on simulated boards, its log, and what the user is told."""

from __future__ import annotations

import errno
import json
import tempfile
from pathlib import Path
from typing import Optional

import pytest

from cli.desk import Desk, program, talking
from cli.production_shop import SERIAL, board, events, job
from stm8tool.production.chip_run import ChipRecord
from stm8tool.production.log import ProductionLog
from stm8tool.production.summary import RunTally

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
