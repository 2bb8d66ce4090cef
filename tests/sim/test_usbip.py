"""`sim serve` as an importer sees it: USB/IP over TCP, a USB device, and the simulated probe."""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path

import pytest

from sim.importer import NONE, OVERFLOWED, STALLED, UNLINKED, V2, GoneError, serving
from stm8tool.errors import AccessError, UsageError
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.sim.clock import VirtualClock
from stm8tool.sim.faults import Faults
from stm8tool.sim.usbip.channel import Channel
from stm8tool.sim.usbip.device import UsbDevice
from stm8tool.sim.usbip.export import serve
from stm8tool.sim.usbip.server import VISITORS, Server
from stm8tool.sim.usbip.stlink import of_board

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


def board(folder: Path, model: str, *faults: str) -> Path:
    path = folder / f"{model}.chip"
    store.create(path, find_part("stm8s103f3"), model, faults=faults)
    return path


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


# -- plug, reset, unplug ---------------------------------------------------------------------------------------------


def test_a_bus_reset_starts_the_probe_again(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        host.enumerate()
        probe = V2(host)
        probe.ask("F3 07")
        probe.ask("F4 00")
        assert probe.ask("F5", 2) == "03 00"
        host.enumerate()
        assert probe.ask("F5", 2) == "00 01"


@pytest.mark.parametrize("how", ["program sets the configuration", "program imports the probe again"])
def test_a_probe_left_in_swim_mode_is_stale_for_the_next_program(chip: Path, how: str) -> None:
    with serving(chip) as server:
        with server.imported() as host:
            host.enumerate()
            probe = V2(host)
            for command in ("F3 07", "F4 00"):
                probe.ask(command)
            assert probe.do("F4 04") == "00"
            if "sets" in how:
                host.configure()
                assert probe.do("F4 04") == "04"
        with server.imported() as host:
            host.enumerate()
            probe = V2(host)
            assert probe.ask("F5", 2) == "03 00"
            assert probe.do("F4 04") == "04"
            for command in ("F4 01", "F4 00"):
                probe.ask(command)
            assert probe.do("F4 04") == "00"


def test_a_probe_that_is_pulled_is_gone_and_can_be_plugged_in_again(tmp_path: Path) -> None:
    with serving(board(tmp_path, "v2", "unplug-after=2")) as server:
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "00 01"
            with pytest.raises(GoneError):
                V2(host).ask("F5", 2)
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "00 01"
    assert [line for line in server.lines if line == "unplugged\n"]


def test_what_the_simulator_does_not_know_unplugs_the_probe_and_is_said(chip: Path) -> None:
    with serving(chip) as server:
        with server.imported() as host, pytest.raises(GoneError):
            V2(host).ask("EE", 2)
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "00 01"
    assert any("ee 00 is not modelled" in line for line in server.lines)


def test_the_end_of_an_import_and_of_the_server_save_the_chip(chip: Path) -> None:
    with serving(chip) as server:
        with server.imported() as host:
            V2(host).ask("F3 07")
            assert V2(host).ask("F5", 2) == "01 01"
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "01 01"
            V2(host).ask("F4 00")
            assert V2(host).ask("F5", 2) == "03 00"
    assert store.describe(chip).probe_mode == 3
    assert server.lines[-1] == f"{chip} is saved\n"


# -- where it listens ------------------------------------------------------------------------------------------------


def test_by_default_only_this_machine_reaches_it(chip: Path) -> None:
    with serving(chip) as server:
        assert "at 127.0.0.1 port" in server.lines[0]
        assert f"usbip --tcp-port {server.port} attach -r 127.0.0.1 -b 1-1" in server.lines[1]
        assert len(server.lines) == 3


def test_another_address_comes_with_a_warning(chip: Path) -> None:
    with serving(chip, "--host", "0.0.0.0") as server:
        assert server.lines[1] == "any machine that can reach this address can use the board\n"
        assert "attach -r 0.0.0.0" not in server.lines[2]


@pytest.mark.parametrize("address", [("192.0.2.1", 0), ("127.0.0.1", 70000), ("nowhere.invalid", 0)])
def test_an_address_that_cannot_be_listened_on_is_a_usage_error(chip: Path, address: tuple[str, int]) -> None:
    said: list[str] = []
    with pytest.raises(UsageError, match="cannot listen on"):
        serve(chip, *address, said.append)
    assert not said


# -- other clients ---------------------------------------------------------------------------------------------------


def test_an_imported_probe_is_listed_and_refused_to_others(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        assert len(server.list()) == 328
        with server.imported() as other:
            assert other.refusal
        assert V2(host).ask("F5", 2) == "00 01"


def test_a_chip_file_in_use_is_refused_and_free_between_imports(chip: Path) -> None:
    with serving(chip) as server:
        with server.imported() as host:
            V2(host).ask("F5", 2)
            with pytest.raises(AccessError):
                store.open_transport(chip).open()
        own = store.open_transport(chip)
        own.open()
        with server.imported() as host:
            assert host.refusal
        own.close()
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "00 01"
    assert any(line.startswith("refused") and "busy" in line for line in server.lines)


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        bytes.fromhex("0111 8003 00000000") + b"2-1".ljust(32, b"\0"),
        bytes.fromhex("0111"),
        b"",
    ],
)
def test_what_does_not_ask_for_the_probe_does_not_get_it_nor_hinders_others(chip: Path, noise: bytes) -> None:
    with serving(chip) as server:
        with server.connect() as connection:
            connection.sendall(noise)
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "00 01"


@pytest.mark.parametrize("header", [bytes(48), struct.pack(">6I", 1, 1, 0, 0, 2, 0) + NONE + bytes(20), b"\xff" * 48])
def test_an_importer_that_sends_nonsense_is_let_go(chip: Path, header: bytes) -> None:
    with serving(chip) as server:
        with server.imported() as host, pytest.raises(GoneError):
            host._connection.sendall(header)
            host._take(1)
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "00 01"


def test_a_visitor_that_is_silent_or_sends_a_byte_now_and_then_has_its_time_and_no_more() -> None:
    here, there = socket.socketpair()
    with here, there:
        channel = Channel(here, 0.0)
        for second in range(5):
            there.sendall(b"\0")
            channel.fill(float(second))
            assert not channel.is_late(float(second), 5.0)
        assert channel.is_late(5.5, 5.0)
        channel.take(5, 5.5)
        assert not channel.is_late(99.0, 5.0)  # the next message has not begun
        there.sendall(b"\0")
        channel.fill(100.0)
        assert [channel.is_late(now, 5.0) for now in (105.0, 105.5)] == [False, True]
        there.close()
        with pytest.raises(EOFError):
            channel.fill(101.0)


def test_a_peer_that_takes_nothing_is_late_and_not_waited_for() -> None:
    here, there = socket.socketpair()
    with here, there:
        channel = Channel(here, 0.0)
        channel.received += b"x"
        channel.take(1, 0.0)
        channel.send(bytes(1 << 24), 1.0)
        assert channel.unsent
        assert [channel.is_late(now, 5.0) for now in (6.0, 6.5)] == [False, True]
        there.setblocking(False)
        assert there.recv(1 << 16)
        left = len(channel.unsent)
        channel.flush(7.0)
        assert len(channel.unsent) <= left


def test_silent_visitors_hold_up_neither_the_importer_nor_others() -> None:
    clock = VirtualClock()  # it stands still: nothing here ends because time has passed
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        listener.setblocking(False)
        about = of_board("v2", "57FF6B0648824855FFFF1687", Faults())
        server = Server(about, lambda: nullcontext(UsbDevice(about, {})), lambda _: None, clock)
        stack.callback(server.close)

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(listener.getsockname()))

        silent = [connect() for _ in range(5)]
        for _ in silent:
            server.turn(listener, 0.0)
        silent[0].sendall(bytes.fromhex("0111 8003"))
        host = connect()
        host.sendall(bytes.fromhex("0111 8003 00000000") + b"1-1".ljust(32, b"\0"))
        asks = connect()
        asks.sendall(bytes.fromhex("0111 8005 00000000"))
        host.setblocking(False)
        asks.setblocking(False)
        got = {host: b"", asks: b""}
        for _ in range(20):
            server.turn(listener, 0.0)
            for peer in got:
                with suppress(BlockingIOError):
                    got[peer] += peer.recv(4096)
        assert got[host][:8] == bytes.fromhex("0111 0003 00000000")
        assert got[asks][:12] == bytes.fromhex("0111 0005 00000000 00000001")
        clock.sleep(1.5)
        for _ in range(3):
            server.turn(listener, 0.0)
        assert [peer.recv(1) for peer in silent] == [b""] * 5  # let go
        with pytest.raises(BlockingIOError):
            host.recv(1)  # the importer stays


def test_more_visitors_than_there_is_room_for_push_out_the_oldest() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener, ExitStack() as stack:
        listener.setblocking(False)
        about = of_board("v2", "57FF6B0648824855FFFF1687", Faults())
        server = Server(about, lambda: nullcontext(UsbDevice(about, {})), lambda _: None, VirtualClock())
        stack.callback(server.close)
        visitors = []
        for _ in range(VISITORS + 1):
            visitors.append(stack.enter_context(socket.create_connection(listener.getsockname())))
            server.turn(listener, 0.0)
        assert visitors[0].recv(1) == b""
        visitors[1].setblocking(False)
        with pytest.raises(BlockingIOError):
            visitors[1].recv(1)


def test_an_importer_with_too_many_pending_transfers_is_let_go(chip: Path) -> None:
    with serving(chip) as server:
        with server.imported() as host, pytest.raises((GoneError, BrokenPipeError, ConnectionResetError)):
            for _ in range(20_000):
                host.submit(0x81, size=64)
            host._take(1)
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "00 01"
    assert any("transfers" in line and "pending" in line for line in server.lines), server.lines


def test_as_many_pending_transfers_as_a_system_has_are_carried_out(chip: Path) -> None:
    with serving(chip) as server, server.imported() as host:
        host.enumerate()
        waiting = [host.submit(0x81, size=64) for _ in range(100)]
        for seqnum in waiting[1:]:
            assert host.unlink(seqnum) == UNLINKED
        assert host.unlink(waiting[0]) == UNLINKED
        assert V2(host).ask("F5", 2) == "00 01"


def test_an_importer_that_breaks_off_in_the_middle_of_a_transfer_leaves_a_saved_chip(chip: Path) -> None:
    with serving(chip) as server:
        with server.imported() as host:
            V2(host).ask("F3 07")
            host._connection.sendall(struct.pack(">10I", 1, 99, 0x10001, 0, 2, 0, 16, 0, 0, 0) + bytes(8) + b"\xf4")
            host._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset follows
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "01 01"
    assert server.lines[3:6] == ["attached to 127.0.0.1\n", "detached\n", "attached to 127.0.0.1\n"]


def test_an_importer_that_never_fetches_what_it_asked_for_hinders_nobody_for_good(chip: Path) -> None:
    with serving(chip) as server:
        with server.imported() as host:
            for _ in range(3):
                host.submit(0x81, size=64)
        with server.imported() as host:
            assert V2(host).ask("F5", 2) == "00 01"
