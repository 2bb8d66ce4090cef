"""The flash controller of both register maps.

Sources: RM0016 4.5 to 4.8 (STM8S/AF), RM0013 (STM8L101), PM0054 4.4 and 5.2 to 5.6 (STM8L), PM0047 2.3. The times are
from the datasheets. IAPSR bits 5 and 7 and the order of events are from a trace of ST's tool (medium confidence).
"""

from __future__ import annotations

from typing import Any, Optional

from stm8tool.parts.table import Part

from ..clock import TIE_S
from ..gap import SimGapError
from ..rules import BYTE, FLAG, LOAD, OPERATION, TIME, optional
from ..state import GIVEN, PART_OF_IT, SCRATCH, State
from ..switches import Switches
from .flash_keys import DUL, KEY_RULES, PUL, Keys
from .flash_work import FIX, MODES, OPT, TPROG_BLANK_S, TPROG_S, WORD, Load, Operation
from .memory import Memory
from .options import ROP_ADDRESS, OptionBytes, is_l101

REGISTERS = {
    "stm8s": {
        0x505A: "CR1",
        0x505B: "CR2",
        0x505C: "NCR2",
        0x505D: "FPR",
        0x505E: "NFPR",
        0x505F: "IAPSR",
        0x5062: "PUKR",
        0x5064: "DUKR",
    },
    "stm8l": {0x5050: "CR1", 0x5051: "CR2", 0x5052: "PUKR", 0x5053: "DUKR", 0x5054: "IAPSR"},
}

HVOFF, BUSY, EOP, WR_PG_DIS, ROP = 0x40, 0x20, 0x04, 0x01, 0x80


class FlashController(Keys):
    """Keys, modes, and everything that changes flash, data EEPROM and option bytes.

    Attributes:
        by_program: The chip's own program acts, not SWIM. ROP keeps it only from the option bytes.
        erases_cut: How many global erases a reset has cut. No manual says what the arrays then hold.

    Methods that may be refused on the bus return None or False: the caller answers NACK.
    """

    STATE = State(
        {
            **dict.fromkeys(("_cr1", "_cr2"), BYTE),
            **KEY_RULES,
            **dict.fromkeys(("_eop", "_wr_pg_dis"), FLAG),
            "_awaiting_ncr2": optional(BYTE),
            **dict.fromkeys(("_awaited_of_program", "_has_erased_all"), FLAG),
            "_loading_now": optional(LOAD),
            "_operation_now": optional(OPERATION),
        },
        times={"_began": TIME, "_ends": TIME},
        left={
            **dict.fromkeys(("_part", "_switches", "_has_complement", "_has_hvoff", "_rww", "faults"), GIVEN),
            **dict.fromkeys(("flash", "eeprom", "options"), PART_OF_IT),
            "_load": "saved as `loading_now`",
            "_operation": "saved as `operation_now`, `began` and `ends`",
            "by_program": SCRATCH,
            "erases_cut": "counts for tests",
        },
    )

    def __init__(
        self,
        part: Part,
        flash: Memory,
        eeprom: Optional[Memory],
        options: OptionBytes,
        switches: Switches,
    ) -> None:
        super().__init__(part, switches)
        self.flash = flash
        self.eeprom = eeprom
        self.options = options
        self._has_complement = part.flash_regs == "stm8s"
        self._has_hvoff = not (is_l101(part) or part.name.lower().startswith("stm8tl"))
        self._rww = part.density != "low" and not is_l101(part)
        self._operation: Optional[Operation] = None
        self.by_program = False
        self.erases_cut = 0
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Do what a reset does; a running operation breaks off and its data are corrupt (PM0054 5.2)."""
        self._interrupt(now)
        self._cr1 = 0
        self._cr2 = 0
        self._awaiting_ncr2: Optional[int] = None
        self._awaited_of_program = False  # the program wrote CR2, not SWIM
        self._lock()
        self._eop = self._wr_pg_dis = False
        self._high_voltage_off = bool(self._switches.iapsr_reset & HVOFF)
        self._load: Optional[Load] = None
        self._has_erased_all = False

    def _interrupt(self, now: float) -> None:
        operation, self._operation = self._operation, None
        self.erases_cut += operation is not None and operation.memory is None
        if operation and operation.memory and operation.started <= now:
            switches = self._switches
            address, spoilt = operation.cut(ruins_word=switches.cut_ruins_word, erases=switches.cut_erases)
            self._store(operation.memory, address, spoilt)

    def _store(self, memory: Memory, address: int, data: bytes) -> None:
        """Put `data`, at most a block, into the array; a block that is worn out ages and keeps its content."""
        memory.age(address)
        dead = self.faults.dead_block
        if dead is None or memory.block_start(dead) != memory.block_start(address):
            memory.write(address, data)

    # -- what is under way, for the chip file ----------------------------------------------------------------

    @property
    def _loading_now(self) -> Optional[dict[str, Any]]:
        return None if self._load is None else self._load.dump()

    @_loading_now.setter
    def _loading_now(self, saved: Optional[dict[str, Any]]) -> None:
        self._load = None if saved is None else Load.restored(saved)

    @property
    def _operation_now(self) -> Optional[dict[str, Any]]:
        return None if self._operation is None else self._operation.dump()

    @_operation_now.setter
    def _operation_now(self, saved: Optional[dict[str, Any]]) -> None:
        memories = (self.flash, self.eeprom, self.options.memory)
        self._operation = None if saved is None else Operation.restored(saved, memories)

    @property
    def _began(self) -> Optional[float]:
        return self._operation.started if self._operation else None

    @_began.setter
    def _began(self, at: Optional[float]) -> None:
        if self._operation is not None:
            self._operation = self._operation._replace(started=at or 0.0)

    @property
    def _ends(self) -> Optional[float]:
        return self._operation.ends if self._operation else None

    @_ends.setter
    def _ends(self, at: Optional[float]) -> None:
        if self._operation is not None:
            self._operation = self._operation._replace(ends=at or 0.0)

    # -- time -----------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """True while the array is being erased or programmed."""
        return self._operation is not None

    @property
    def busy_until(self) -> float:
        """When the present operation ends; 0 if there is none."""
        return self._operation.ends if self._operation else 0.0

    def next_change(self, now: float) -> float:
        """When IAPSR changes next by itself: HVOFF, then the end; never while nothing is programmed."""
        operation = self._operation
        if operation is None:
            return float("inf")
        return operation.voltage_falls if now + TIE_S < operation.voltage_falls else operation.ends

    @property
    def awaits_complement(self) -> bool:
        """True if the program has to write NCR2 next: any other access of it has an effect."""
        return self._awaiting_ncr2 is not None and self._awaited_of_program

    @property
    def has_news(self) -> bool:
        """True if a read of IAPSR clears a flag."""
        return self._eop or self._wr_pg_dis

    @property
    def loading(self) -> bool:
        """True while a word or block has begun to come in over SWIM; the CPU stays stalled meanwhile."""
        return self._load is not None and not self._load.by_program

    def settle(self, now: float) -> None:
        """Finish the operation if its time has come."""
        operation = self._operation
        if operation is None or now + TIE_S < operation.ends:
            return
        self._operation = None
        self._cr2 &= ~MODES
        self._high_voltage_off = True
        if self.faults.no_eop or self.faults.marginal_supply is not None:
            return
        self._eop = True
        if operation.memory is None:
            for memory in (self.flash, self.eeprom):
                if memory is not None:
                    self._erase(memory)
            self.options.global_erase(operation.data[0], again=self._has_erased_all)
            self._has_erased_all = True
            return
        self._store(operation.memory, operation.address, operation.data)
        if operation.memory is self.options.memory:
            self.options.programmed(operation.address, operation.data)

    def _erase(self, memory: Memory) -> None:
        for address in range(memory.start, memory.end, memory.block):
            self._store(memory, address, bytes(memory.block))

    def _begin(self, memory: Optional[Memory], address: int, data: bytes, now: float, duration: float) -> None:
        self._eop = False
        if not self._has_complement:  # PM0054: the next operation clears it too; RM0016: only a read does
            self._wr_pg_dis = False
        self._operation = Operation(memory, address, data, now, now + duration)

    # -- registers ------------------------------------------------------------------------------------------

    def disturb(self) -> None:
        """Note an access to anything else: CR2 that NCR2 does not follow directly means byte mode (PM0047 2.3.3).

        An access of SWIM between two accesses of the program does not count, and the other way round.
        """
        if self._awaited_of_program == self.by_program:
            self._awaiting_ncr2 = None

    def read_register(self, name: str, now: float) -> Optional[int]:
        """Return a register, or None if the bus is stalled."""
        self.disturb()
        if name in ("CR1", "CR2", "NCR2"):
            if self.busy or (self._load is not None and not self.by_program):
                return None
            return self._cr1 if name == "CR1" else self._cr2 if name == "CR2" else self._cr2 ^ 0xFF
        if name == "IAPSR":
            value = self._iapsr(now)
            self._eop = self._wr_pg_dis = False
            return value
        if name == "FPR":
            return self.options.fpr
        return self.options.fpr ^ 0xFF if name == "NFPR" else 0  # the key registers read 00

    def _iapsr(self, now: float) -> int:
        value = PUL * self.pul | DUL * self.dul | EOP * self._eop | WR_PG_DIS * self._wr_pg_dis
        operation = self._operation
        off = self._high_voltage_off
        if operation:
            off = now + TIE_S >= operation.voltage_falls
        value |= HVOFF * (off and self._has_hvoff)
        if self._switches.iapsr_undocumented:
            value |= BUSY * (operation is not None) | ROP * self.options.rop
        return value

    def write_register(self, name: str, value: int, running: bool) -> bool:
        """Write a register; False if the bus refuses (busy, or CR2 while the CPU runs, as reported)."""
        awaiting, self._awaiting_ncr2 = self._awaiting_ncr2, None
        if self._awaited_of_program != self.by_program:
            awaiting = None
        if name in ("CR1", "CR2", "NCR2"):
            if self.busy or self._load is not None or (running and name != "CR1"):
                return False
            if name == "CR1":
                self._cr1 = value
            elif name == "NCR2":
                self._cr2 = awaiting if awaiting is not None and awaiting ^ value == 0xFF else 0
            elif self._has_complement:
                self._cr2 = 0
                self._awaiting_ncr2, self._awaited_of_program = value, self.by_program
            else:
                self._cr2 = value
        elif name == "PUKR":
            self._pukr(value)
        elif name == "DUKR":
            self._dukr(value)
        elif name == "IAPSR":
            self._relock(value)
        return True

    # -- arrays ---------------------------------------------------------------------------------------------

    def readable(self, memory: Memory) -> bool:
        """True if the array can be read now; RWW parts may read flash while data EEPROM is programmed."""
        self.disturb()
        if self._load is not None:
            return False
        operation = self._operation
        return operation is None or (self._rww and operation.memory is self.eeprom and memory is self.flash)

    def hidden(self, memory: Memory) -> bool:
        """True if `memory` reads 0x71 because of ROP (STM8S: reported; STM8L: assumed alike)."""
        if not self.options.rop:
            return False
        if memory is not self.options.memory:
            return True
        hides = self._switches.rop_hides_options
        return self._part.aa_locks if hides is None else hides

    @property
    def boot_rom_hidden(self) -> bool:
        """True if the boot ROM reads as protected memory does."""
        return self._switches.rop_hides_boot_rom and (self.options.rop or self._has_erased_all)

    def write_array(
        self, memory: Memory, address: int, data: bytes, now: float, byte_s: float, running: bool
    ) -> Optional[int]:
        """Take the first byte or bytes of `data`, which come `byte_s` apart, the first at `now`.

        Returns:
            How many bytes were taken, or None if the bus refused the first one.
        """
        self.disturb()
        if self.busy or running:
            return None
        if self._load is None:
            if self._protected(memory, address):
                self._wr_pg_dis = True
                self._cr2 &= ~MODES
                return None if self.options.rop and self._switches.rop_write_nacks else 1
            if not self._open(memory, address):
                return 1
            if self._closed(memory) or not self._cr2 & MODES:
                self._write_byte(memory, address, data[0], now)
                return 1
            self._load = Load.begun(self._part, memory, self._cr2, address, self.by_program)
        load = self._load
        if address != load.start + len(load.data):
            raise SimGapError(f"0x{address:06X} written while the block at 0x{load.start:06X} was loading")
        taken = data[: load.size - len(load.data)]
        load.data.extend(taken)
        if len(load.data) == load.size:
            self._load = None
            self._execute(memory, load, now + (len(taken) - 1) * byte_s)
        return len(taken)

    def loads_on(self, address: int, value: int) -> bool:
        """Take a byte from the program that continues its unit and does not end it; return whether it is one."""
        load = self._load
        if load is None or not load.by_program or address != load.start + len(load.data):
            return False
        if len(load.data) + 1 == load.size:
            return False
        load.data.append(value)
        return True

    def _closed(self, memory: Memory) -> bool:
        """True if ROP keeps a write out; to the chip's own program it closes the option bytes only (RM0016 4.5.1)."""
        return self.options.rop and (memory is self.options.memory or not self.by_program)

    def _protected(self, memory: Memory, address: int) -> bool:
        if self._closed(memory):
            return self.by_program or self.options.bricked is not None or address != ROP_ADDRESS
        return memory is self.flash and address < self.options.ubc_end

    @property
    def options_open(self) -> bool:
        """True if a write to the option area is taken."""
        return self.dul and bool(self._cr2 & OPT)

    def _open(self, memory: Memory, address: int) -> bool:
        if memory is self.options.memory:
            return self.options_open
        if self._cr2 & OPT:
            raise SimGapError(f"0x{address:06X} written with CR2.OPT set")
        return self.pul if memory is self.flash and address < self.options.data_start else self.dul

    def _write_byte(self, memory: Memory, address: int, value: int, now: float) -> None:
        again = self._has_erased_all and self._switches.rop_write_erases_again and address == ROP_ADDRESS
        if self._closed(memory) or again:
            # Only the ROP byte comes this far. WR_PG_DIS shows although the write works (trace AB AB AA AA .. 4E).
            self._begin(None, address, bytes([value]), now, self._switches.global_erase_s)
            self._wr_pg_dis = self._part.aa_locks
            return
        word = address & ~(WORD - 1)
        empty = not any(memory.read(max(word, memory.start), WORD))
        fast = empty and not self._cr1 & FIX
        self._begin(memory, address, bytes([value]), now, TPROG_BLANK_S if fast else TPROG_S)

    def _execute(self, memory: Memory, load: Load, now: float) -> None:
        address, data, duration = load.result(memory, bool(self._cr1 & FIX))
        self._begin(memory, address, data, now, duration)
