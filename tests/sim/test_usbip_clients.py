"""The USB/IP server and its clients: plug and unplug, addresses, several clients, and clients that misbehave."""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path

import pytest

from sim.importer import NONE, UNLINKED, V2, GoneError, serving
from sim.usbip_board import board
from stm8tool.errors import AccessError, UsageError
from stm8tool.sim import store
from stm8tool.sim.clock import VirtualClock
from stm8tool.sim.faults import Faults
from stm8tool.sim.usbip.channel import Channel
from stm8tool.sim.usbip.device import UsbDevice
from stm8tool.sim.usbip.export import serve
from stm8tool.sim.usbip.server import VISITORS, Server
from stm8tool.sim.usbip.stlink import of_board

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process there")


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    return board(tmp_path, "v2")


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
