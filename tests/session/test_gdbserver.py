"""The GDB server by its packets: sessions, registers, memory, load and monitor commands, on the simulator."""

from __future__ import annotations

import pytest

from rsp_client import RspClient
from session.bench import Board, image_of, program
from session.debug_bench import LOOP, START, Service, board_with, serving
from stm8tool.chip.options.plan import Danger
from stm8tool.chip.running.program import Program
from stm8tool.debugger.stub import Settings
from stm8tool.image import Segment

PARTS = ("stm8s103f3", "stm8l151k4")
BUSY = b"\x20\xfe"


@pytest.mark.parametrize("model", ["v1", "v2", "v21", "v3"])
@pytest.mark.parametrize("part", PARTS)
def test_a_session_works_over_every_probe_and_family(part: str, model: str) -> None:
    with serving(board_with(part=part, model=model)) as service:
        with service.client(acks=True) as client:
            assert client.ask("?") == "S02"
            assert START <= client.pc <= 0x8091
            client.monitor("reset halt")
            ram_end = service.board.part.ram.end - 1
            assert client.registers() == {"pc": 0x8000, "a": 0, "x": 0, "y": 0, "sp": ram_end, "cc": 0x28}
            assert client.ask("g") == f"00008000{'00' * 5}{ram_end:04x}28"
            assert [client.step() for _ in range(3)] == ["T05"] * 3
            assert client.pc == 0x8083
            assert client.ask(f"Z1,{0x8090:x},1") == "OK"
            assert client.go_on() == "T05"
            assert client.pc == 0x8090
            assert client.ask("D") == "OK"
        assert service.board.chip.state == "running"
    assert service.board.is_left_idle()


def test_what_gdb_asks_first_is_answered(client: RspClient) -> None:
    assert "PacketSize=4000;qXfer:memory-map:read+;qXfer:features:read+" in client.ask("qSupported:hwbreak+")
    assert [client.ask(packet) for packet in ("qAttached", "qC", "qfThreadInfo", "Hg0", "Hc-1", "!")] == [
        *("1", "QC0", "l", "OK", "OK", "OK")
    ]
    assert client.ask("vCont?") == "vCont;c;C;s;S;r"
    for unknown in (
        "vMustReplyEmpty",
        "qTStatus",
        "qSymbol::",
        "jThings",
        "QNonStop:0",
        "vCont;t",
        "Z9,10,1",
        "z5,10,1",
    ):
        assert client.ask(unknown) == ""
    for annex in ("features:read:other.xml", "features:read:", "memory-map:read:other"):
        assert client.ask(f"qXfer:{annex}:0,fff") == "E00"
    description = client.ask("qXfer:features:read:target.xml:0,fff")
    assert description.startswith("l<?xml")
    assert "<architecture>stm8</architecture>" in description
    assert description.count("<reg ") == 6


@pytest.mark.parametrize("part", [*PARTS, "stm8s208mb"])
def test_the_memory_map_has_every_address_and_the_flash_its_blocks(part: str) -> None:
    with serving(board_with(part=part)) as service, service.client() as client:
        rows = client.memory_map()
        known = service.board.part
    assert [row.start for row in rows] == [0, *(row.end for row in rows[:-1])]
    assert rows[-1].end == 1 << 24
    (flash,) = [row for row in rows if row.kind == "flash"]
    assert (flash.start, flash.end, flash.block) == (known.flash.start, known.flash.end, known.block)
    assert [(row.start, row.end) for row in rows if row.kind == "rom"] == [(known.options.start, known.options.end)]


# -- registers and memory -------------------------------------------------------------------------------------------


def test_registers_are_read_and_written_and_the_cpu_goes_on_with_them(client: RspClient) -> None:
    assert client.ask("P1=41") == "OK"
    assert client.ask("P2=1234") == "OK"
    assert client.ask("p2") == "1234"
    assert client.read(0x7F00, 11).hex() == "41008000" + "1234" + "0000" + "03ff" + "28"
    assert client.ask("G" + "00008082" + "7f" + "0102" + "0304" + "03f0" + "28") == "OK"
    assert client.step() == "T05"  # inc a
    assert client.registers() == {"pc": 0x8083, "a": 0x80, "x": 0x0102, "y": 0x0304, "sp": 0x03F0, "cc": 0xAC}
    assert client.write(0x7F04, b"\xaa\xbb") == "OK"
    assert client.ask("p2") == "aabb"
    assert client.step() == "T05"  # call
    assert client.read(0x03EF, 2) == b"\x80\x86"
    assert client.registers()["x"] == 0xAABB


@pytest.mark.parametrize(
    "packet", ["p6", "P6=00", "P0=00", "G00", "Gzz", "m8000", "mx,1", "M10,2:00", "X10,2:a", "Z12,10,1", "Z1", "z1,10"]
)
def test_a_packet_that_makes_no_sense_is_an_error_and_the_session_goes_on(client: RspClient, packet: str) -> None:
    assert client.ask(packet) == "E01"
    assert client.pc == 0x8000


def test_every_kind_of_memory_is_read(service: Service, client: RspClient) -> None:
    chip = service.board.chip
    assert client.read(0x8080, 11) == LOOP[START]
    assert client.read(0x4000, 4) == bytes(chip.eeprom.data[:4])
    assert client.read(0x4800, 2) == b"\x00\x00"
    chip.ram.write(0x30, b"data")
    assert client.read(0x30, 4) == b"data"
    assert client.read(0x8000, 0x1000) == bytes(chip.flash.data[:0x1000])
    assert client.read(0x8000, 0) == b""


def test_ram_is_written_by_both_packets(service: Service, client: RspClient) -> None:
    assert client.write(0x30, b"\x01\x02") == "OK"
    assert client.ask(b"X32,4:#$}*") == "OK"
    assert client.ask("X32,0:") == "OK"
    assert service.board.chip.ram.read(0x30, 6) == b"\x01\x02#$}*"


def test_a_write_of_flash_or_eeprom_programs_it_and_the_cpu_stays_where_it_is(
    service: Service, client: RspClient
) -> None:
    client.step()
    assert client.write(0x8088, b"\x21") == "OK"  # ld 0x21, a
    assert client.write(0x4010, b"kept") == "OK"
    chip = service.board.chip
    assert chip.flash.read(0x8080, 11) == LOOP[START][:8] + b"\x21" + LOOP[START][9:]
    assert chip.eeprom.read(0x4010, 4) == b"kept"
    assert client.pc == START
    client.ask(f"Z1,{0x8089:x},1")
    client.go_on()
    assert client.read(0x20, 2) == bytes([chip.ram.read(0x20, 1)[0], 1])


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (0x4800, "E.a debugger does not write option bytes"),
        (0x47FF, "E.a debugger does not write option bytes"),
        (0x7F80, "E.the debugger itself uses the registers"),
        (0x7F96, "E.the debugger itself uses the registers"),
    ],
)
def test_what_could_ruin_the_chip_or_the_session_is_not_written(client: RspClient, address: int, said: str) -> None:
    reply = client.write(address, b"\x55\xaa")
    assert reply.startswith(said)
    assert reply.endswith("[E-DANGEROUS-WRITE]")


def test_a_write_beyond_the_end_of_the_flash_is_refused_and_nothing_is_programmed(client: RspClient) -> None:
    held = client.read(0x9FFF, 1)
    for address in (0x9FFF, 0xA000):
        reply = client.write(address, b"\x55\xaa")
        assert reply.startswith("E.0x00A000 is after the end of the flash")
    assert client.read(0x9FFF, 1) == held


def test_memory_of_a_running_program_is_read_and_written_and_its_registers_are_not(
    service: Service, client: RspClient
) -> None:
    client.monitor("reset run")
    first = client.read(0x10, 1)
    assert client.write(0x30, b"live") == "OK"
    assert client.read(0x30, 4) == b"live"
    assert client.read(0x10, 1) != first
    for packet in ("g", "p0", "M8080,1:00"):
        assert client.ask(packet).startswith("E.the CPU runs, so ")
    assert client.ask("m7f00,b") == "E0E"
    assert "its registers cannot be read" in service.said[-1]
    assert client.monitor("halt").startswith("halted at 0x0080")


def test_a_register_that_the_simulator_does_not_know_is_an_error_and_not_the_end(
    service: Service, client: RspClient
) -> None:
    assert client.ask("m7f0b,1") == "E0E"
    assert any("the simulator does not know this" in line for line in service.said)
    assert client.pc == 0x8000


def test_memory_that_is_not_read_has_a_sentence_for_a_client_that_knows_these(client: RspClient) -> None:
    assert client.ask("m1000000,1") == "E0E"
    client.ask("qSupported:multiprocess+;error-message+;vContSupported+")
    assert client.ask("m1000000,1").startswith("E.0x1000000 and 1 bytes: the chip's addresses end at 0xFFFFFF")


def test_a_number_may_have_leading_zeros(client: RspClient) -> None:
    assert client.ask("m0000000000008080,0000000b") == LOOP[START].hex()


def test_the_checksum_of_a_piece_is_that_of_gdb(client: RspClient) -> None:
    assert client.write(0x30, b"123456789") == "OK"
    assert client.ask("qCRC:30,9") == "C376e6e7"


# -- load, monitor --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_load_programs_the_flash_by_the_fast_backend_and_halts_at_the_start(part: str) -> None:
    board = board_with(part=part)
    new = program(board.part, 7, 3000)
    rest = bytes(board.chip.flash.data[3000:])
    with serving(board) as service, service.client() as client:
        assert client.load((0x8000, new[:1000]), (0x8000 + 1000, new[1000:]), block=board.part.block) == "OK"
        assert client.pc == 0x8000
        assert client.read(0x8000, 3000) == new
        assert bytes(board.chip.flash.data[3000:]) == rest
        client.set_pc(0x8004)
        assert client.step() == "T05"
    assert service.board.is_left_idle()


def test_load_outside_of_the_flash_is_refused(client: RspClient) -> None:
    assert client.ask("vFlashErase:4000,40") == "E.memtype"
    assert client.ask("vFlashWrite:8000:abc") == "E01"  # nothing was erased
    assert client.ask("vFlashErase:8000,40") == "OK"
    assert client.ask("vFlashWrite:9fff:ab") == "E.memtype"
    assert client.ask("vFlashDone") == "OK"


def test_a_load_into_a_protected_block_is_an_error_and_the_session_goes_on() -> None:
    board = board_with()
    with board.open() as chip:
        chip.set_options("UBC=1K")
    with serving(board) as service, service.client() as client:
        assert client.ask("vFlashErase:8000,40") == "OK"
        assert client.ask(b"vFlashWrite:8000:new code") == "OK"
        assert client.ask("vFlashDone").endswith("[E-UBC]")
        assert client.pc == 0x8000
        assert client.read(0x8080, 2) == LOOP[START][:2]
    assert service.board.is_left_idle()


def test_the_monitor_commands_say_what_they_do(client: RspClient) -> None:
    assert client.monitor("init") == ""
    assert "reset [halt|run]" in client.monitor("help") == client.monitor("")
    assert "STLINK-V3" in client.monitor("info")
    assert "halted at 0x008000" in client.monitor("info")
    assert "ROP     0x4800   0x00" in client.monitor("options")
    assert client.monitor("reset") == "the chip was reset, and its program runs\n"
    assert "running" in client.monitor("info")
    assert client.monitor("options") == "E01"
    client.monitor("halt")
    assert client.monitor("resume") == "the program runs\n"
    assert client.monitor("reset sideways") == "E01"
    assert client.monitor("unlock").startswith("not read-protected")
    assert client.pc == 0x8000


# -- another program, another state -----------------------------------------------------------------------------------


def test_another_program_than_the_elf_is_told_by_content_and_debugged_all_the_same() -> None:
    board = board_with()
    wanted = Program("firmware.elf", None, [Segment(START, LOOP[START][:-1] + b"\xf6")])
    with serving(board, Settings(program=wanted)) as service, service.client() as client:
        assert client.step() == "T05"
        assert [line for line in service.said if "E-OTHER-BUILD" in line] == [
            "the chip runs another program than firmware.elf (hint: upload this build, or give the ELF of the program "
            "in the chip) [E-OTHER-BUILD]"
        ]
        client.step()
        assert client.load((START, wanted.segments[0].data)) == "OK"
        assert client.step() == "T05"
    assert len([line for line in service.said if "E-OTHER-BUILD" in line]) == 1


def test_the_program_of_the_elf_is_not_mentioned() -> None:
    wanted = Program("firmware.elf", None, [Segment(START, LOOP[START]), Segment(0x10, b"in RAM")])
    with serving(settings=Settings(program=wanted)) as service, service.client() as client:
        assert client.step() == "T05"
    assert service.said == ["a debugger has come", "the debugger has gone; the program runs"]


@pytest.mark.parametrize("part", [*PARTS, "stm8s105k4"])
def test_a_locked_chip_is_told_and_runs_on_and_can_be_unlocked(part: str) -> None:
    board = Board(part, locked=True)
    with serving(board) as service, service.client() as client:
        assert client.ask("?") == "W00"
        for packet in ("g", "Z1,8080,1", "vCont;c"):
            reply = client.ask(packet)
            assert reply.startswith("E.the chip is read-protected (")
            assert reply.endswith("[E-ROP-READ]")
        assert client.ask("m8000,10") == "E0E"
        assert board.chip.state == "running"
        assert client.monitor("reset halt") == "E01"
        client.told.clear()
        assert client.monitor("options") == "E01"
        assert client.told[0].startswith("the chip is read-protected (")
        board.chip.settle(board.probe.clock.now() + 1.0)
        assert board.chip.state.startswith("running")
        assert client.monitor("unlock").startswith("unlocked: read protection is off, the chip is erased")
        assert client.ask("?") == "S02"
        assert client.load((0x8000, b"\x82\x00\x80\x04\x4c\x20\xfd")) == "OK"
        assert client.step() == "T05"
        assert client.pc == 0x8004
    assert board.chip.state == "running"
    assert any("E-ROP-READ" in line for line in service.said)


def test_with_reset_each_client_begins_at_the_start_of_the_program() -> None:
    with serving(settings=Settings(reset=True)) as service:
        for _ in range(2):
            with service.client() as client:
                assert client.pc == 0x8000
                assert client.step() == "T05"


def test_restart_begins_the_program_again(client: RspClient) -> None:
    client.step()
    assert client.ask("vRun;") == "S02"
    assert client.pc == 0x8000
    client.step()
    client.send("R00")  # this packet has no reply
    assert client.ask("?") == "S02"
    assert client.pc == 0x8000


def test_a_client_that_stays_kills_and_detaches_and_begins_again(service: Service, client: RspClient) -> None:
    """GDB's `run` on `target extended-remote` kills the program and sends vRun over the same connection."""
    assert client.ask("!") == "OK"
    for leave in ("vKill;1", "D", "D;1"):
        client.step()
        assert client.ask(leave) == "OK"
        assert service.board.chip.state == "running"
        assert client.ask("?") == "W00"
        for packet in ("g", "vCont;c", "vCont;s", "Z2,10,1", "vFlashErase:8000,40"):
            assert client.ask(packet).startswith("E.the debugger is not attached to the chip")
        client.raw(b"\x03")
        assert client.ask("vRun;") == "S02"
        assert client.pc == 0x8000
    client.go()
    client.send("k")
    assert client.ask("vAttach;1") == "S02"
    assert START <= client.pc <= 0x8091


def test_an_erase_without_data_is_done(service: Service, client: RspClient) -> None:
    """GDB's `flash-erase` sends no data."""
    chip = service.board.chip
    chip.flash.write(0x9FC0, bytes(range(1, 65)))
    assert client.ask("vFlashErase:8040,80") == "OK"
    assert client.ask("vFlashErase:9fc0,40") == "OK"
    assert client.ask(b"vFlashWrite:9fd0:new") == "OK"
    assert client.ask("vFlashDone") == "OK"
    assert client.read(0x8040, 0x80) == bytes(0x80)
    assert client.read(0x8000, 2) == b"\x82\x00"
    # Beside the data nothing changes.
    assert client.read(0x9FC0, 64) == bytes(range(1, 17)) + b"new" + bytes(range(20, 65))
    assert client.ask("vFlashErase:8000,2000") == "OK"
    assert client.ask("vFlashDone") == "OK"
    assert not any(chip.flash.data)
    assert client.pc == 0x8000


def test_the_flash_image_of_a_whole_part_is_loaded() -> None:
    board = board_with()
    with serving(board) as service, service.client() as client:
        image = image_of(board.part, 3)
        assert client.load((0x8000, image.segments[0].data)) == "OK"
    assert board.holds(image)
    assert service.error is None


@pytest.mark.parametrize("part", PARTS)
def test_a_watchdog_from_an_option_byte_does_not_reset_a_chip_that_is_halted_and_goes_on(part: str) -> None:
    fed = {START: b"\x35\xaa\x50\xe0\x3c\x10\x20\xf8"}  # mov IWDG_KR, #0xAA; inc 0x10; jra
    board = board_with(fed, part)
    with board.open() as chip:
        chip.set_options("MISC.IWDG_HW=1" if part == "stm8s103f3" else "WDG.IWDG_HW=1", allow=[Danger.WATCHDOG])
    with serving(board) as service, service.client() as client:
        client.monitor("reset halt")
        client.ask(f"Z1,{START + 4:x},1")
        for _ in range(3):
            assert client.go_on() == "T05"
            assert client.pc == START + 4
            board.probe.clock.sleep(10.0)
        assert not any("was reset" in line for line in client.told)
    assert service.board.is_left_idle()


def test_a_blank_chip_can_be_loaded() -> None:
    board = Board()
    board.chip.flash.write(0x8000, bytes(0x2000))
    with serving(board, Settings(reset=True)) as service, service.client() as client:
        assert client.pc == 0x8000
        assert client.load((0x8000, b"\x82\x00\x80\x80"), (START, LOOP[START])) == "OK"
        assert client.step() == "T05"
    assert board.is_left_idle()
