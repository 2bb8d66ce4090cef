"""Peripherals of programs that execute. Facts: RM0016, RM0031: register maps, vectors, what start-up code waits for."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from stm8tool.parts.table import find_part
from stm8tool.sim.chip.microcontroller import Microcontroller
from stm8tool.sim.execution import Execution
from stm8tool.sim.peripherals.build import Board, build, uarts_of

MAIN, HANDLER = 0x8080, 0x8100
FOREVER, BREAK, RIM, WFI, HALT, IRET = "20FE", "8B", "9A", "8F", "8E", "80"
COUNT = "3C10"  # INC 0x10
CLEAR = "3F10"  # CLR 0x10


def mov(address: int, value: int) -> str:
    """MOV address,#value."""
    return f"35{value:02X}{address:04X}"


def load(address: int, to: int) -> str:
    """Copy a register to RAM by way of A."""
    return f"C6{address:04X}B7{to:02X}"


class Bench(NamedTuple):
    chip: Microcontroller
    board: Board
    execution: Execution
    warnings: list[str]
    resets: list[str]

    def ram(self, address: int) -> int:
        return self.execution.memory[address]


def bench(code: str, *, handler: str = "", vector: int = 23, part: str = "stm8s103f3") -> Bench:
    chip = Microcontroller(find_part(part))
    chip.flash.write(0x8000, bytes.fromhex(f"8200{MAIN:04X}"))
    chip.flash.write(0x8008 + 4 * vector, bytes.fromhex(f"8200{HANDLER:04X}"))
    chip.flash.write(MAIN, bytes.fromhex(code))
    chip.flash.write(HANDLER, bytes.fromhex(handler))
    warnings: list[str] = []
    resets: list[str] = []
    board = build(chip, warnings.append)
    execution = Execution(chip, 0.0, board.devices)
    execution.level = board.priorities.level
    execution.on_reset = resets.append
    return Bench(chip, board, execution, warnings, resets)


# -- timers: where they are by part, how long a period is, and the handler ---------------------------------------------

TIMERS = [  # part, bytes before the timer is set, CR1, IER, SR, PSCR, ARR, vector
    ("stm8s103f3", "", 0x5340, 0x5343, 0x5344, 0x5347, 0x5348, 23),
    ("stm8s903k3", "", 0x5340, 0x5343, 0x5344, 0x5347, 0x5348, 23),
    ("stm8s105c6", "", 0x5340, 0x5341, 0x5342, 0x5345, 0x5346, 23),
    ("stm8s208rb", "", 0x5340, 0x5341, 0x5342, 0x5345, 0x5346, 23),
    ("stm8l151k4", mov(0x50C3, 4), 0x52E0, 0x52E4, 0x52E5, 0x52E8, 0x52E9, 25),
    ("stm8l101f3", mov(0x50C3, 4), 0x52E0, 0x52E3, 0x52E4, 0x52E7, 0x52E8, 25),
]


@pytest.mark.parametrize(("part", "before", "cr1", "ier", "sr", "pscr", "arr", "vector"), TIMERS)
def test_the_handler_of_tim4_is_called_once_a_period(
    part: str, before: str, cr1: int, ier: int, sr: int, pscr: int, arr: int, vector: int
) -> None:
    """2 MHz / 128 / 125 is a period of 8 ms; the first one has no prescaler yet, as no update came before."""
    setting = CLEAR + before + mov(pscr, 7) + mov(arr, 124) + mov(ier, 1) + mov(cr1, 1) + RIM
    s_clock = mov(0x50C6, 0x18) if part.startswith("stm8s") else ""
    run = bench(s_clock + setting + FOREVER, handler=mov(sr, 0) + COUNT + IRET, vector=vector, part=part)
    assert run.execution.run(0.0845) == ""
    assert run.ram(0x10) == 11
    assert run.warnings == []


def test_a_flag_that_is_not_cleared_calls_the_handler_again_and_again() -> None:
    run = bench(CLEAR + mov(0x5343, 1) + mov(0x5340, 1) + RIM + FOREVER, handler=COUNT + IRET)
    run.execution.run(0.001)
    assert run.ram(0x10) > 20


def test_an_interrupt_blinks_a_pin() -> None:
    setting = mov(0x5007, 0x20) + mov(0x5008, 0x20) + mov(0x5347, 7) + mov(0x5343, 1) + mov(0x5340, 1) + RIM
    run = bench(setting + WFI + "20FD", handler=mov(0x5344, 0) + "901A5005" + IRET)  # BCPL PB_ODR,#5
    seen = []
    ports = next(device for device in run.board.devices if device.holds(0x5006))
    for step in range(1, 100):
        run.execution.run(step * 0.001)
        level = ports.read(0x5006, 0.0) & 0x20
        if not seen or seen[-1] != level:
            seen.append(level)
    assert seen == [0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0x20]  # the first period has no prescaler: 128 us
    assert run.execution.core.sleep == "WFI"


def test_a_program_that_polls_the_update_flag_waits_for_it() -> None:
    poll = mov(0x5348, 199) + mov(0x5340, 1) + "72015344FB" + BREAK  # BTJF SR,#UIF,itself
    run = bench(poll)
    assert run.execution.run(0.1) == "BREAK"
    assert run.execution.now == pytest.approx(200 / 2e6, rel=0.05)


def test_a_counter_that_is_read_moves_on() -> None:
    # Wait until CNTR is 100: LD A,CNTR; CP A,#100; JRC back.
    run = bench(mov(0x5340, 1) + "C65346" + "A164" + "25F9" + BREAK)
    assert run.execution.run(0.1) == "BREAK"
    assert 100 <= run.execution.core.a < 106


def test_tim2_counts_to_its_sixteen_bits() -> None:
    setting = CLEAR + mov(0x530F, 0x03) + mov(0x5310, 0xE7) + mov(0x5303, 1) + mov(0x5300, 1) + RIM  # ARR = 999
    run = bench(setting + FOREVER, handler=mov(0x5304, 0) + COUNT + IRET, vector=13)
    run.execution.run(0.0102)
    assert run.ram(0x10) == 20


def test_one_pulse_mode_ends_after_one_period() -> None:
    run = bench(CLEAR + mov(0x5343, 1) + mov(0x5340, 9) + RIM + FOREVER, handler=mov(0x5344, 0) + COUNT + IRET)
    run.execution.run(0.1)
    assert run.ram(0x10) == 1


def test_a_timer_without_its_clock_stands_still_and_that_is_said() -> None:
    setting = CLEAR + mov(0x52E4, 1) + mov(0x52E0, 1) + RIM
    run = bench(setting + FOREVER, handler=COUNT + IRET, vector=25, part="stm8l151k4")
    run.execution.run(0.1)
    assert run.ram(0x10) == 0
    assert len(run.warnings) > 0
    assert "TIM4 at 0x0052E4 without its clock" in run.warnings[0]


# -- sleep -------------------------------------------------------------------------------------------------------------


def test_wfi_goes_on_behind_an_interrupt() -> None:
    run = bench(mov(0x5343, 1) + mov(0x5340, 1) + WFI + BREAK, handler=mov(0x5344, 0) + IRET)
    assert run.execution.run(1.0) == "BREAK"


@pytest.mark.parametrize(
    ("code", "name"), [(WFI, "WFI"), (HALT, "HALT"), (mov(0x5343, 1) + mov(0x5340, 1) + HALT, "HALT")]
)
def test_a_sleep_that_nothing_can_end_ends_the_run(code: str, name: str) -> None:
    run = bench(code + BREAK)
    assert run.execution.run(1.0) == f"{name}, and no interrupt or reset can come"
    assert run.execution.now < 0.01


# -- ports -------------------------------------------------------------------------------------------------------------


def test_pins_float_to_their_pull_ups_and_outputs_show_what_they_drive() -> None:
    setting = mov(0x5008, 0x3F) + mov(0x5007, 0x0F) + mov(0x5005, 0x05)
    run = bench(setting + load(0x5006, 0x10) + mov(0x5006, 0xFF) + load(0x5006, 0x11) + BREAK)
    assert run.execution.run(0.1) == "BREAK"
    assert (run.ram(0x10), run.ram(0x11)) == (0x35, 0x35)


# -- watchdogs and what is left of a reset -----------------------------------------------------------------------------


def test_a_watchdog_that_is_not_refreshed_resets_the_chip() -> None:
    run = bench(load(0x50B3, 0x10) + mov(0x50B3, 0xFF) + mov(0x50E0, 0xCC) + FOREVER)
    run.execution.run(0.020)
    assert run.resets == ["the independent watchdog (IWDG) was not refreshed in time"]


def test_a_watchdog_that_is_refreshed_does_not() -> None:
    refresh = mov(0x50E0, 0xAA) + "20FA"
    run = bench(mov(0x50E0, 0xCC) + refresh)
    run.execution.run(0.050)
    assert run.resets == []


def test_prescaler_and_reload_need_their_key() -> None:
    longest = mov(0x50E1, 6) + mov(0x50E2, 0xFF)
    without = bench(mov(0x50E0, 0xCC) + longest + FOREVER)
    with_key = bench(mov(0x50E0, 0xCC) + mov(0x50E0, 0x55) + longest + mov(0x50E0, 0xAA) + FOREVER)
    for run in (without, with_key):
        run.execution.run(0.5)
    assert (bool(without.resets), with_key.resets) == (True, [])


def test_the_window_watchdog_resets_at_once_if_it_is_asked_to() -> None:
    run = bench(mov(0x50D1, 0x80) + FOREVER)
    run.execution.run(0.0005)
    assert "WWDG" in run.resets[0]


def test_the_window_watchdog_resets_the_chip_after_its_count() -> None:
    """64 counts of 12288 cycles, at 2 MHz: 393.216 ms (RM0016 has 49.152 ms at 16 MHz)."""
    run = bench(mov(0x50D1, 0xFF) + FOREVER)
    run.execution.run(0.3931)
    assert run.resets == []
    run.execution.run(0.3934)
    assert run.resets == ["the window watchdog (WWDG) was not refreshed in time"]


def test_a_window_watchdog_that_is_refreshed_inside_its_window_goes_on() -> None:
    # W = 0x7E: count down from 0x7F once, then refresh; with W = 0x60 the same refresh comes too early.
    code = "{}" + mov(0x50D1, 0xFF) + load(0x50D1, 0x20) + "B620 A1FE 26F5" + mov(0x50D1, 0xFF) + FOREVER
    inside = bench(code.format(mov(0x50D2, 0x7E)))
    before = bench(code.format(mov(0x50D2, 0x60)))
    for run in (inside, before):
        run.execution.run(0.02)
    assert inside.resets == []
    assert before.resets[0] == "the window watchdog (WWDG) was refreshed before its window"


def test_a_counter_that_is_not_started_goes_round_and_resets_nothing() -> None:
    run = bench(FOREVER)
    run.execution.run(1.0)
    assert run.resets == []
    window = run.board.watchdogs[1]
    assert window.read(0x50D1, 1.0) == 0x7F - int(1.0 * 2e6 / 12288) % 0x80


def test_an_option_byte_starts_the_watchdog_with_the_chip() -> None:
    chip = Microcontroller(find_part("stm8s103f3"))
    chip.options.set("MISC=0x04")  # IWDG_HW (datasheet, OPT3)
    chip.options.load()
    chip.flash.write(0x8000, bytes.fromhex("20FE"))
    execution = Execution(chip, 0.0, build(chip, str).devices)
    causes: list[str] = []
    execution.on_reset = causes.append
    execution.run(0.020)
    assert len(causes) == 1


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_start_up_code_that_switches_to_the_crystal_sees_it_done() -> None:
    ready = mov(0x50C1, 1) + "720350C1FB"  # HSEEN; BTJF HSERDY,itself
    switch = "721250C5" + mov(0x50C4, 0xB4) + "720050C5FB"  # BSET SWEN; SWR; BTJT SWBSY,itself
    run = bench(ready + switch + load(0x50C3, 0x10) + BREAK)
    assert run.execution.run(0.1) == "BREAK"
    assert run.ram(0x10) == 0xB4
    assert run.chip.map.cpu_hz == 16_000_000  # HSIDIV divides the HSI only
    assert "HSI" in run.warnings[0]


def test_a_switch_by_hand_waits_for_swen() -> None:
    run = bench(mov(0x50C4, 0xD2) + load(0x50C3, 0x10) + "721250C5" + load(0x50C3, 0x11) + BREAK)
    assert run.execution.run(0.1) == "BREAK"
    assert (run.ram(0x10), run.ram(0x11)) == (0xE1, 0xD2)
    assert run.execution.read(0x50C0, 0) == 0x1B  # the LSI is on and ready, and so is the HSI
    assert run.chip.map.cpu_hz == 128_000


# -- UARTs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("stm8s103f3", {"UART1": 0x5230}),
        ("stm8s105c6", {"UART2": 0x5240}),
        ("stm8s208rb", {"UART1": 0x5230, "UART3": 0x5240}),
        ("stm8af6226", {"UART4": 0x5230}),
        ("stm8l151k4", {"USART1": 0x5230}),
        ("stm8l152r8", {"USART1": 0x5230, "USART2": 0x53E0, "USART3": 0x53F0}),
        ("stm8l101f3", {"USART": 0x5230}),
        ("stnrg388a", {}),
    ],
)
def test_a_part_has_its_uarts(part: str, found: dict[str, int]) -> None:
    assert {uart.name: uart.base for uart in uarts_of(find_part(part))} == found


def test_a_uart_that_has_room_asks_for_the_next_byte() -> None:
    setting = CLEAR + mov(0x5232, 1) + mov(0x5235, 0x88) + RIM  # BRR1, TIEN and TEN
    send = "3C10" + "B610" + "C75231" + "A103" + "2604" + mov(0x5235, 0x08) + IRET  # three of them, then TIEN off
    run = bench(setting + FOREVER, handler=send, vector=17)
    run.execution.run(0.01)
    assert run.board.uarts["UART1"].sent == b"\1\2\3"


# -- what is not modelled ----------------------------------------------------------------------------------------------


def test_another_peripheral_keeps_what_is_written_and_is_told_once() -> None:
    run = bench(mov(0x5200, 0x44) + mov(0x5201, 0x02) + load(0x5200, 0x10) + load(0x5404, 0x11) + BREAK)
    assert run.execution.run(0.1) == "BREAK"
    assert (run.ram(0x10), run.ram(0x11)) == (0x44, 0)
    assert [text.partition(",")[0] for text in run.warnings] == [
        "the program writes SPI at 0x005200",
        "the program reads ADC at 0x005404",
    ]


# -- priorities --------------------------------------------------------------------------------------------------------


def test_a_handler_of_a_higher_level_interrupts_one_of_a_lower() -> None:
    """TIM2 at level 1 never leaves its handler; TIM4 at level 3 still comes."""
    levels = mov(0x7F73, 0xF7)  # VECT13SPR = 01
    timers = mov(0x530F, 0) + mov(0x5310, 0x20) + mov(0x5303, 1) + mov(0x5300, 1) + mov(0x5343, 1) + mov(0x5340, 1)
    run = bench(CLEAR + levels + timers + RIM + FOREVER, handler=mov(0x5344, 0) + COUNT + IRET)
    run.chip.flash.write(0x8008 + 4 * 13, bytes.fromhex("82008180"))
    run.chip.flash.write(0x8180, bytes.fromhex(FOREVER))
    execution = Execution(run.chip, 0.0, run.board.devices)
    execution.level = run.board.priorities.level
    execution.run(0.01)
    assert execution.core.pc == 0x8180
    assert execution.memory[0x10] > 10
