"""How a session with the GDB server ends, and what a client or a probe may do to it: the chip is left running."""

from __future__ import annotations

import pytest

from rsp_client import ClosedError, RspClient
from session.bench import Board
from session.debug_bench import START, board_with, give_faults, serving
from stm8tool.debugger.rsp import NotRspError, Reader, Sign, escaped, framed, unescaped
from stm8tool.errors import Code, ProbeLostError, ToolError


def is_free(board: Board) -> bool:
    """Tell whether the program runs, and nothing will stop it."""
    board.chip.settle(board.probe.clock.now() + 1.0)
    debug = board.chip.debug
    return board.chip.state == "running" and not debug.breakpoints.fetches and not debug.breakpoints.looks_closely


def press_reset(board: Board) -> None:
    """Press the reset button of the board, and let its program start."""
    for low in (True, False):
        board.chip.set_nrst(low, board.probe.clock.now())
        board.probe.clock.sleep(0.1)
        board.chip.settle(board.probe.clock.now())


def stopped_at(client: RspClient, address: int) -> None:
    """Let the program run to a breakpoint."""
    client.ask(f"Z1,{address:x},1")
    client.ask("Z2,20,1")
    assert client.go_on().startswith("T05")


@pytest.mark.parametrize("leave", ["detach", "vanish", "kill", "vKill", "in the middle of a packet"])
@pytest.mark.parametrize("halted", [True, False])
def test_however_a_client_goes_the_program_runs_on_without_breakpoints(leave: str, halted: bool) -> None:
    with serving() as service:
        with service.client() as client:
            stopped_at(client, START)
            client.ask("P2=1234")
            client.ask("z2,20,1")
            if not halted:
                client.ask(f"z1,{START:x},1")
                client.go()
            if leave == "detach":
                assert client.ask("D") == "OK"
            elif leave == "vKill":
                assert client.ask("vKill;1") == "OK"
            elif leave == "kill":
                client.send("k")
                with pytest.raises(ClosedError):
                    client.packet()
            elif leave == "in the middle of a packet":
                client.raw(b"$m80")
        with service.client() as client:  # the server waits for the next one
            assert START <= client.pc <= 0x8091
            assert client.registers()["x"] == 0x1234
    assert is_free(service.board)
    assert service.board.is_left_idle()


def test_the_end_of_the_server_lets_a_halted_program_run() -> None:
    with serving() as service:
        client = service.client()
        stopped_at(client, START)
        service.end()
        with client, pytest.raises(ClosedError):
            client.packet()
    assert is_free(service.board)


def test_a_second_client_is_refused_with_the_reason_and_the_first_goes_on() -> None:
    with serving() as service, service.client() as first:
        pc = first.pc
        with RspClient(service.port) as second:
            assert second.packet().startswith(b"E.another debugger uses this server")
            with pytest.raises(ClosedError):
                second.packet()
        first.go()
        with RspClient(service.port) as second:
            second.raw(b"+$qSupported#37")  # GDB speaks first
            assert second.packet().startswith(b"E.another debugger uses this server")
            with pytest.raises(ClosedError):
                second.packet()
        assert first.interrupt() == "T02"
        assert START <= pc <= 0x8091
    assert sum("a second client was refused" in line for line in service.said) == 2


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200,
        b"$" + b"a" * 40000,
        b"$g#00" * 40,
        bytes(range(128, 256)) * 100,
    ],
    ids=["http", "no end", "bad checksums", "noise"],
)
def test_a_client_that_speaks_something_else_is_dropped_and_the_chip_runs(sent: bytes) -> None:
    with serving() as service:
        client = service.client(acks=True)
        client.raw(sent)
        with client, pytest.raises(ClosedError):
            while True:
                client.packet()
        with service.client() as next_one:
            assert next_one.step() == "T05"
    assert is_free(service.board)
    assert any("it is dropped" in line for line in service.said)


def test_a_flood_of_packets_is_answered_and_others_get_their_turn() -> None:
    with serving() as service, service.client() as client:
        client.raw(framed(b"?") * 1000)
        assert [client.packet() for _ in range(1000)] == [b"S02"] * 1000
        client.go()
        client.raw(b"+" * 3000)
        assert client.interrupt() == "T02"


def test_a_client_that_reads_nothing_is_dropped() -> None:
    with serving() as service:
        with service.client() as client:
            flood = framed(b"m8000,1000") * 100
            with pytest.raises(OSError, match=r"."):  # the server stops reading, and then closes
                client.raw_for_ever(flood)
        with service.client() as next_one:
            assert next_one.step() == "T05"
    assert is_free(service.board)


def test_lost_and_damaged_packets_are_asked_for_again() -> None:
    with serving() as service, service.client(acks=True) as client:
        client.raw(b"$?#00")
        assert client._byte() == b"-"
        client.raw(framed(b"?"))
        assert client._byte() == b"+"
        assert client.packet() == b"S02"
        client.raw(b"-")
        assert client.packet() == b"S02"


@pytest.mark.parametrize("halted", [True, False])
def test_an_unplugged_probe_is_told_to_the_client_and_ends_the_server(halted: bool) -> None:
    board = board_with()
    with serving(board, fails=True) as service, service.client() as client:
        client.step()
        if not halted:
            client.go()
            while board.chip.debug.stalled:
                pass
        board.probe.unplug()
        if halted:
            client.send("m8000,10")
        reply = client.packet().decode()
        assert reply.startswith("E.the probe")
        service.wait()
    assert isinstance(service.error, ProbeLostError)
    assert service.error.code is Code.PROBE_LOST
    if not halted:
        assert board.chip.state == "running"
        return
    press_reset(board)  # a halted chip needs a reset, and any reset is enough
    assert board.chip.state == "running"


RESETTING = {
    START: b"\x3c\x10"  # inc 0x10
    b"\xae\x20\x00\x5a\x26\xfd"  # ldw x, #0x2000; decw x; jrne
    b"\x3c\x11"  # inc 0x11
    b"\x35\x80\x50\xd1"  # mov WWDG_CR, #0x80: a reset
    b"\x20\xfe",
}


def test_a_program_that_resets_the_chip_stops_at_the_breakpoints_again() -> None:
    with serving(board_with(RESETTING)) as service, service.client() as client:
        client.monitor("reset halt")
        assert client.ask("Z1,8088,1") == "OK"
        for _ in range(3):
            assert client.go_on() == "T05"
            assert client.pc == 0x8088
        assert any("the chip was reset" in line for line in client.told)
        assert client.step() == "T05"


def test_a_reset_from_outside_while_the_program_is_halted_is_told() -> None:
    board = board_with()
    with serving(board) as service, service.client() as client:
        client.monitor("reset halt")
        client.step()
        client.ask("qSupported:error-message+")
        press_reset(board)
        assert client.ask("m8000,10").startswith("E.the chip was reset: it is halted again, at another place")
        assert client.read(0x8000, 1) == b"\x82"
        assert START <= client.pc <= 0x8091
    assert is_free(board)


@pytest.mark.parametrize("fault", ["stall-every=101", "bit-flip-every=4001", "nak-every=301"])
def test_a_weak_link_does_not_end_a_session(fault: str) -> None:
    board = board_with()
    with serving(board) as service, service.client() as client:
        give_faults(board, fault)
        replies = {client.ask(packet)[:3] for _ in range(20) for packet in ("g", "m8080,4", "vCont;s")}
        assert "T05" in replies
    assert service.error is None


def test_a_client_finds_the_chip_again_after_one_that_could_not_be_reached() -> None:
    board = board_with()
    give_faults(board, "swim-open")
    with serving(board) as service:
        with service.client() as client:
            assert client.ask("?") == "W00"
            assert client.ask("g").endswith("[E-TARGET-SILENT]")
            give_faults(board)
            assert client.monitor("halt").startswith("halted at 0x0080")
            assert client.ask("?") == "S02"
        with service.client() as client:
            assert client.step() == "T05"
    assert is_free(board)


# -- packets ----------------------------------------------------------------------------------------------------------


def test_what_is_escaped_comes_back() -> None:
    every = bytes(range(256))
    assert unescaped(escaped(every)) == every
    assert not set(b"#$*") & set(escaped(every))


def test_the_reader_takes_packets_in_any_pieces() -> None:
    sent = b"+" + framed(b"g") + b"\x03" + framed(b"X10,2:#$") + b"-"
    wanted = [Sign.ACK, b"g", Sign.INTERRUPT, b"X10,2:#$", Sign.NACK]
    for size in (1, 2, 3, 7, len(sent)):
        reader = Reader()
        found = [event for at in range(0, len(sent), size) for event in reader.feed(sent[at : at + size])]
        assert found == wanted


def test_a_packet_that_the_client_gave_up_is_forgotten() -> None:
    assert Reader().feed(b"$m80$X8" + framed(b"g")) == [b"g"]


def test_without_acknowledgements_a_wrong_checksum_does_not_let_the_client_wait() -> None:
    with serving() as service, service.client() as client:
        client.raw(b"$?#00")
        assert client.packet() == b"S02"


def test_the_reader_keeps_a_bounded_number_of_bytes() -> None:
    reader = Reader()
    with pytest.raises(NotRspError):
        for _ in range(100):
            reader.feed(b"$" + b"x" * 1000)
    assert issubclass(NotRspError, ToolError)
