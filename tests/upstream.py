"""The projects of tests/upstream. They look like projects for ststm8 2.1.0, with the files that ST's library needs.

stm8s_conf.h, stm8s_it.h and stm8s_it.c are the same in most of them, except a few lines. This module writes them in the
form of ST's template. A driver or a handler is under the macros of the chips that have it. An unused driver is
commented out. Every compiler has its branch.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pio import ROOT

FOLDER = ROOT / "tests" / "upstream"
PROJECTS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())

LOW = "STM8S001 STM8S003 STM8S103"
LOW_903 = "STM8S903 STM8AF622x"
MEDIUM = "STM8S005 STM8S105 STM8AF626x"
HIGH = "STM8S007 STM8S207 STM8AF62Ax"
HIGH_CAN = "STM8S208 STM8AF52Ax"
ALL = ""

# Which chips have a driver's peripheral. RM0016 and the datasheets.
DRIVERS = {
    "adc1": f"{LOW} {LOW_903} {MEDIUM}",
    "adc2": f"{HIGH} {HIGH_CAN}",
    "awu": ALL,
    "beep": ALL,
    "can": HIGH_CAN,
    "clk": ALL,
    "exti": ALL,
    "flash": ALL,
    "gpio": ALL,
    "i2c": ALL,
    "itc": ALL,
    "iwdg": ALL,
    "rst": ALL,
    "spi": ALL,
    "tim1": ALL,
    "tim2": f"{LOW} {MEDIUM} {HIGH} {HIGH_CAN}",
    "tim3": f"{MEDIUM} {HIGH} {HIGH_CAN}",
    "tim4": f"{LOW} {MEDIUM} {HIGH} {HIGH_CAN}",
    "tim5": LOW_903,
    "tim6": LOW_903,
    "uart1": f"{LOW} STM8S903 {HIGH} {HIGH_CAN}",
    "uart2": MEDIUM,
    "uart3": f"{HIGH} {HIGH_CAN}",
    "uart4": "STM8AF622x",
    "wwdg": ALL,
}

# Interrupts by their number; "Interrupt mapping" of the datasheets, the names of ST's library.
HANDLERS = (
    (0, "TLI", ALL),
    (1, "AWU", ALL),
    (2, "CLK", ALL),
    *((3 + place, f"EXTI_PORT{port}", ALL) for place, port in enumerate("ABCDE")),
    (8, "EXTI_PORTF", LOW_903),
    (8, "CAN_RX", HIGH_CAN),
    (9, "CAN_TX", HIGH_CAN),
    (10, "SPI", ALL),
    (11, "TIM1_UPD_OVF_TRG_BRK", ALL),
    (12, "TIM1_CAP_COM", ALL),
    (13, "TIM2_UPD_OVF_BRK", DRIVERS["tim2"]),
    (14, "TIM2_CAP_COM", DRIVERS["tim2"]),
    (13, "TIM5_UPD_OVF_BRK_TRG", LOW_903),
    (14, "TIM5_CAP_COM", LOW_903),
    (15, "TIM3_UPD_OVF_BRK", DRIVERS["tim3"]),
    (16, "TIM3_CAP_COM", DRIVERS["tim3"]),
    (17, "UART1_TX", DRIVERS["uart1"]),
    (18, "UART1_RX", DRIVERS["uart1"]),
    (17, "UART4_TX", DRIVERS["uart4"]),
    (18, "UART4_RX", DRIVERS["uart4"]),
    (19, "I2C", ALL),
    (20, "UART2_TX", DRIVERS["uart2"]),
    (21, "UART2_RX", DRIVERS["uart2"]),
    (20, "UART3_TX", DRIVERS["uart3"]),
    (21, "UART3_RX", DRIVERS["uart3"]),
    (22, "ADC1", DRIVERS["adc1"]),
    (22, "ADC2", DRIVERS["adc2"]),
    (23, "TIM4_UPD_OVF", DRIVERS["tim4"]),
    (23, "TIM6_UPD_OVF_TRG", LOW_903),
    (24, "EEPROM_EEC", ALL),
)

CONF = """#ifndef __STM8S_CONF_H
#define __STM8S_CONF_H

#include "stm8s.h"

{drivers}
#define USE_FULL_ASSERT (1)

#ifdef USE_FULL_ASSERT
#define assert_param(expr) ((expr) ? (void)0 : assert_failed((uint8_t *)__FILE__, __LINE__))
void assert_failed(uint8_t *file, uint32_t line);
#else
#define assert_param(expr) ((void)0)
#endif

#endif
"""
HANDLERS_HEADER = """#ifndef __STM8S_IT_H
#define __STM8S_IT_H

#include "stm8s.h"

#ifdef _COSMIC_
void _stext(void);
#endif

#if !defined(_RAISONANCE_) && !defined(_SDCC_)
INTERRUPT void TRAP_IRQHandler(void);
{others}#elif defined(_SDCC_)
INTERRUPT_HANDLER_TRAP(TRAP_IRQHandler);
{sdcc}#endif

#endif
"""
HANDLERS_SOURCE = """#include "stm8s_it.h"
{includes}
INTERRUPT_HANDLER_TRAP(TRAP_IRQHandler)
{{
}}

{handlers}"""

# spl-uart-loopback: each UART sends its own buffer, and what the other one sent goes into its second.
SENDS = """
    UART{uart}_SendData8(TxBuffer{end}[IncrementVar_TxCounter{end}()]);
    if (GetVar_TxCounter{end}() == GetVar_NbrOfDataToTransfer{end}())
        UART{uart}_ITConfig(UART{uart}_IT_TXE, DISABLE);"""
RECEIVES = """
    RxBuffer{end}[IncrementVar_RxCounter{end}()] = UART{uart}_ReceiveData8();
    if (GetVar_RxCounter{end}() == GetVar_NbrOfDataToRead{end}())
        UART{uart}_ITConfig(UART{uart}_IT_RXNE_OR, DISABLE);"""
LOOPBACK = {
    f"UART{uart}_{way}": body.format(uart=uart, end=end)
    for uart, end in ((1, 1), (3, 2))
    for way, body in (("TX", SENDS), ("RX", RECEIVES))
}
LOOPBACK_INCLUDES = '#include "main.h"\n' + "".join(
    f"extern uint8_t {way}Buffer{end}[];\n" for way in ("Tx", "Rx") for end in (1, 2)
)


def copy(name: str, parent: Path) -> Path:
    """Return a folder below `parent` with the project of that name, complete."""
    folder = parent / name
    shutil.copytree(FOLDER / name, folder)
    if name.startswith("spl-"):
        used = {"spl-blink": {"gpio"}, "spl-uart-simple-printf": {"clk", "uart1", "uart2"}}.get(name, set(DRIVERS))
        loopback = name == "spl-uart-loopback"
        includes, bodies = (LOOPBACK_INCLUDES, LOOPBACK) if loopback else ("", {})
        (folder / "src" / "stm8s_conf.h").write_text(_conf(used))
        (folder / "src" / "stm8s_it.h").write_text(_handlers_header())
        (folder / "src" / "stm8s_it.c").write_text(_handlers_source(includes, bodies))
    return folder


def _for(chips: str, text: str) -> str:
    """Return the lines of `text` under the macros of these chips."""
    if not chips:
        return f"{text}\n"
    condition = " || ".join(f"defined({chip})" for chip in chips.split())
    return f"#if {condition}\n{text}\n#endif\n"


def _conf(used: set[str]) -> str:
    lines = ((chips, f'{"" if name in used else "// "}#include "stm8s_{name}.h"') for name, chips in DRIVERS.items())
    return CONF.format(drivers="".join(_for(*line) for line in lines))


def _handlers_header() -> str:
    return HANDLERS_HEADER.format(
        others="".join(_for(chips, f"INTERRUPT void {name}_IRQHandler(void);") for _, name, chips in HANDLERS),
        sdcc="".join(_for(chips, f"INTERRUPT_HANDLER({name}_IRQHandler, {n});") for n, name, chips in HANDLERS),
    )


def _handlers_source(includes: str, bodies: dict[str, str]) -> str:
    handlers = (
        _for(chips, f"INTERRUPT_HANDLER({name}_IRQHandler, {number})\n{{{bodies.get(name, '')}\n}}")
        for number, name, chips in HANDLERS
    )
    return HANDLERS_SOURCE.format(includes=includes, handlers="\n".join(handlers))
