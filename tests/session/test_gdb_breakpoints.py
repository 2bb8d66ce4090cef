"""The GDB server by its packets: breakpoints, watchpoints and conditions, over the executing simulator."""

from __future__ import annotations

import pytest

from rsp_client import RspClient
from session.debug_bench import START, Service, board_with, serving

PARTS = ("stm8s103f3", "stm8l151k4")
BUSY = b"\x20\xfe"


@pytest.mark.parametrize("kind", ["Z0", "Z1"])
def test_two_breakpoints_in_flash_stop_the_program_and_the_third_is_refused_with_the_reason(
    service: Service, client: RspClient, kind: str
) -> None:
    wear = bytes(service.board.chip.flash.data)
    assert [client.ask(f"{kind},{address:x},1") for address in (0x8082, 0x8090)] == ["OK", "OK"]
    reply = client.ask(f"{kind},8086,1")
    assert reply.startswith("E.no comparator is free for fetch at 0x008086: the chip compares two addresses only")
    assert "flash holds no software breakpoints" in reply
    assert reply.endswith("[E-DEBUG]")
    assert [(client.go_on(), client.pc) for _ in range(3)] == [("T05", 0x8082), ("T05", 0x8090), ("T05", 0x8082)]
    assert client.ask(f"z{kind[1]},8082,1") == "OK"
    assert client.ask(f"{kind},8086,1") == "OK"
    assert [(client.go_on(), client.pc) for _ in range(2)] == [("T05", 0x8090), ("T05", 0x8086)]
    assert bytes(service.board.chip.flash.data) == wear


def test_a_breakpoint_right_behind_another_one_is_not_passed(client: RspClient) -> None:
    client.ask("Z1,8080,1")
    client.ask("Z1,8082,1")
    assert [(client.go_on(), client.pc) for _ in range(2)] == [("T05", 0x8080), ("T05", 0x8082)]


def test_gdb_is_told_which_kind_of_breakpoint_it_was_if_it_asks(client: RspClient) -> None:
    client.ask("qSupported:swbreak+;hwbreak+")
    client.ask("Z1,8082,1")
    assert client.go_on() == "T05hwbreak:;"


def test_software_breakpoints_in_ram_are_not_seen_in_memory_and_there_may_be_many(
    service: Service, client: RspClient
) -> None:
    code = b"\x4c\x4c\x4c\x4c\x4c\x20\xf9"
    client.ask("qSupported:swbreak+")
    assert client.write(0x100, code) == "OK"
    client.set_pc(0x100)
    for address in (0x101, 0x102, 0x104):
        assert client.ask(f"Z0,{address:x},1") == "OK"
    assert client.read(0x100, 7) == code
    assert service.board.chip.ram.read(0x100, 7) == b"\x4c\x8b\x8b\x4c\x8b\x20\xf9"
    stops = [(client.go_on(), client.pc) for _ in range(4)]
    assert [pc for _, pc in stops] == [0x101, 0x102, 0x104, 0x101]
    assert stops[0][0] == "T05swbreak:;"
    assert client.registers()["a"] == 6
    assert client.step() == "T05"  # away from a breakpoint, onto the next one
    assert client.pc == 0x102
    assert client.write(0x102, b"\x4a") == "OK"  # dec a, below a breakpoint
    assert service.board.chip.ram.read(0x102, 1) == b"\x8b"
    assert client.ask("z0,102,1") == "OK"
    assert service.board.chip.ram.read(0x102, 1) == b"\x4a"
    client.close()
    service.end()
    assert service.board.chip.ram.read(0x100, 7) == b"\x4c\x4c\x4a\x4c\x4c\x20\xf9"


@pytest.mark.parametrize(
    ("address", "where"),
    [(0x4000, "this is in eeprom"), (0x4800, "this is in options"), (0x5000, "this is no memory")],
)
def test_a_breakpoint_where_the_cpu_executes_nothing_is_refused(client: RspClient, address: int, where: str) -> None:
    reply = client.ask(f"Z0,{address:x},1")
    assert reply.startswith(f"E.no breakpoint at 0x{address:06X}: {where}, and the CPU of the STM8S103F3 executes only")


def test_a_break_instruction_of_the_program_stops_it() -> None:
    with serving(board_with({START: b"\x4c\x8b\x4c\x20\xfe"})) as service, service.client() as client:
        client.monitor("reset halt")
        client.ask("qSupported:swbreak+")
        assert client.go_on() == "T05"
        assert client.pc == 0x8081


@pytest.mark.parametrize(
    ("packet", "stop", "pc"),
    [
        ("Z2,10,1", "T05watch:10;", 0x8082),
        ("Z3,10,1", "T05rwatch:10;", 0x8082),
        ("Z4,20,1", "T05awatch:20;", 0x8089),
        ("Z2,1f,2", "T05watch:1f;", 0x8089),
        ("Z2,1e,4", "T05watch:1e;", 0x8089),
    ],
)
def test_a_watchpoint_stops_after_the_access_and_names_its_address(
    client: RspClient, packet: str, stop: str, pc: int
) -> None:
    assert client.ask(packet) == "OK"
    assert client.go_on() == stop
    assert client.pc == pc
    assert client.ask("z" + packet[1:]) == "OK"
    client.go()
    assert client.interrupt() == "T02"


def test_two_watchpoints_and_a_breakpoint_with_a_watchpoint_work_together(client: RspClient) -> None:
    assert client.ask("Z2,10,1") == "OK"
    assert client.ask("Z3,20,1") == "OK"  # nothing reads it, but each write stops the CPU, which then goes on
    assert [client.go_on() for _ in range(3)] == ["T05watch:10;"] * 3
    assert client.registers()["a"] == 2
    assert client.ask("z3,20,1") == "OK"
    assert client.ask("Z1,8090,1") == "OK"
    assert [client.go_on() for _ in range(3)] == ["T05", "T05watch:10;", "T05"]
    assert client.ask("Z2,20,1").startswith("E.no comparator is free")


@pytest.mark.parametrize("where", ["1000000,1", "ffffff,2", "0,1000001", "ffffffff,1"])
def test_a_watchpoint_beyond_the_last_address_is_refused_and_the_session_goes_on(client: RspClient, where: str) -> None:
    assert client.ask(f"Z2,{where}").split(": ", 1)[1].startswith("the chip's addresses end at 0xFFFFFF")
    assert client.ask("Z4,ffffff,1") == "OK"
    assert client.step() == "T05"


def test_a_watchpoint_of_two_bytes_takes_both_comparators(client: RspClient) -> None:
    assert client.ask("Z2,20,2") == "OK"
    assert "a range, a value or a sequence takes both" in client.ask("Z1,8080,1")


@pytest.mark.parametrize(
    ("when", "pcs"),
    [
        ("write 0x10 = 3", [0x8082]),
        ("fetch 0x8090..0x8091", [0x8090, 0x8091]),
        ("fetch outside 0x8000..0x808F", [0x8090, 0x8091, 0x8090]),
        ("fetch 0x8090 then 0x8082", [0x8082, 0x8082]),
        ("write outside 0x0000..0x001F", [0x8090, 0x8089]),  # the call writes to the stack
        ("stack 0x03FE", [0x8090, 0x8090]),
        ("read 0x10", [0x8082, 0x8082]),
    ],
)
def test_every_other_mode_of_the_comparators_is_a_monitor_command(client: RspClient, when: str, pcs: list[int]) -> None:
    assert client.monitor(f"when {when}").startswith("the CPU stops at: ")
    found = []
    for _ in pcs:
        assert client.go_on().startswith("T05")
        found.append(client.pc)
    assert found == pcs
    if "=" in when:
        assert client.read(0x10, 1) == b"\x03"
    assert client.monitor("when none") == "no condition is set\n"
    client.go()
    assert client.interrupt() == "T02"


def test_the_stack_and_a_breakpoint_share_the_comparators(client: RspClient) -> None:
    client.monitor("when stack 0x0300")
    assert client.ask("Z1,8086,1") == "OK"
    assert client.go_on() == "T05"
    assert client.pc == 0x8086
    assert client.ask("Z1,8090,1").startswith("E.no comparator is free")


@pytest.mark.parametrize(
    "line",
    [
        "when",
        "when fetch 0x8090 = 3",
        "when jump 0x10",
        "when write 9..3",
        "when write 0x10 = 256",
        "when read x",
        "off",
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(client: RspClient, line: str) -> None:
    if line == "when":
        assert "when stack ADDRESS" in client.monitor(line)
        return
    assert client.monitor(line) == "E01"
    assert client.told
    assert client.told[-1].endswith("[E-USAGE]\n")
