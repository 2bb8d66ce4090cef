"""Addresses and bits of the STM8 that SWIM reaches.

Sources: UM0470 (SWIM and debug module), RM0016 (STM8S/STM8AF), RM0013 (STM8L101), PM0054 (STM8L/STM8AL);
confidence high.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

RAM = 0x0000  # of every STM8; read protection does not hide it (confidence medium)

# -- SWIM and debug module (UM0470 section 4) --------------------------------------------------------
SWIM_CSR = 0x7F80
CSR_SAFE_MASK = 0x80  # mask internal resets while SWIM is in use
CSR_NO_ACCESS = 0x40
CSR_SWIM_DM = 0x20  # open the bus and the debug module to SWIM
CSR_HS = 0x10
CSR_OSCOFF = 0x08  # HALT stops the oscillator, even while SWIM is active
CSR_RST = 0x04  # the next system reset ends SWIM
CSR_HSIT = 0x02  # option bytes are loaded, high speed is allowed

PROGRAM_COUNTER = 0x7F01  # E, H, L; takes effect with a flush
STACK_POINTER = 0x7F08
CONDITION_CODE = 0x7F0A
CC_AT_START = 0xE8  # as ST's tool sets it: interrupts are masked
DM_CSR2 = 0x7F99
CSR2_STALL = 0x08
CSR2_FLUSH = 0x01

# -- flash controller --------------------------------------------------------------------------------
IAPSR_ROP_ACTIVE = 0x80  # undocumented; seen in a trace of ST's tool (confidence medium)
IAPSR_HVOFF = 0x40  # 1: no high voltage. STM8L101, STM8L001 and STM8TL5x do not have it
IAPSR_DUL = 0x08
IAPSR_EOP = 0x04
IAPSR_PUL = 0x02
IAPSR_WR_PG_DIS = 0x01

MODE_BYTE = 0x00
MODE_OPTION = 0x80
MODE_ERASE = 0x20
MODE_FAST_BLOCK = 0x10
MODE_BLOCK = 0x01

PROGRAM_KEYS = (0x56, 0xAE)
DATA_KEYS = (0xAE, 0x56)

ROP_ADDRESS = 0x4800
UBC_ADDRESS = {"stm8s": 0x4801, "stm8l": 0x4802}


class FlashRegisters(NamedTuple):
    """The addresses of the flash controller and of the clock divider in one family."""

    cr2: int
    ncr2: Optional[int]  # complement of cr2, at cr2 + 1; the STM8L map has PUKR there instead
    iapsr: int
    pukr: int
    dukr: int
    clk_ckdivr: int


STM8S = FlashRegisters(cr2=0x505B, ncr2=0x505C, iapsr=0x505F, pukr=0x5062, dukr=0x5064, clk_ckdivr=0x50C6)
STM8L = FlashRegisters(cr2=0x5051, ncr2=None, iapsr=0x5054, pukr=0x5052, dukr=0x5053, clk_ckdivr=0x50C0)

BY_MAP = {"stm8s": STM8S, "stm8l": STM8L}

STM8L_CKDIVR_AT_RESET = 0x03
