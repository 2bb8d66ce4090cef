"""The STM8 core by itself: what random programs beside uCsim cannot show. Facts are PM0044's."""

from __future__ import annotations

import pytest

from disassembly import disassemble
from plain_bus import PlainBus
from stm8tool.sim.cpu.core import BlockedError, Cpu
from stm8tool.sim.cpu.opcodes import PREFIXES, TABLE
from stm8tool.sim.cpu.writer import MemoryLayout

LAYOUT = MemoryLayout(0x400, 0x8000, 0xA000, 0x200, 0x3FF)


def core_with(code: str, at: int = 0x8000, layout: MemoryLayout = LAYOUT) -> Cpu:
    bus = PlainBus(0xA000, layout)
    bus.memory[at : at + len(bytes.fromhex(code))] = bytes.fromhex(code)
    core = Cpu(bus)
    core.pc = at
    return core


def vector(core: Cpu, number: int, handler: int) -> None:
    """Let interrupt `number` lead to a handler: INT and 24 bits."""
    address = 0x8008 + 4 * number
    core.m[address : address + 4] = b"\x82" + handler.to_bytes(3, "big")


# -- the table ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("9D", "NOP"),
        ("A612", "LD A,#0x12"),
        ("7B03", "LD A,(0x03,SP)"),
        ("90D61234", "LD A,(0x1234,Y)"),
        ("92C610", "LD A,[0x10.w]"),
        ("72D61234", "LD A,([0x1234.w],X)"),
        ("91D610", "LD A,([0x10.w],Y)"),
        ("92AF1234", "LDF A,([0x1234.e],X)"),
        ("FF", "LDW (X),Y"),
        ("90FF", "LDW (Y),X"),
        ("F3", "CPW Y,(X)"),
        ("35551234", "MOV 0x1234,#0x55"),
        ("451020", "MOV 0x20,0x10"),
        ("5512345678", "MOV 0x5678,0x1234"),
        ("7205500004", "BTJF 0x5000,#2,0x008009"),
        ("901F5000", "BCCM 0x5000,#7"),
        ("20FE", "JRA 0x008000"),
        ("902DFD", "JRM 0x008000"),
        ("82008080", "INT 0x008080"),
        ("728F", "WFE"),
        ("5204", "SUB SP,#0x04"),
        ("9042", "MUL Y,A"),
        ("65", "DIVW X,Y"),
        ("05", "illegal 0x05"),
    ],
)
def test_the_disassembler_writes_it_as_pm0044(code: str, text: str) -> None:
    assert disassemble(bytes.fromhex(code), 0x8000, 0x8000) == text


def test_the_table_has_607_opcodes_and_no_prefix_among_them() -> None:
    assert len(TABLE) == 607
    assert not [row for (prefix, opcode), row in TABLE.items() if prefix == 0 and opcode in PREFIXES]


@pytest.mark.parametrize("code", ["05", "0B", "71", "75", "7200" + "5000" + "00" + "7280", "9200", "9180", "9072"])
def test_an_illegal_opcode_stops_the_core(code: str) -> None:
    core = core_with(code)
    core.run(100)
    assert core.stopped == "an illegal opcode"


@pytest.mark.parametrize(
    ("code", "cycles"),
    [
        ("9D", 1),
        ("C60010", 1),
        ("92C610", 4),
        ("AE1234", 2),
        ("20FE", 2),
        ("2602", 2),  # taken: Z is 0
        ("2702", 1),
        ("CD8100", 4),
        ("8D008100", 5),
        ("92CD10", 6),
        ("83", 9),
        ("80", 11),
        ("81", 4),
        ("42", 4),
        ("310010", 3),
    ],
)
def test_an_instruction_takes_the_cycles_of_pm0044(code: str, cycles: int) -> None:
    core = core_with(code)
    core.cc = 0x28
    core.step()
    assert core.cycles == cycles


# -- interrupts ---------------------------------------------------------------------------------------------


def test_an_interrupt_saves_nine_bytes_and_iret_takes_them_back() -> None:
    core = core_with("9D9D9D", at=0x8100)
    core.a, core.x, core.y, core.cc, core.sp = 0x11, 0x2233, 0x4455, 0x20 | 0x81, 0x3FF
    vector(core, 3, 0x8200)
    core.m[0x8200] = 0x80
    before = core.registers
    core.pending[3] = 1
    core.step()
    assert (core.pc, core.sp, core.cc & 0x28) == (0x8014, 0x3F6, 0x08)
    assert core.m[0x3F7:0x400] == bytes.fromhex("A1 11 2233 4455 008100")
    core.pending.clear()
    core.step()  # INT
    core.step()  # IRET
    assert core.registers == before


def test_a_request_waits_until_the_level_of_the_cpu_is_below_its_own() -> None:
    core = core_with("9D" * 8 + "9A" + "9D" * 8, at=0x8100)
    vector(core, 5, 0x8200)
    core.pending[5] = 3
    core.run(6)
    assert core.pc == 0x8106  # level 3 after a reset masks it
    core.run(10)
    assert core.m[0x3FD:0x400] == bytes.fromhex("008109")  # taken right after RIM


def test_the_highest_level_goes_first_and_then_the_lowest_number() -> None:
    core = core_with("9D", at=0x8100)
    core.cc = 0x20
    core.pending.update({9: 1, 4: 1, 20: 2})
    core.step()
    assert (core.pc, core.cc & 0x28) == (0x8008 + 4 * 20, 0x00)
    del core.pending[20]
    core.step()  # level 2 now: neither of the others
    assert core.pc != 0x8008 + 4 * 4


def test_tli_cannot_be_masked() -> None:
    core = core_with("9D", at=0x8100)
    core.pending[0] = 3
    core.step()
    assert core.pc == 0x8008


def test_trap_leads_to_its_vector_with_interrupts_masked() -> None:
    core = core_with("83", at=0x8100)
    core.cc = 0x20
    core.step()
    assert (core.pc, core.cc & 0x28, core.sp) == (0x8004, 0x28, 0x3F6)


@pytest.mark.parametrize(("code", "name"), [("8F", "WFI"), ("8E", "HALT")])
def test_a_sleeping_cpu_wakes_by_an_interrupt_and_goes_on_behind(code: str, name: str) -> None:
    core = core_with(code + "9D20FE", at=0x8100)
    vector(core, 2, 0x8200)
    core.m[0x8200] = 0x80
    core.run(1000)
    assert (core.sleep, core.cycles, core.pc) == (name, 1000, 0x8101)
    core.pending[2] = 1
    core.step()
    core.pending.clear()
    core.run(1100)
    assert (core.sleep, core.pc) == ("", 0x8102)


# -- code that changes, and code that ends --------------------------------------------------------------------


def test_code_in_ram_that_was_run_often_is_executed_as_it_is_now() -> None:
    core = core_with("4C20FD", at=0x100)  # INC A; JRA
    core.run(3000)
    core.a = 0
    core.m[0x100] = 0x4A  # DEC A
    core.pc = 0x100
    core.run(core.cycles + 3)
    assert core.a == 0xFF


@pytest.mark.parametrize("translated", [False, True])
def test_an_instruction_that_changes_the_next_one_in_ram_is_obeyed(translated: bool) -> None:
    core = core_with("354A0104" + "4C" + "20FE", at=0x100)  # MOV 0x104,#0x4A; INC A becomes DEC A
    if translated:
        core.translate(0x100)
    core.run(50)
    assert core.a == 0xFF


@pytest.mark.parametrize("translated", [False, True])
def test_a_push_onto_the_code_that_comes_next_is_obeyed(translated: bool) -> None:
    core = core_with("4B4A" + "9D" + "4C" + "20FE", at=0x210)  # PUSH #0x4A; NOP; INC A
    core.sp = 0x213
    if translated:
        core.translate(0x210)
    core.run(50)
    assert core.a == 0xFF


def test_flash_that_was_programmed_is_executed_anew() -> None:
    core = core_with("4C20FD")
    core.run(3000)
    core.m[0x8000] = 0x4A
    core.forget()
    core.a, core.pc = 0, 0x8000
    core.run(core.cycles + 3)
    assert core.a == 0xFF


def test_code_that_runs_off_its_memory_stops() -> None:
    core = core_with("9D" * 4, at=0x9FFC)
    core.run(100)
    assert (core.stopped, core.pc) == ("no memory to fetch from", 0xA000)


def test_a_jump_below_zero_wraps_at_24_bits() -> None:
    core = core_with("2080", at=0)
    core.step()
    assert core.pc == 0xFFFF82


def test_the_stack_pointer_rolls_over_at_its_limit() -> None:
    core = core_with("4B11" + "84")
    core.sp = 0x200
    core.step()
    assert (core.sp, core.m[0x200]) == (0x3FF, 0x11)
    core.step()
    assert (core.sp, core.a) == (0x200, 0x11)


def test_an_indexed_address_is_not_cut_to_16_bits() -> None:
    bus = PlainBus(0x12000, MemoryLayout(0x400, 0x8000, 0x12000))
    bus.memory[0x8000:0x8003] = bytes.fromhex("D6F000")
    bus.memory[0x11000] = 0x5A
    core = Cpu(bus)
    core.x = 0x2000
    core.step()
    assert core.a == 0x5A


def test_ret_stays_in_the_section_and_retf_leaves_it() -> None:
    core = core_with("81", at=0x8100)
    core.m[0x3FD:0x400] = bytes.fromhex("01 9000")
    core.sp = 0x3FD
    core.step()
    assert core.pc == 0x9000
    core = core_with("87", at=0x8100)
    core.m[0x3FD:0x400] = bytes.fromhex("01 9000")
    core.sp = 0x3FC
    core.step()
    assert core.pc == 0x019000


# -- the bus ------------------------------------------------------------------------------------------------


class Register(PlainBus):
    """One register at 0x5000, whose value is a count of time; it says when it was accessed."""

    def __init__(self, *, leaves: bool = True) -> None:
        super().__init__(0xA000, LAYOUT)
        self.leaves = leaves
        self.reads: list[int] = []
        self.writes: list[tuple[int, int]] = []
        self.ready_at = 1 << 60

    def read(self, address: int, now: int) -> int:
        self.reads.append(now)
        return int(now >= self.ready_at)

    def write(self, address: int, value: int, now: int) -> bool:
        self.writes.append((value, now))
        return self.leaves


@pytest.mark.parametrize("leaves", [False, True])
def test_registers_are_accessed_at_their_cycle_however_often_the_code_ran(leaves: bool) -> None:
    bus = Register(leaves=leaves)
    bus.memory[0x8000:0x8007] = bytes.fromhex("4CC7500020FA9D")  # INC A; LD 0x5000,A; JRA
    core = Cpu(bus)
    core.run(400)
    assert bus.writes == [((n + 1) & 0xFF, 1 + 4 * n) for n in range(100)]


def test_a_loop_that_polls_is_jumped_over_to_the_next_event() -> None:
    bus = Register()
    bus.ready_at = 10_000_000
    bus.memory[0x8000:0x8007] = bytes.fromhex("7201500000FB9D"[:8] + "FB" + "20FE")  # BTJF 0x5000,#0,itself; JRA
    core = Cpu(bus)
    core.run(10_000_000)
    assert len(bus.reads) < 50
    assert core.cycles >= 10_000_000
    core.run(core.cycles + 30)
    assert core.pc == 0x8005


def test_a_loop_that_polls_is_jumped_over_whatever_code_stands_behind_it() -> None:
    core = core_with("720100FBFB" + "725C0010" + "20F5")  # BTJF 0xfb,#0,itself; INC 0x10; JRA to the start
    core.run(16_000_000)
    assert core.count < 50
    core.m[0xFB] = 1
    core.run(core.cycles + 12)
    assert core.m[0x10] == 2


def test_what_the_bus_calls_volatile_is_polled_each_time() -> None:
    bus = Register()
    bus.memory[0x8000:0x8007] = bytes.fromhex("72015000FB20FE")
    core = Cpu(bus)
    plain = bus.read

    def volatile(address: int, now: int) -> int:
        core.volatile = True
        return plain(address, now)

    bus.read = volatile  # type: ignore[method-assign]
    core = Cpu(bus)
    core.run(3000)
    assert len(bus.reads) == 1000


def test_a_loop_that_counts_is_not_jumped_over() -> None:
    core = core_with("5A26FD20FE")  # DECW X; JRNE; JRA
    core.x = 50_000
    assert core.run_to(0x8003, 1_000_000)
    assert core.count == 100_000
    fast = core_with("5A26FD20FE")
    fast.x = 50_000
    fast.run(core.cycles + 2)
    assert (fast.pc, fast.x) == (0x8003, 0)


def test_a_run_ends_at_its_limit_with_the_same_state_by_blocks_and_by_steps() -> None:
    code = "AE0064A605421C00034A26F920F3"
    for limit in range(300, 340):
        blocks, steps = core_with(code), core_with(code)
        blocks.run(limit)
        while steps.cycles < limit:
            steps.step()
        assert (blocks.registers, blocks.cycles) == (steps.registers, steps.cycles)


class Closed(PlainBus):
    """A bus whose flash can be read from a cycle on."""

    free_at = 1 << 60

    def read(self, address: int, now: int) -> int:
        if now < self.free_at:
            raise BlockedError
        return self.memory[address]


def test_code_in_ram_runs_in_blocks_while_flash_is_closed_up_to_the_access_that_waits() -> None:
    """LDW X,#0x0300; INC A; LD (X),A; PUSH A; POP A; CP A,#100; JRNE to INC A; LD A,(0x8000,X); JRA itself."""
    code = bytes.fromhex("AE0300" + "4C F7 88 84 A164 26F8" + "D68000" + "20FE")
    bus = Closed(0xA000, LAYOUT)
    bus.memory[0x40 : 0x40 + len(code)] = code
    bus.memory[0x8300] = 0x5A
    core = Cpu(bus)
    core.pc, core.cautious = 0x40, True
    with pytest.raises(BlockedError):
        core.run(100_000)
    assert (core.pc, core.a, core.m[0x300], core.count) == (0x4B, 100, 100, 601)
    bus.free_at = core.cycles
    core.run(core.cycles + 1)
    assert (core.pc, core.a, core.count) == (0x4E, 0x5A, 602)
    steps = Cpu(bus)
    steps.m[0x300] = 0
    steps.pc, steps.cautious = 0x40, True
    while steps.pc != 0x4E:
        steps.step()
    assert (steps.registers, steps.cycles) == (core.registers, core.cycles)


def test_a_block_may_end_behind_the_limit_but_not_behind_the_most() -> None:
    code = "AE0064A605421C00034A26F920F3"
    blocks, steps = core_with(code), core_with(code)
    blocks.run(3000)
    for limit in range(3000, 4000, 7):
        blocks.run(limit, limit + 60)
        assert limit <= blocks.cycles <= limit + 60
        while steps.cycles < blocks.cycles:
            steps.step()
        assert (blocks.registers, blocks.cycles) == (steps.registers, steps.cycles)
