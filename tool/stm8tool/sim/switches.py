"""If the sources disagree or are silent, the simulated chip has a switch. Tests run both positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Switches:
    """How this chip behaves if the facts leave a choice.

    Attributes:
        iapsr_reset: FLASH_IAPSR after reset. Manuals give 40, datasheets 00. The trace of ST's tool has 80 before and
            CA after the keys on a locked chip. So HVOFF is 0 until the keys: default 00.
        iapsr_undocumented: IAPSR bit 7 = ROP active and bit 5 = programming, as in the same trace.
        rop_hides_options: the option area reads 0x71 under ROP. None: as seen on STM8S, not on STM8L (reported).
        rop_reads: The value that flash and EEPROM read under ROP: 71 by most reports, 00 by one.
        rop_hides_boot_rom: The boot ROM reads 0x71 under ROP, and until the reset that follows the global erase. No
            source says whether it can be read then.
        rop_write_nacks: a write under ROP is refused on the wire instead of setting WR_PG_DIS (reported).
        no_access_bit: SWIM_CSR.NO_ACCESS shows that the bus is closed (in reset, under ROP) as UM0470 has it;
            it was observed 0 on a locked STM8S003.
        debug_module_in_reset: SWIM reaches the registers of the debug module while NRST is low. A rewrite of stm8flash
            needs that: it writes DM_CSR2 then. The end of the reset undoes it. Otherwise they are closed to it, too.
        hs_waits_for_hsit: SWIM_CSR.HS has no effect before HSIT, as UM0470 says. OpenOCD expects an effect at once,
            if it connects under reset at its 800 kHz.
        start_s: From the end of a reset until the option bytes are loaded, in seconds. No source gives it; clients wait
            1 ms (stm8flash) or 10 ms (vsprog).
        hsit_late_s: From the end of `start_s` until HSIT is set, in seconds. stm8flash asks for it up to ten times.
        entry_keeps_hs: the entry sequence leaves SWIM_CSR.HS as it is. All sources say that it clears the bit.
        resync_keeps_hs: A communication reset leaves SWIM_CSR.HS as it is. One open firmware, and the order in which
            all clients send it, say that it clears the bit.
        dukr_second_key_locks: a wrong second DUKR key needs a reset (step lists of RM0016/RM0013) instead of being
            repeatable (PM0054 4.4).
        lock_write_relocks: writing the lock value to a locked STM8S erases and locks again (reported). Otherwise it
            only erases, and the next such write locks.
        rop_write_erases_again: A write to the ROP byte, after the global erase and before the next reset, erases again.
            The reason: protection ends only with that reset. One tool repeats the write on every family, which "does
            no harm". Otherwise the write programs only the byte.
        options_erase_to_default: on STM8L the option bytes hold their defaults after the global erase (two users)
            instead of 00 (PM0054).
        dul_misses: How many correct DUKR sequences do not set DUL (STM8L151, reported).
        global_erase_s: Length of the global erase by ROP; 3 ms in one trace, tools allow up to 2 s.
        cut_erases: A reset or a cut leaves the bytes that are being programmed erased, instead of corrupt.
        cut_ruins_word: A byte write that is cut ruins the word of four bytes on which the hardware works. Otherwise it
            ruins only the byte; the manuals speak of the data that were to be written.
        unmapped_value: The value of addresses outside the memory map. No source gives it. ST's tool reads some at
            connect and goes on; writes there "go nowhere".
        stolen_cycles: CPU cycles that each byte on SWIM costs a CPU that executes. The manuals say that SWIM steals
            cycles and not how many.
        sync_awaits_echo: In reply mode the loader awaits the echo of its answer to a sync. stm8gal sends it if the user
            names the mode, and takes a NACK for the sign of the mode if not.
        refusal_awaits_echo: In reply mode the loader awaits the echo of its answer to a second sync. The clients
            that we know send none in that mode.
        go_keeps_uart: A program that the boot ROM's loader starts finds the UART as the loader has set it. No source
            says what the ROM does to it.
        app_clock_divider: The program writes this to CLK_CKDIVR when it starts.
    """

    iapsr_reset: int = 0x00
    iapsr_undocumented: bool = True
    rop_hides_options: Optional[bool] = None
    rop_reads: int = 0x71
    rop_hides_boot_rom: bool = False
    rop_write_nacks: bool = False
    no_access_bit: bool = False
    debug_module_in_reset: bool = True
    hs_waits_for_hsit: bool = True
    start_s: float = 0.0005
    hsit_late_s: float = 0.0
    entry_keeps_hs: bool = False
    resync_keeps_hs: bool = False
    dukr_second_key_locks: bool = False
    lock_write_relocks: bool = False
    rop_write_erases_again: bool = False
    options_erase_to_default: bool = True
    dul_misses: int = 0
    global_erase_s: float = 0.003
    cut_erases: bool = False
    cut_ruins_word: bool = False
    unmapped_value: int = 0x00
    stolen_cycles: int = 1
    sync_awaits_echo: bool = True
    refusal_awaits_echo: bool = False
    go_keeps_uart: bool = True
    app_clock_divider: Optional[int] = None
