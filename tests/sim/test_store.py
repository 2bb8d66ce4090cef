"""The chip file: what is kept between commands, and what is refused."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import pytest

from sim.small_board import LIMIT_S, S103, send
from stm8tool.errors import AccessError, ProbeLostError, TransportTimeoutError, UsageError
from stm8tool.parts.table import find_part
from stm8tool.sim.store import create, describe, open_transport
from stm8tool.support import locks


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "board.chip"
    create(path, S103, "v3")
    return path


def test_a_new_chip_is_blank_open_and_runs_nothing(board: Path) -> None:
    report = describe(board)
    assert (report.part, report.model, report.locked, report.bricked) == ("STM8S103F3", "v3", False, None)
    assert report.state == "running: empty"
    assert [(m.name, m.used, m.total_wear) for m in report.memories] == [("flash", 0, 0), ("eeprom", 0, 0)]
    assert [(o.name, o.value, o.intact) for o in report.options][:2] == [("ROP", 0, True), ("UBC", 0, True)]
    assert (report.probe_mode, report.nrst_low, report.swim_active, report.transfers) == (1, False, False, 0)


def test_a_locked_chip_holds_a_vendors_program(tmp_path: Path) -> None:
    create(tmp_path / "a", S103, "v2", locked=True)
    report = describe(tmp_path / "a")
    assert report.locked
    assert report.state == "running"
    assert all(memory.used > 0 for memory in report.memories)


def test_content_goes_to_the_start_of_flash(tmp_path: Path) -> None:
    create(tmp_path / "a", S103, "v2", content=b"\x82\x01\x02")
    flash = describe(tmp_path / "a").memories[0]
    assert flash.used == 3
    assert flash.crc32 == zlib.crc32(b"\x82\x01\x02".ljust(8192, b"\0"))
    with pytest.raises(UsageError, match="do not fit"):
        create(tmp_path / "b", S103, "v2", content=bytes(8193))


def test_serial_numbers_differ_and_have_24_hex_digits(tmp_path: Path) -> None:
    serials = set()
    for number in range(5):
        path = tmp_path / str(number)
        create(path, S103, "v2")
        serials.add(open_transport(path).identity.serial)
    assert len(serials) == 5
    assert all(len(bytes.fromhex(serial)) == 12 for serial in serials)


def test_an_existing_file_is_kept_unless_told_otherwise(board: Path) -> None:
    before = board.read_bytes()
    with pytest.raises(UsageError, match="exists"):
        create(board, S103, "v2")
    assert board.read_bytes() == before
    create(board, S103, "v2", overwrite=True)
    assert describe(board).model == "v2"


def test_two_firmwares_in_one_probe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one firmware"):
        create(tmp_path / "a", S103, "v2", faults=["open-firmware", "swimless-firmware"])
    assert not (tmp_path / "a").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_board_behind_a_link_stays_there_and_is_one_under_both_names(board: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.chip"
    link.symlink_to(board)
    before = board.read_bytes()
    create(link, S103, "v2", overwrite=True)
    assert link.is_symlink()
    assert board.read_bytes() != before
    used = open_transport(board)
    used.open()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "WAIT_S", 0.0)
        with pytest.raises(AccessError, match="busy"):
            open_transport(link).open()
    used.close()


def test_unknown_models_and_faults_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    for model, faults in (("v4", ()), ("v2", ("nonsense",)), ("v3", ("open-firmware",))):
        with pytest.raises(UsageError):
            create(tmp_path / "a", S103, model, faults=faults)
    assert list(tmp_path.iterdir()) == []


def test_the_identity_is_known_before_opening(board: Path) -> None:
    identity = open_transport(board).identity
    assert (identity.product, identity.path, identity.high_speed) == (0x374F, f"sim:{board}", True)


def test_probe_and_chip_stay_as_a_command_left_them(board: Path) -> None:
    transport = open_transport(board)
    transport.open()
    send(transport, "F4 00", "F4 07", "F4 04")
    transport.clock.sleep(0.02)
    send(transport, "F4 0A 00 01 00 00 7F 80 A0")
    transport.close()
    report = describe(board)
    assert (report.probe_mode, report.nrst_low, report.swim_active, report.state) == (3, True, True, "held in reset")
    assert report.transfers == 4
    assert report.seconds == pytest.approx(0.0208)

    transport = open_transport(board)
    transport.open()
    send(transport, "F4 08")
    transport.clock.sleep(0.001)
    send(transport, "F4 0B 00 01 00 00 7F 80")
    transport.clock.sleep(0.01)
    send(transport, "F4 09")
    assert transport.read(4, LIMIT_S)[0] == 0
    send(transport, "F4 0C")
    assert transport.read(1, LIMIT_S) == b"\xa2"
    transport.close()


def test_a_write_that_runs_when_the_command_ends_is_finished(board: Path) -> None:
    transport = open_transport(board)
    transport.open()
    send(transport, "F4 00", "F4 07", "F4 04")
    transport.clock.sleep(0.02)
    for command in (
        "F4 0A 00 01 00 00 7F 80 A0",
        "F4 08",
        "F4 0A 00 01 00 00 50 62 56",
        "F4 0A 00 01 00 00 50 62 AE",
        "F4 0A 00 01 00 00 80 00 AC",
    ):
        send(transport, command)
        transport.clock.sleep(0.001)
    transport.close()
    flash = describe(board).memories[0]
    assert (flash.used, flash.total_wear, flash.max_wear) == (1, 1, 1)


def test_an_unplugged_probe_is_saved_plugged_in_again_and_the_fault_is_spent(tmp_path: Path) -> None:
    board = tmp_path / "board.chip"
    create(board, S103, "v3", faults=["unplug-after=2", "hsit-stuck"])
    transport = open_transport(board)
    transport.open()
    send(transport, "F4 00", "F4 07")
    with pytest.raises(ProbeLostError):
        send(transport, "F5")
    transport.close()
    report = describe(board)
    assert report.faults == ("hsit-stuck",)
    assert (report.probe_mode, report.nrst_low, report.transfers) == (1, False, 2)
    transport = open_transport(board)
    transport.open()
    send(transport, "F5", "F5", "F5")
    transport.close()


@pytest.mark.parametrize(("fault", "answers"), [("wedged", False), ("wedged-for-good", True)])
def test_a_probe_that_hangs_for_good_is_found_replugged_and_one_that_a_reset_helps_is_not(
    tmp_path: Path, fault: str, answers: bool
) -> None:
    create(tmp_path / "b", S103, "v2", faults=[fault])
    for first in (True, False):
        transport = open_transport(tmp_path / "b")
        transport.open()
        send(transport, "F5")
        if answers and not first:
            assert transport.read(2, LIMIT_S) == b"\x00\x01"
        else:
            with pytest.raises(TransportTimeoutError):
                transport.read(2, LIMIT_S)
        transport.close()
        assert describe(tmp_path / "b").faults == ()
    transport.open()
    transport.reset()
    send(transport, "F5")
    assert transport.read(2, LIMIT_S) == b"\x00\x01"
    transport.close()


def test_noise_goes_on_where_it_was(tmp_path: Path) -> None:
    create(tmp_path / "b", S103, "v2", faults=["nak-every=6"])
    transport = open_transport(tmp_path / "b")
    statuses = []
    for commands in (["F3 07", "F4 00", "F4 04"], ["F4 0A 00 01 00 00 7F 80 A0"], ["F4 0B 00 01 00 00 7F 80"]):
        transport.open()
        send(transport, *commands)
        transport.clock.sleep(0.1)
        send(transport, "F4 09")
        statuses.append(transport.read(4, LIMIT_S)[0])
        transport.close()
    assert statuses == [0x00, 0x05, 0x00]  # six frames were the whole write, whose last was not acknowledged


def test_a_supply_that_is_switched_after_the_end_of_a_command_was_switched_before_the_next(tmp_path: Path) -> None:
    create(tmp_path / "b", S103, "v2", faults=["power-switch=10000"])
    transport = open_transport(tmp_path / "b")
    transport.open()
    send(transport, "F3 07", "F4 00", "F4 04")
    transport.clock.sleep(0.1)
    transport.close()
    report = describe(tmp_path / "b")
    assert (report.state, report.swim_active, report.faults) == ("running: empty", False, ())


@pytest.mark.parametrize(
    ("part", "address"), [("stm8s103f3", "0x4800"), ("stm8s103f3", "0xA000"), ("stm8l101f3", "64")]
)
def test_a_dead_block_lies_in_a_memory_that_wears_out(tmp_path: Path, part: str, address: str) -> None:
    with pytest.raises(UsageError, match="dead-block") as caught:
        create(tmp_path / "b", find_part(part), "v2", faults=[f"dead-block={address}"])
    assert "flash 0x008000..0x009FFF" in (caught.value.hint or "")
    assert list(tmp_path.iterdir()) == []


def test_close_may_be_repeated_and_needs_no_open(board: Path) -> None:
    before = board.read_bytes()
    transport = open_transport(board)
    transport.close()
    assert board.read_bytes() == before
    transport.open()
    transport.close()
    transport.close()


def test_two_cannot_use_the_file_at_once(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.0)
    first, second = open_transport(board), open_transport(board)
    first.open()
    with pytest.raises(AccessError, match=r"board\.chip is busy"):
        second.open()
    assert describe(board).part == "STM8S103F3"
    first.close()
    second.open()
    second.close()


def test_what_is_seen_is_what_the_file_holds_when_it_is_opened(board: Path) -> None:
    first, second = open_transport(board), open_transport(board)
    first.open()
    send(first, "F4 00")
    first.close()
    second.open()
    send(second, "F5")
    assert second.read(2, LIMIT_S)[0] == 3
    second.close()
