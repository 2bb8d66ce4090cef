"""The GDB server by its packets: run control, over the executing simulator."""

from __future__ import annotations

import pytest

from rsp_client import RspClient
from session.debug_bench import START, board_with, serving

PARTS = ("stm8s103f3", "stm8l151k4")
BUSY = b"\x20\xfe"


def test_a_step_executes_one_instruction_and_a_range_step_leaves_the_range(client: RspClient) -> None:
    found = []
    for _ in range(6):
        assert client.step() == "T05"
        found.append(client.pc)
    assert found == [0x8080, 0x8082, 0x8083, 0x8090, 0x8091, 0x8086]
    assert client.ask("vCont;r8080,808b:0") == "T05"
    assert client.pc == 0x8090
    assert client.ask("s8082") == "T05"
    assert client.pc == 0x8083


def test_a_range_step_stops_at_a_breakpoint_inside_and_by_ctrl_c(client: RspClient) -> None:
    client.set_pc(START)
    assert client.ask("Z1,8086,1") == "OK"
    assert client.ask("vCont;r8080,80ff:0") == "T05"
    assert client.pc == 0x8086
    client.ask("z1,8086,1")
    client.send("vCont;r8080,80ff:0")
    client.raw(b"\x03")
    assert client.packet() == b"T05"
    assert 0x8080 <= client.pc <= 0x8091


def test_a_running_program_is_interrupted(client: RspClient) -> None:
    client.go()
    assert client.interrupt() == "T02"
    assert client.ask("?") == "S02"
    assert START <= client.pc <= 0x8091


def test_ctrl_c_while_the_program_is_halted_is_no_stop(client: RspClient) -> None:
    client.raw(b"\x03")
    assert client.pc == 0x8000


TICKING = {
    START: b"\x35\x01\x53\x43"  # mov TIM4_IER, #1
    b"\x35\x20\x53\x48"  # mov TIM4_ARR, #0x20
    b"\x35\x01\x53\x40"  # mov TIM4_CR1, #1
    b"\x9a"  # rim
    b"\x4c\x3c\x10\x20\xfb",  # inc a; inc 0x10; jra
    0x8064: b"\x82\x00\x80\xc0",
    0x80C0: b"\x72\x11\x53\x44\x3c\x11\x80",  # bres TIM4_SR, #0; inc 0x11; iret
}


def test_a_step_is_not_lost_in_an_interrupt_and_interrupts_come_when_the_program_runs() -> None:
    with serving(board_with(TICKING)) as service, service.client() as client:
        client.monitor("reset halt")
        client.ask("Z1,808d,1")
        client.go_on()
        client.ask("z1,808d,1")
        seen = set()
        for _ in range(60):
            client.step()
            seen.add(client.pc)
        assert seen == {0x808D, 0x808E, 0x8090}
        assert client.registers()["cc"] & 0x28 == 0x20  # as RIM left it
        client.ask("Z1,80c4,1")
        assert client.go_on() == "T05"
        assert client.pc == 0x80C4
        client.ask("Z1,80c6,1")
        client.go_on()
        assert client.registers()["cc"] & 0x28 == 0x28
        client.step()  # iret
        assert client.pc in seen
        assert client.registers()["cc"] & 0x28 == 0x20


@pytest.mark.parametrize(("mask", "taken"), [(b"\x9a", False), (b"\x9b", True)])  # rim, sim
def test_a_step_over_a_jump_by_the_interrupt_mask_goes_where_the_program_goes(mask: bytes, taken: bool) -> None:
    program = mask + b"\x90\x2d\x02\x9d\x9d\x90\x2c\x01\x9d\x20\xfe"  # jrm +2; nop; nop; jrnm +1; nop
    with serving(board_with({START: program})) as service, service.client() as client:
        client.monitor("reset halt")
        seen = []
        for _ in range(5):
            client.step()
            seen.append(client.pc)
        if taken:
            assert seen[1:] == [START + 1, START + 6, START + 9, START + 10]
        else:
            assert seen[1:] == [START + 1, START + 4, START + 5, START + 6]


def test_a_step_over_wfi_waits_and_ctrl_c_ends_that() -> None:
    with serving(board_with({START: b"\x9a\x8f\x20\xfd"})) as service, service.client() as client:
        client.monitor("reset halt")
        assert [client.step() for _ in range(3)] == ["T05"] * 3
        client.send("vCont;s")
        assert client.interrupt() == "T02"
        assert client.pc == 0x8082
        assert service.board.chip.debug.sleep == "WFI"


def test_a_chip_in_halt_is_told_and_a_reset_frees_it() -> None:
    with serving(board_with({START: b"\x3c\x10\x8e\x20\xfb"})) as service, service.client() as client:
        client.monitor("reset halt")
        client.go()
        client.raw(b"\x03")
        client.raw(b"\x03")
        while not any("sleeps in HALT" in line for line in service.said):
            pass
        client.send(f"qRcmd,{b'reset halt'.hex()}")
        assert b"the chip was reset" in bytes.fromhex(client.packet().decode())
        assert client.packet() == b"T02"
        assert client.told == ["the chip sleeps in HALT: an interrupt of its program wakes it, or a reset\n"]
        assert client.pc == 0x8000
        client.go()
    assert service.board.chip.state == "running: asleep in HALT"


def test_a_chip_in_halt_says_why_its_memory_is_not_read() -> None:
    with serving(board_with({START: b"\x3c\x10\x8e\x20\xfb"})) as service, service.client() as client:
        client.monitor("reset halt")
        client.go()
        while not any("sleeps in HALT" in line for line in service.said):
            pass
        client.ask("qSupported:error-message+")
        assert client.ask("m0,4").startswith("E.the chip sleeps in HALT, so its memory cannot be reached")
        client.told.clear()
        assert client.monitor("halt") == "E01"
        assert len(client.told) == 1
        assert client.told[0].startswith("the chip sleeps in HALT, so its CPU cannot be stopped")


def test_a_program_that_is_reset_all_the_time_is_told_once() -> None:
    with serving(board_with({START: b"\x3c\x10\x71\x20\xfb"})) as service, service.client() as client:  # no such opcode
        client.monitor("reset halt")
        client.go()
        while service.board.probe.clock.now() < 5:
            pass
        assert client.interrupt() == "T02"
    assert sum("the chip was reset" in line for line in service.said) == 1
