"""The production log: lines that are on the disk before they count, and what a run that was cut off has left."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from stm8tool.errors import AccessError, ImageError
from stm8tool.production import log as logs
from stm8tool.production.log import ProductionLog

LOG = Path("log.jsonl")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def events() -> list[dict[str, object]]:
    data = LOG.read_bytes()
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def opened() -> tuple[ProductionLog, list[int]]:
    log = ProductionLog(LOG, "run-1")
    return log, log.open()


def test_a_line_is_one_write_and_then_the_disk_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = opened()
    calls = []
    write, fsync = os.write, os.fsync
    monkeypatch.setattr(os, "write", lambda fd, data: calls.append(("write", data)) or write(fd, data))
    monkeypatch.setattr(os, "fsync", lambda fd: calls.append(("fsync", b"")) or fsync(fd))
    log.write_all(("chip", {"serial": 5, "result": "fail"}), ("gap", {"serial": 5}))
    log.close()
    assert [name for name, _ in calls] == ["write", "fsync"]
    assert calls[0][1] == LOG.read_bytes()
    first, second = events()
    assert list(first)[:3] == ["event", "time", "run"]
    assert (first["run"], first["serial"], second["event"]) == ("run-1", 5, "gap")
    assert str(first["time"]).endswith("Z")


@pytest.mark.parametrize("torn", [b'{"event":"chip","ser', b"{", b"\0" * 40, b'{"event":"chip"}', b"\xff\xfe\n"])
def test_a_torn_last_line_is_kept_aside_and_spoils_no_other(torn: bytes) -> None:
    log, _ = opened()
    log.write("run")
    log.write("chip", result="pass")
    log.close()
    whole = LOG.read_bytes()
    LOG.write_bytes(whole + torn)
    log, _ = opened()
    log.write("run")
    log.close()
    assert LOG.read_bytes().startswith(whole)
    assert [event["event"] for event in events()] == ["run", "chip", "repaired", "run"]
    assert events()[2]["bytes"] == len(torn)
    assert Path("log.jsonl.torn").read_bytes() == torn + b"\n"


@pytest.mark.parametrize("torn", [b"", b"{", b'{"event":"ru', b"\0\0\0"])
def test_a_log_whose_first_line_is_torn_is_still_a_log(torn: bytes) -> None:
    LOG.write_bytes(torn)
    log, _ = opened()
    log.write("run")
    log.close()
    assert events()[-1]["event"] == "run"


def test_a_strange_line_in_the_middle_stays_and_so_do_all_after_it() -> None:
    log, _ = opened()
    log.write("run")
    log.close()
    with LOG.open("ab") as file:
        file.write(b"a note by hand\n")
    log = ProductionLog(LOG, "run-2")
    with LOG.open("ab") as file:
        file.write(b'{"event":"chip","result":"pass"}\n')
    before = LOG.read_bytes()
    log.open()
    log.close()
    assert LOG.read_bytes() == before


@pytest.mark.parametrize("number", ["{", "[1]", '"x"'])
def test_a_damaged_line_with_a_number_is_no_line_of_the_log(number: str) -> None:
    log, _ = opened()
    log.write("run")
    log.write("serial", serial=7)
    log.close()
    whole = LOG.read_bytes()
    for more in (b"", b'{"event":"end"}\n'):
        LOG.write_bytes(whole + b'{"event":"serial","serial":%s}\n' % number.encode("ascii") + more)
        log, lost = opened()
        log.close()
        assert lost == [7]


def test_numbers_without_a_result_are_found_and_those_of_runs_before_are_done() -> None:
    log, lost = opened()
    assert lost == []
    log.write("serial", serial=1)
    log.write("run")
    for number in (2, 3, 4, 5):
        log.write("serial", serial=number)
    log.write("chip", serial=2, result="pass")
    log.write("chip", serial=3, result="fail")
    log.write_all(("chip", {"serial": 4, "result": "fail"}), ("gap", {"serial": 4}))
    log.close()
    log, lost = opened()
    log.close()
    assert lost == [3, 5]


def test_two_runs_never_use_one_log() -> None:
    log, _ = opened()
    with pytest.raises(AccessError, match="another program is using this production log"):
        ProductionLog(LOG, "run-2").open()
    log.close()
    second, _ = opened()
    second.close()


def test_a_log_with_a_second_name_is_refused_because_its_lock_belongs_to_one_name() -> None:
    log, _ = opened()
    log.write("run")
    before = LOG.read_bytes()
    os.link(LOG, "other.jsonl")
    for name in (LOG, Path("other.jsonl")):
        with pytest.raises(ImageError, match="the log has 2 names"):
            logs.check(name)
    with pytest.raises(ImageError, match="the log has 2 names"):
        ProductionLog(Path("other.jsonl"), "run-2").open()
    log.close()
    assert LOG.read_bytes() == before
    Path("other.jsonl").unlink()
    again, _ = opened()
    again.close()


def test_a_second_name_that_comes_after_the_check_is_seen_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "check", lambda path: os.link(path, "other.jsonl"))
    LOG.touch()
    with pytest.raises(ImageError, match="the log has 2 names"):
        ProductionLog(LOG, "run").open()
    Path("other.jsonl").unlink()
    monkeypatch.setattr(logs, "check", lambda path: None)
    log, _ = opened()
    log.close()


def test_a_full_disk_leaves_no_piece_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = opened()
    log.write("run")
    before = LOG.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    with pytest.raises(ImageError, match="the disk is full"):
        log.write("chip", result="pass")
    assert LOG.read_bytes() == before

    def fails(_fd: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(os, "write", write)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fails)
        with pytest.raises(ImageError, match="the disk is broken"):
            log.write("chip", result="pass")
    with pytest.raises(ImageError, match="the log is closed"):
        log.write("chip", result="pass")
    log.close()
    log, _ = opened()
    log.close()
    assert LOG.read_bytes() == before


@pytest.mark.parametrize("content", [b":00000001FF\n", b"41\n", b"[1]\n", b'{"format": "stm8tool simulated chip"}\n'])
def test_a_file_of_another_kind_is_never_opened_as_a_log(content: bytes) -> None:
    LOG.write_bytes(content)
    with pytest.raises(ImageError):
        logs.check(LOG)
    with pytest.raises(ImageError):
        ProductionLog(LOG, "run").open()
    assert LOG.read_bytes() == content


def test_a_check_leaves_no_file_behind() -> None:
    logs.check(LOG)
    assert list(Path().iterdir()) == []
    with pytest.raises(ImageError, match="the log cannot be written"):
        logs.check(Path("no/folder/log.jsonl"))
    with pytest.raises(ImageError, match="the log cannot be written"):
        logs.check(Path())
