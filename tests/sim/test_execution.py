"""Programs of the chip that program its own flash and EEPROM. Facts: RM0016 4.6, PM0044."""

from __future__ import annotations

import pytest

from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.execution import Execution
from stm8tool.sim.gap import SimGapError
from stm8tool.sim.peripherals.uart import Uart

UNLOCK = "3556506235AE5062"  # MOV PUKR,#0x56; MOV PUKR,#0xAE
UNLOCK_EEPROM = "35AE506435565064"
WAIT = "7205505FFB"  # BTJF IAPSR,#EOP,itself
BREAK = "8B"


def executing(code: str, at: int) -> tuple[Microcontroller, Execution]:
    chip = Microcontroller(find_part("stm8s103f3"))
    memory = chip.flash if at >= chip.flash.start else chip.ram
    memory.write(at, bytes.fromhex(code))
    execution = Execution(chip, 0.0)
    execution.core.pc = at
    return chip, execution


def block_program(unlock: str) -> str:
    """Program the block at 0x8040 with what lies at 0x200: CR2 and NCR2, a loop, the wait."""
    return unlock + "3501505B35FE505CAE0000D60200D780405CA3004026F4" + WAIT + BREAK


def test_code_in_ram_programs_a_block() -> None:
    chip, execution = executing(block_program(UNLOCK), 0x100)
    data = bytes(range(1, 65))
    execution.memory[0x200:0x240] = data
    assert execution.run(0.1) == "BREAK"
    assert chip.flash.read(0x8040, 64) == data
    assert 0.006 < execution.now < 0.007


def test_without_the_keys_nothing_is_programmed() -> None:
    chip, execution = executing(block_program(""), 0x100)
    execution.memory[0x200:0x240] = bytes(range(1, 65))
    assert execution.run(0.02) == ""  # EOP never comes
    assert not any(chip.flash.data)


def test_code_in_flash_waits_while_its_array_is_busy() -> None:
    code = UNLOCK + "35559000" + "725C0010" + BREAK  # MOV 0x9000,#0x55; INC 0x10
    chip, execution = executing(code, 0x8000)
    chip.flash.write(0x9000, b"\x01")  # not blank: 6 ms
    execution.memory[0x10] = 0
    execution.run(0.005)
    assert execution.memory[0x10] == 0
    assert execution.run(0.02) == "BREAK"
    assert (execution.memory[0x10], chip.flash.read(0x9000, 1)) == (1, b"\x55")


def test_code_in_ram_goes_on_meanwhile() -> None:
    code = UNLOCK + "35559000" + "725C0010" + "20FE"
    _, execution = executing(code, 0x100)
    execution.memory[0x10] = 0
    execution.run(0.0005)
    assert execution.memory[0x10] == 1


def test_code_in_ram_that_returns_to_flash_meanwhile_waits_there() -> None:
    code = UNLOCK + "CD0100" + "725C0010" + BREAK  # CALL 0x0100; INC 0x10
    _, execution = executing(code, 0x8000)
    execution.memory[0x100:0x105] = bytes.fromhex("3555900081")  # MOV 0x9000,#0x55; RET
    execution.memory[0x10] = 0
    execution.run(0.0029)
    assert execution.memory[0x10] == 0
    assert execution.run(0.02) == "BREAK"
    assert execution.now > 0.003


def test_a_read_of_flash_waits_for_the_array_even_from_ram() -> None:
    code = UNLOCK + "35559000" + "C69000" + BREAK  # MOV 0x9000,#0x55; LD A,0x9000
    _, execution = executing(code, 0x100)
    assert execution.run(0.1) == "BREAK"
    assert execution.core.a == 0x55
    assert execution.now > 0.003


def test_code_in_flash_that_was_programmed_is_executed_as_it_is() -> None:
    # CLRW X; then a loop: INCW X; CPW X,#64; JRNE. MOV puts BREAK where INCW was, JRA goes there.
    code = UNLOCK + "5F" + "5CA3004026FA" + "358B8009" + "20F4"
    _, execution = executing(code, 0x8000)
    assert execution.run(0.1) == "BREAK"


def test_a_program_that_undivides_its_clock_runs_faster_from_there_on() -> None:
    count = "AE4E205A26FD" + BREAK  # LDW X,#20000; DECW X; JRNE: 60000 cycles
    _, slow = executing(count, 0x100)
    _, fast = executing("350050C6" + count, 0x100)  # MOV CLK_CKDIVR,#0: 16 MHz instead of 2
    assert slow.run(1.0) == fast.run(1.0) == "BREAK"
    assert slow.now == pytest.approx(0.030, rel=0.001)
    assert fast.now == pytest.approx(0.030 / 8, rel=0.001)


def test_eeprom_has_keys_of_its_own() -> None:
    chip, execution = executing(UNLOCK_EEPROM + "35774000" + WAIT + BREAK, 0x100)
    assert execution.run(0.1) == "BREAK"
    assert chip.eeprom is not None
    assert chip.eeprom.read(0x4000, 1) == b"\x77"


def test_code_in_eeprom_is_not_executed() -> None:
    _, execution = executing("CC4000", 0x100)
    assert execution.run(0.1) == "an illegal opcode"


def test_a_register_that_is_not_modelled_is_a_gap() -> None:
    _, execution = executing("35005200" + BREAK, 0x100)  # MOV SPI_CR1,#0
    with pytest.raises(SimGapError, match="0x005200"):
        execution.run(0.1)


# -- a UART: TXE before the next byte, TC at the end ----------------------------------------------------------

UART = 0x5230
SETUP = "350152333534523235085235"  # BRR2, BRR1, CR2.TEN: divider 0x341
TEXT = "AE0200F6270B720F5230FBC752315C20F2"  # each byte at 0x200 up to a 0, once TXE is set
DRAIN = "720D5230FB"  # BTJF SR,#TC,itself


def sending(code: str) -> tuple[Uart, Execution]:
    chip = Microcontroller(find_part("stm8s103f3"))
    chip.ram.write(0x100, bytes.fromhex(code))
    chip.ram.write(0x200, b"Hello\n\0")
    uart = Uart(UART, lambda: 16_000_000)
    execution = Execution(chip, 0.0, [uart])
    execution.core.pc = 0x100
    return uart, execution


def test_a_program_sends_a_text_in_the_time_of_its_baud_rate() -> None:
    uart, execution = sending(SETUP + TEXT + DRAIN + BREAK)
    assert execution.run(1.0) == "BREAK"
    assert uart.sent == b"Hello\n"
    assert execution.now == pytest.approx(6 * 10 * 0x341 / 16e6, rel=0.02)


def test_a_program_that_does_not_wait_for_txe_loses_bytes() -> None:
    uart, execution = sending(SETUP + TEXT.replace("720F5230FB", "9D9D9D9D9D") + DRAIN + BREAK)
    assert execution.run(1.0) == "BREAK"
    assert uart.sent == b"H\n"


def test_without_ten_nothing_is_sent() -> None:
    uart, execution = sending(SETUP.replace("35085235", "35005235") + TEXT + DRAIN + BREAK)
    assert execution.run(1.0) == "BREAK"
    assert uart.sent == b""
