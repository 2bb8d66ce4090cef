"""Chip files that are refused, and time limits of a chip file that is used."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sim.small_board import LIMIT_S, S103, send
from stm8tool import selector
from stm8tool.errors import EndpointStallError, UnknownPartError, UsageError
from stm8tool.parts.table import find_part
from stm8tool.sim.clock import PacedClock, RealClock, VirtualClock
from stm8tool.sim.store import create, describe, open_transport
from stm8tool.support import locks


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "board.chip"
    create(path, S103, "v3")
    return path


def test_a_missing_file_is_a_usage_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no chip file") as caught:
        open_transport(tmp_path / "nothing")
    assert "sim create" in str(caught.value.hint)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'"text"', b"\xff\xfe", b'{"format": "stm8tool simulated chip"}']
)
def test_a_file_that_is_no_chip_file_is_a_usage_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    for use in (open_transport, describe):
        with pytest.raises(UsageError, match="damaged"):
            use(path)


@pytest.mark.parametrize("key", ["memories", "part", "chip", "serial", "unique_id", "probe"])
def test_a_damaged_chip_file_is_a_usage_error(board: Path, key: str) -> None:
    document = json.loads(board.read_text())
    del document[key]
    board.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="damaged"):
        open_transport(board)


@pytest.mark.parametrize("data", ["00", "zz", 5])
def test_a_memory_of_the_wrong_size_or_type_is_a_usage_error(board: Path, data: object) -> None:
    document = json.loads(board.read_text())
    document["memories"]["flash"]["data"] = data
    board.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="damaged"):
        open_transport(board)


def test_another_version_or_part_is_named(board: Path) -> None:
    document = json.loads(board.read_text())
    board.write_text(json.dumps({**document, "version": 99}))
    with pytest.raises(UsageError, match="version 99"):
        open_transport(board)
    board.write_text(json.dumps({**document, "part": "stm8x1"}))
    with pytest.raises(UnknownPartError):
        describe(board)


def test_the_file_is_replaced_as_a_whole(board: Path) -> None:
    transport = open_transport(board)
    transport.open()
    transport.close()
    assert {path.name for path in board.parent.iterdir()} == {"board.chip", ".board.chip.lock"}


def test_a_file_that_cannot_be_made_or_read_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot use"):
        create(tmp_path / "missing" / "a", S103, "v2")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UsageError, match="cannot read"):
        open_transport(folder)
    with pytest.raises(UsageError, match="cannot write"):
        create(folder, S103, "v2", overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"folder", ".folder.lock"}


def test_a_file_that_vanished_before_it_was_opened_leaves_no_lock(board: Path) -> None:
    transport = open_transport(board)
    content = board.read_bytes()
    board.unlink()
    with pytest.raises(UsageError, match="no chip file"):
        transport.open()
    board.write_bytes(content)
    transport.open()
    transport.close()


def test_stall_and_usb_reset_reach_the_probe(tmp_path: Path) -> None:
    create(tmp_path / "a", S103, "v2", faults=["stall-after=1"])
    transport = open_transport(tmp_path / "a")
    transport.open()
    send(transport, "F3 07")
    with pytest.raises(EndpointStallError):
        send(transport, "F4 00")
    transport.clear_halt()
    send(transport, "F4 00", "F5")
    assert transport.read(2, LIMIT_S) == b"\x03\x00"
    transport.reset()
    send(transport, "F5")
    assert transport.read(2, LIMIT_S) == b"\x00\x01"
    transport.close()


def test_real_time_is_slept_and_virtual_time_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    for clock in (VirtualClock(), RealClock(), PacedClock()):
        clock.sleep(2.5)
        clock.sleep(0)
        assert clock.now() <= clock.now()
    assert slept == [2.5, 2.5]


def test_time_is_virtual_unless_real_time_is_asked_for(board: Path) -> None:
    assert isinstance(open_transport(board).clock, VirtualClock)
    assert isinstance(open_transport(board, real_time=True).clock, PacedClock)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("UBC=0x02", b"\x02\xfd\x00\xff"),
        ("ubc=2", b"\x02\xfd\x00\xff"),
        ("0x4803=0x01", b"\x00\xff\x01\xff"),
        ("0x4802=0", b"\x00\x00\x00\xff"),
    ],
)
def test_a_chip_may_come_with_other_option_bytes(tmp_path: Path, text: str, held: bytes) -> None:
    create(tmp_path / "board.chip", find_part("stm8s103f3"), "v2", options=[text])
    document = json.loads((tmp_path / "board.chip").read_text(encoding="ascii"))
    assert bytes.fromhex(document["memories"]["options"]["data"])[1:5] == held
    assert describe(tmp_path / "board.chip").bricked is None


@pytest.mark.parametrize("text", ["UBC", "UBC=", "UBC=256", "UBC=-1", "UBC=x", "WDG=0", "0x480F=0", "=0", "0x=0"])
def test_an_option_byte_that_the_chip_does_not_have_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        create(tmp_path / "board.chip", find_part("stm8s103f3"), "v2", options=[text])
    assert caught.value.hint
    assert not (tmp_path / "board.chip").exists()


HALF_A_CHARACTER = [] if sys.platform == "win32" else ["a\ud800b"]  # there a file can have that name


@pytest.mark.parametrize(
    "name", [*HALF_A_CHARACTER, "a\0b", "", "n" * 300, "a\0b#stlink", "n" * 300 + "#stlink", "a#\0"]
)
def test_a_name_that_a_file_cannot_have_is_a_usage_error_wherever_it_is_given(name: str) -> None:
    with pytest.raises(UsageError):
        selector.open_link(f"sim:{name}")
    for job in (describe, open_transport, lambda path: create(path, S103, "v2")):
        with pytest.raises(UsageError):
            job(name)


def test_of_several_runs_that_create_one_board_only_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.chip"
    made: list[bytes] = []
    acquire = locks.FileLock.acquire

    def late(lock: locks.FileLock) -> None:
        if not made:
            made.append(b"")
            create(path, S103, "v2")  # another run, between this one's look at the name and its lock
            made[0] = path.read_bytes()
        acquire(lock)

    monkeypatch.setattr(locks.FileLock, "acquire", late)
    with pytest.raises(UsageError, match="already exists"):
        create(path, S103, "v3")
    assert [path.read_bytes()] == made
