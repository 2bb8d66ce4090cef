"""`sim serve` as an importer sees it: USB/IP over TCP, a USB device, and the simulated probe."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from sim.importer import OVERFLOWED, STALLED, UNLINKED, V2, serving
from sim.usbip_board import board
from stm8tool.errors import UsageError
from stm8tool.sim import store
from stm8tool.sim.usbip.export import serve

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process there")

MODELS = {
    # product, USB/IP's speed, packet size, endpoints of interface 0, interfaces
    "v1": (0x3744, 2, 64, (0x81, 0x02), 1),
    "v2": (0x3748, 2, 64, (0x81, 0x02, 0x83), 1),
    "v21": (0x374B, 2, 64, (0x01, 0x81, 0x82), 4),
    "v3": (0x374F, 3, 512, (0x01, 0x81, 0x82), 4),
}
CLASSES = {"v1": [8], "v2": [0xFF], "v21": [0xFF, 8, 2, 10], "v3": [0xFF, 8, 2, 10]}


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    return board(tmp_path, "v2")


def text(descriptor: bytes) -> str:
    assert descriptor[:2] == bytes([len(descriptor), 3])
    return descriptor[2:].decode("utf-16-le")


# -- what it says of itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_the_list_names_the_real_probe(tmp_path: Path, model: str) -> None:
    product, speed, _, _, interfaces = MODELS[model]
    with serving(board(tmp_path, model)) as server:
        reply = server.list()
        assert reply[:12] == bytes.fromhex("0111 0005 00000000 00000001")
        about, rest = reply[12:324], reply[324:]
        assert about[256:288].rstrip(b"\0") == b"1-1"
        assert struct.unpack_from(">3I2H", about, 288)[2:] == (speed, 0x0483, product)
        assert (about[-1], len(rest)) == (interfaces, 4 * interfaces)
        with server.imported() as host:
            assert host.about == about


@pytest.mark.parametrize("model", MODELS)
def test_the_descriptors_are_those_of_the_real_probe(tmp_path: Path, model: str) -> None:
    product, _, packet, endpoints, interfaces = MODELS[model]
    with serving(board(tmp_path, model)) as server, server.imported() as host:
        device = host.descriptor(1)
        assert (len(device), device[:2]) == (18, b"\x12\x01")
        assert struct.unpack_from("<HH", device, 8) == (0x0483, product)
        whole = host.descriptor(2)
        assert struct.unpack_from("<HB", whole, 2) == (len(whole), interfaces)
        assert host.descriptor(2, size=9) == whole[:9]
        parts = []
        while whole:
            parts.append(whole[: whole[0]])
            whole = whole[whole[0] :]
        numbers = [part[2] for part in parts if part[1] == 4]
        assert numbers == list(range(interfaces))
        first = [part for part in parts[2 : 2 + len(endpoints)] if part[1] == 5]
        assert [part[2] for part in first] == list(endpoints)
        assert {(part[3], part[4] | part[5] << 8) for part in first} == {(2, packet)}
        assert [part[5] for part in parts if part[1] == 4] == CLASSES[model]
        every = [part[2] for part in parts if part[1] == 5]
        assert len(set(every)) == len(every)


@pytest.mark.parametrize("model", MODELS)
def test_the_serial_number_is_24_hex_digits(tmp_path: Path, model: str) -> None:
    path = board(tmp_path, model)
    with serving(path) as server, server.imported() as host:
        assert host.descriptor(3, 0) == bytes.fromhex("04 03 09 04")
        assert text(host.descriptor(3, 1)) == "STMicroelectronics"
        serial = host.descriptor(3, 3)
        assert serial[0] == 0x32
        assert text(serial) == store.describe(path).serial


@pytest.mark.parametrize("fault", ["old-firmware", "clone-serial"])
def test_old_v2_firmware_and_clones_have_the_raw_bytes_of_the_serial_number(tmp_path: Path, fault: str) -> None:
    path = board(tmp_path, "v2", fault)
    with serving(path) as server, server.imported() as host:
        serial = host.descriptor(3, 3)
        assert serial[0] == 0x1A
        assert serial[2::2].hex().upper() == store.describe(path).serial
        assert not any(serial[3::2])


def test_faults_of_the_system_are_left_to_the_system(tmp_path: Path) -> None:
    path = board(tmp_path, "v2", "no-driver", "wrong-driver", "no-permission", "in-use")
    with serving(path) as server, server.imported() as host:
        assert host.descriptor(1)[:2] == b"\x12\x01"


def test_an_update_loader_is_not_served_for_nobody_knows_its_descriptors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="update loader") as caught:
        serve(board(tmp_path, "v3", "loader"), "127.0.0.1", 0, print)
    assert caught.value.hint


def test_what_a_full_speed_device_does_not_have_is_a_stall(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        assert host.control("80 06 00 06 00 00 0a 00") == (STALLED, b"")  # device qualifier
        assert host.control("80 06 ee 03 00 00 12 00") == (STALLED, b"")  # Microsoft's string
        assert host.control("c0 01 00 00 00 00 04 00") == (STALLED, b"")  # a vendor's request
        assert host.control("00 03 01 00 00 00 00 00") == (STALLED, b"")  # remote wakeup


# -- transfers -------------------------------------------------------------------------------------------------------


def test_a_command_is_answered(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        host.enumerate()
        assert V2(host).ask("F1 80", 6) == "2B 47 83 04 48 37"


def test_an_in_transfer_stays_pending_until_there_are_data(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        first, second = host.submit(0x81, size=64), host.submit(0x81, size=64)
        command = host.submit(0x02, data=bytes.fromhex("F5").ljust(16, b"\0"))
        assert host.outcome(command, incoming=False) == (0, b"", 16)
        assert host.outcome(first, incoming=True) == (0, b"\x00\x01", 2)
        assert host.unlink(second) == UNLINKED
        assert host.unlink(first) == 0  # over already


def test_a_pending_transfer_that_was_taken_back_gets_no_data(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        assert host.unlink(host.submit(0x81, size=64)) == UNLINKED
        assert V2(host).ask("F5", 2) == "00 01"


def test_a_packet_that_does_not_fit_is_an_overflow(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        host.write(0x02, bytes.fromhex("F1 80").ljust(16, b"\0"))
        assert host.read(0x81, 2) == (OVERFLOWED, b"")


def test_a_reply_of_several_packets_may_be_fetched_in_pieces(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        probe = V2(host)
        for command in ("F3 07", "F4 00"):
            probe.ask(command)
        assert [probe.do(command) for command in ("F4 07", "F4 04")] == ["00", "00"]
        assert probe.do("F4 0A 00 01 00 00 7F 80 A0") == "00"
        assert probe.do("F4 08") == "00"
        assert probe.do("F4 0B 00 50 00 00 80 00") == "00"
        host.write(0x02, bytes.fromhex("F4 0C").ljust(16, b"\0"))
        assert host.read(0x81, 64) == (0, bytes(64))
        assert host.read(0x81, 64) == (0, bytes(16))


def test_the_trace_endpoint_is_silent(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        trace = host.submit(0x83, size=64)
        assert V2(host).ask("F5", 2) == "00 01"
        assert host.unlink(trace) == UNLINKED


def test_a_late_answer_comes_with_the_next_command(tmp_path: Path) -> None:
    with serving(board(tmp_path, "v2", "timeout-after=3")) as server, server.imported() as host:
        probe = V2(host)
        assert probe.ask("F5", 2) == "00 01"
        host.write(0x02, bytes.fromhex("F1 80").ljust(16, b"\0"))
        assert host.unlink(host.submit(0x81, size=64)) == UNLINKED
        host.write(0x02, bytes.fromhex("F5").ljust(16, b"\0"))
        assert len(host.read(0x81)[1]) == 6
        assert len(host.read(0x81)[1]) == 2


def test_a_stall_halts_the_endpoint_until_that_is_cleared(tmp_path: Path) -> None:
    with serving(board(tmp_path, "v2", "stall-after=2")) as server, server.imported() as host:
        host.enumerate()
        assert V2(host).ask("F5", 2) == "00 01"
        command = bytes.fromhex("F5").ljust(16, b"\0")
        assert host.write(0x02, command) == STALLED
        assert host.control("82 00 00 00 02 00 02 00") == (0, b"\x01\x00")
        assert host.write(0x02, command) == STALLED
        assert host.control("02 01 00 00 02 00 00 00") == (0, b"")
        assert host.control("82 00 00 00 02 00 02 00") == (0, b"\x00\x00")
        assert V2(host).ask("F5", 2) == "00 01"


def wrapped(command: str, size: int, tag: int = 7) -> bytes:
    """Return the command block wrapper of a command that wants `size` bytes."""
    raw = bytes.fromhex(command)
    return struct.pack("<4sIIBBB16s", b"USBC", tag, size, 0x80 if size else 0, 0, len(raw), raw)


def test_a_v1_is_a_disk_that_takes_nothing_before_its_status_was_fetched(tmp_path: Path) -> None:
    with serving(board(tmp_path, "v1")) as server, server.imported() as host:
        host.enumerate()
        assert host.control("a1 fe 00 00 00 00 01 00") == (0, b"\x00")
        assert host.write(0x02, wrapped("F5", 2)) == 0
        early = host.submit(0x02, data=wrapped("F1 80 00 00 00 00", 6))
        assert host.read(0x81) == (0, b"\x01\x00")
        assert host.read(0x81) == (0, b"USBS\x07" + bytes(8))
        assert host.outcome(early, incoming=False) == (0, b"", 31)
        assert host.read(0x81) == (0, bytes.fromhex("13 44 83 04 44 37"))
        assert host.read(0x81) == (0, b"USBS\x07" + bytes(8))


def test_the_class_reset_frees_a_v1_that_got_no_valid_command(tmp_path: Path) -> None:
    with serving(board(tmp_path, "v1")) as server, server.imported() as host:
        host.enumerate()
        assert host.write(0x02, bytes(16)) == 0
        assert host.write(0x02, wrapped("F5", 2)) == STALLED
        assert host.control("21 ff 00 00 00 00 00 00") == (0, b"")
        assert host.control("02 01 00 00 02 00 00 00") == (0, b"")
        assert host.write(0x02, wrapped("F5", 2)) == 0
        assert host.read(0x81) == (0, b"\x01\x00")


# -- the disk and the serial port ------------------------------------------------------------------------------------


def test_the_disk_has_one_unit_and_no_medium(tmp_path: Path) -> None:
    with serving(board(tmp_path, "v3")) as server, server.imported() as host:
        assert host.control("a1 fe 00 00 01 00 01 00") == (0, b"\x00")

        def scsi(command: str, size: int) -> tuple[bytes, int]:
            assert host.write(0x03, wrapped(command, size)) == 0
            data = host.read(0x83, size)[1] if size else b""
            status = host.read(0x83, 13)[1]
            assert status[:8] == b"USBS\x07\0\0\0"
            return data, status[12]

        about, status = scsi("12 00 00 00 24 00", 36)
        assert (about[8:16], status) == (b"STLINK  ", 0)
        assert scsi("00 00 00 00 00 00", 0) == (b"", 1)
        sense, status = scsi("03 00 00 00 12 00", 18)
        assert (sense[2], sense[12], status) == (2, 0x3A, 0)


def test_the_serial_port_takes_its_settings_and_loses_what_is_sent(tmp_path: Path) -> None:
    with serving(board(tmp_path, "v3")) as server, server.imported() as host:
        assert host.control("a1 21 00 00 02 00 07 00") == (0, bytes.fromhex("00 C2 01 00 00 00 08"))
        assert host.control("21 20 00 00 02 00 07 00", bytes(7)) == (0, b"")
        assert host.control("21 23 00 00 02 00 00 00") == (STALLED, b"")
        assert host.write(0x05, b"hello") == 0
        waiting = host.submit(0x85, size=512)
        assert host.write(0x05, b"hello") == 0
        assert host.unlink(waiting) == UNLINKED
