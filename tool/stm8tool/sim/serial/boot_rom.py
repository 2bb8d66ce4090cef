"""The loader in a chip's boot ROM: bytes from the host in, bytes of its answers out.

Sources: UM0560 as its clients use it (stm8gal, confidence high). Our readings, where they are silent:

* Any byte is the echo of a NACK. A wrong echo of another byte ends the answer. Whether the echo of the answer to a sync
  is awaited is the switch `sync_awaits_echo`; for a second sync it is `refusal_awaits_echo`.
* Page zero of RAM up to 0x9F holds the loader's variables. It refuses to write there.
* A read across the end of a memory gives 0x00 for the rest. The die may have flash that the part does not have: it
  reads 0x00, too.
* Registers, the unique ID and the ROM itself cannot be read.
* A routine in RAM that does not return leaves a loader that is silent until the next reset. One that starts no work on
  the flash or EEPROM for 0.1 s is taken for such a routine.
* After a sync it does not measure the speed again. A byte at another speed is lost; a real UART would receive garbage.
* An STM8L of 8 KiB copies its routines into RAM when the loader starts, one byte of them wrong. That byte is in the
  routine for writes, so an erase works. No source says how a write fails without the byte of the client: a gap.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from typing import Optional

from ..chip.memory import Memory
from ..chip.powered import FIRST_ADDRESS, FIRST_BYTES, PoweredChip
from ..gap import SimGapError
from .rom_facts import SECTOR, RomLoader, RomVariables
from .rom_flash import RomFlash
from .started import StartedProgram
from .wire import Sent, Started

_log = logging.getLogger(__name__)

ACK, NACK, SYNC = 0x79, 0x1F, 0x7F
GET, READ, GO, WRITE, ERASE = 0x00, 0x11, 0x21, 0x31, 0x43
FASTEST_BAUD = 1_000_000  # up to here the loader follows by UM0560; clients have tried up to 230400
SLOWEST_BAUD = 4800
COMMANDS = (GET, READ, GO, WRITE, ERASE)
_USUAL_BAUD = 115200
_TOLERANCE = 0.04  # of the speed, between the two ends of a UART; our reading
WINDOW_S = 1.0  # after a reset, if an option byte enables the loader and there is a program
# The texts of `DebugModule.stopped` while the ROM has the CPU. A chip file keeps them, so the next client finds them.
IN_LOADER = "its boot ROM, which waits for a host"
_IN_STEP = "its boot ROM, in step with a host at {} baud"
DEAD = "its boot ROM: a routine in RAM did not come back"

_OPTBL = {"stm8s": (0x487E, bytes((0x55, 0xAA))), "stm8l": (0x480B, bytes((0x55, 0xAA)))}
_MOST_WRITTEN, _MOST_READ = 128, 256
_VARIABLES_END = 0xA0
_BUFFER, _COMMAND, _COPY, _COUNT, _ADDRESS, _STATUS = 0x00, 0x82, 0x85, 0x88, 0x8A, 0x8E
_ALL, _IN_ARRAY, _WHOLE_BLOCK = 0x10, 0x20, 0x40  # of the status
_ERASE_ENTRY = 0x00A0
_LOOP = bytes((0x20, 0xFE))  # JRA to itself
_REFRESH = bytes.fromhex("35AA50E0 81")  # MOV IWDG_KR,#0xAA and RET: all that is known of the ROM's routine
_GLANCE_S = 0.00002  # of simulated time; between two of them the simulator looks whether a routine has come back
_STACK_USED = 16  # bytes of the ROM; no source says how many
_LIMIT_S = 20.0  # for a routine; a mass erase of 128 KiB takes 3.3 s
_IDLE_S = 0.1  # so long a routine may start nothing in the arrays; one that works starts the next block much earlier
_CC = 0x28

Taking = Generator[None, Optional[int], None]


class BootRom:
    """The loader of one chip. It runs from a reset until it starts a program.

    Args:
        chip: The chip.
        loader: Which loader it has.
        now: The present time.
    """

    def __init__(self, chip: PoweredChip, loader: RomLoader, now: float) -> None:
        self._chip = chip
        self._loader = loader
        self._flash = RomFlash(chip)
        self._now = now
        self._until: Optional[float] = None
        self._out: list[Sent] = []
        self._taking: Optional[Taking] = None
        self._program: Optional[StartedProgram] = None  # by GO
        self._late: list[Sent] = []  # answers to bytes that came after the reset of a program
        self._baud = _USUAL_BAUD
        self._synced = self._awaits_echo = False
        held = re.fullmatch(_IN_STEP.format("([0-9]+)"), chip.debug.stopped)
        if not chip.powered or chip.debug.stopped == DEAD:
            return
        if held:
            self._baud, self._synced = int(held[1]), True
            self._listen()
        elif chip.has_program:
            return
        elif chip.debug.in_ram and not chip.debug.stopped:
            self._program = StartedProgram(chip, self._baud, now, reply=loader.reply, goes_on=True)
        else:
            self.begin(now)  # a blank chip has been waiting since its last reset

    @property
    def even_parity(self) -> bool:
        """The parity of its UART: even, or none."""
        return not self._loader.reply

    @property
    def hears_itself(self) -> bool:
        """In reply mode it awaits each of its bytes, and on a single wire its own one is that."""
        return self._awaits_echo

    @property
    def runs(self) -> bool:
        """True while the loader has the CPU."""
        return self._taking is not None

    def begin(self, now: float) -> None:
        """Do what the ROM does after a reset: decide between the loader and the program."""
        chip = self._chip
        self._taking, self._until = None, None
        self._synced = self._awaits_echo = False
        if self._program:
            self._program.end()
            self._program = None
        address, enabled = _OPTBL[chip.part.flash_regs]
        virgin = chip.flash.data[0] not in FIRST_BYTES
        if chip.options.rop or not chip.powered or chip.in_reset:
            return
        if not virgin:
            if chip.options.memory.read(address, 2) != enabled:
                return
            self._until = now + WINDOW_S
        chip.debug.stopped = IN_LOADER
        chip.map.clock_divider = 0
        if self._loader.leaves_open:
            chip.controller.leave_open()
        if self._loader.patch:
            at, wanted = self._loader.patch
            chip.ram.write(at, bytes([wanted ^ 0xFF]))  # no source has the wrong byte
        self._listen()

    def _listen(self) -> None:
        self._taking = self._run()
        next(self._taking)

    def _in_step(self) -> None:
        """Note that the loader waits for a command."""
        self._synced, self._chip.debug.stopped = True, _IN_STEP.format(self._baud)

    def follows(self, baud: int) -> bool:
        """Tell whether it understands bytes at this speed."""
        slow = self._chip.faults.uart_slow
        if not self._synced:
            self._baud = baud
        elif self.runs and abs(baud - self._baud) > _TOLERANCE * self._baud:
            return False
        return SLOWEST_BAUD <= baud <= (FASTEST_BAUD if slow is None else slow)

    def pull(self, low: bool, now: float) -> Optional[Started]:
        """Drive or release NRST; return how the chip starts, if it does."""
        chip = self._chip
        chip.set_nrst(low, now)
        chip.settle(now)
        if low or not chip.in_reset:
            return None
        started = now + chip.switches.start_s + (chip.faults.nrst_slow or 0) / 1000
        chip.settle(started)
        self.begin(started)
        return Started(started, [])

    def settle(self, now: float) -> None:
        """Let the time for a sync end."""
        if self._until is not None and not self._synced and now >= self._until:
            self._start(FIRST_ADDRESS, self._until)
        self._chip.settle(now)
        if self._program and self._program.was_reset and not self._chip.in_reset:
            unheard = self._program.unheard()
            self.begin(now)
            for byte, at in unheard:
                took_s = (10 + self.even_parity) / self._baud
                self._late += [Sent(answer.byte, answer.at + took_s) for answer in self.take(byte, at)]

    @property
    def works(self) -> bool:
        """True while a program may send bytes at any time."""
        return self._program is not None

    def sent(self) -> list[Sent]:
        """Return the bytes that a program has sent since the last call, with the times at which the host has them."""
        late, self._late = self._late, []
        return late + (self._program.sent() if self._program else [])

    def take(self, byte: Optional[int], now: float) -> list[Sent]:
        """Take a byte from the host, None for a damaged one; return the bytes that it sends."""
        if self._program:
            self._program.take(byte, now)  # the CPU executes up to there later
            return []
        self.settle(now)
        if self._taking is None:
            return []
        self._now, self._out = now, []
        self._taking.send(byte)
        return self._out

    # -- frames ------------------------------------------------------------------------------------------------

    def _put(self, byte: int) -> None:
        self._out.append(Sent(byte, self._now))

    def _send(self, *data: int) -> Generator[None, Optional[int], bool]:
        """Send bytes; return False if the host does not return one of them as it should."""
        for byte in data:
            self._put(byte)
            if self._loader.reply:
                self._awaits_echo = True
                echo = yield
                self._awaits_echo = False
                if echo != byte and byte != NACK:
                    return False
        return True

    def _run(self) -> Taking:
        if not self._synced:
            while (yield) != SYNC:
                pass
            self._in_step()
            if not self._chip.switches.sync_awaits_echo:
                self._put(ACK)
            elif not (yield from self._send(ACK)):
                yield from self._send(NACK)
        jobs = {GET: self._get, READ: self._read, GO: self._go, WRITE: self._write, ERASE: self._erase}
        while True:
            first = yield
            if first == SYNC:
                if self._chip.switches.refusal_awaits_echo:
                    yield from self._send(NACK)
                else:
                    self._put(NACK)
                continue
            second = None
            if first is not None:
                second = yield
            if first is None or second is None or first ^ second != 0xFF or first not in COMMANDS:
                yield from self._send(NACK)
                continue
            yield from jobs[first]()

    def _get(self) -> Taking:
        yield from self._send(ACK, len(COMMANDS), self._loader.version, *COMMANDS, ACK)

    def _addressed(self) -> Generator[None, Optional[int], Optional[int]]:
        """Acknowledge a command and take an address; None if it is wrong, which the host is told."""
        if not (yield from self._send(ACK)):
            return None
        frame: list[Optional[int]] = []
        for _ in range(5):
            frame.append((yield))
        address = _number(frame)
        if address is None or not self._exists(address):
            yield from self._send(NACK)
            return None
        return address if (yield from self._send(ACK)) else None

    def _read(self) -> Taking:
        address = yield from self._addressed()
        if address is None:
            return
        count = yield
        complement = yield
        if count is None or complement is None or count ^ complement != 0xFF:
            yield from self._send(NACK)
            return
        data = bytes(self._byte(at) for at in range(address, address + count + 1))
        yield from self._send(ACK, *data)

    def _write(self) -> Taking:
        address = yield from self._addressed()
        if address is None:
            return
        count = yield
        data: list[Optional[int]] = []
        for _ in range((count or 0) + 2):
            data.append((yield))
        held = _checked([count, *data])
        if held is None or len(held) - 1 > _MOST_WRITTEN:
            yield from self._send(NACK)
            return
        done = self._store(address, held[1:])
        if done is not None:
            yield from self._send(ACK if done else NACK)

    def _erase(self) -> Taking:
        if not (yield from self._send(ACK)):
            return
        count = yield
        if count == 0xFF:  # everything: FF and its complement
            codes: Optional[bytes] = b"" if (yield) == 0x00 else None
        else:
            data: list[Optional[int]] = []
            for _ in range((count or 0) + 2):
                data.append((yield))
            held = _checked([count, *data])
            codes = None if held is None else held[1:]
        if codes is None or any(code > self._loader.last_code for code in codes):
            yield from self._send(NACK)
            return
        done = self._erase_sectors(codes)
        if done is not None:
            yield from self._send(ACK if done else NACK)

    def _go(self) -> Taking:
        address = yield from self._addressed()
        if address is not None:
            self._start(address, self._now)
            self._program = StartedProgram(self._chip, self._baud, self._now, reply=self._loader.reply)
            yield  # the loader does not listen any more

    # -- memories ----------------------------------------------------------------------------------------------

    def _memory(self, address: int) -> Optional[Memory]:
        chip = self._chip
        for memory in (chip.ram, chip.eeprom, chip.options.memory, chip.flash):
            if memory is not None and memory.start <= address < memory.end:
                return memory
        return None

    def _exists(self, address: int) -> bool:
        on_die = 0 <= address - self._chip.flash.start < self._loader.flash_size
        return on_die or self._memory(address) is not None

    def _byte(self, address: int) -> int:
        memory = self._memory(address)
        return 0 if memory is None else memory.data[address - memory.start]

    def _store(self, address: int, data: bytes) -> Optional[bool]:
        """Write bytes; return whether that succeeded, or None if the loader is dead."""
        chip, memory = self._chip, self._memory(address)
        if memory is None or address + len(data) > memory.end:
            return False
        if memory is chip.ram:
            if address < _VARIABLES_END:
                return False
            memory.write(address, data)
            return True
        block = chip.part.block
        whole = memory is not chip.options.memory and len(data) == block and address % block == 0
        if memory is chip.options.memory and not self._flash.may_change(address, data):
            return False
        self._flash.unlock(memory, self._now)
        if self._loader.calls is None:
            self._require_patch()
            fine, self._now = self._flash.store(memory, address, data, self._now, whole=whole)
            return fine
        calls = self._loader.calls
        self._set_variables(WRITE, data, address, _WHOLE_BLOCK * whole)
        chip.ram.write(calls.option, bytes([memory is chip.options.memory]))
        return self._call(calls, calls.write_entry, calls.write_error)

    def _require_patch(self) -> None:
        if self._loader.patch:
            at, wanted = self._loader.patch
            if self._chip.ram.data[at] != wanted:
                raise SimGapError(f"a write by this loader while RAM does not hold 0x{wanted:02X} at 0x{at:04X}")

    def _erase_sectors(self, codes: bytes) -> Optional[bool]:
        chip, loader = self._chip, self._loader
        for memory in (chip.flash, chip.eeprom):
            if memory is not None:
                self._flash.unlock(memory, self._now)
        if loader.calls is not None:
            self._set_variables(ERASE, codes or b"\0", 0, _ALL * (not codes))
            return self._call(loader.calls, _ERASE_ENTRY, loader.calls.erase_error)
        fine = True
        for code in codes or range(loader.last_code + 1):
            in_flash = code < loader.eeprom_code
            memory = chip.flash if in_flash else chip.eeprom
            if memory is None:
                return False
            start = memory.start + SECTOR * (code if in_flash else code - loader.eeprom_code)
            for address in range(start, min(start + SECTOR, memory.end), memory.block):
                erased, self._now = self._flash.erase(memory, address, self._now)
                fine = erased and fine
        return fine

    # -- the CPU -----------------------------------------------------------------------------------------------

    def _set_variables(self, command: int, data: bytes, address: int, status: int) -> None:
        ram = self._chip.ram
        ram.write(_BUFFER, data)
        ram.write(_COMMAND, bytes([command]))
        ram.write(_COPY, address.to_bytes(3, "big"))
        ram.write(_COUNT, bytes([len(data) - 1]))
        ram.write(_ADDRESS, address.to_bytes(3, "big"))
        ram.write(_STATUS, bytes([status | _IN_ARRAY]))

    def _call(self, calls: RomVariables, entry: int, error: int) -> Optional[bool]:
        """Let the CPU execute a routine in RAM; return whether it left no error, or None if it did not come back.

        It returns to a loop at the end of RAM, where a real ROM has its stack: the ROM's own code is not known.
        """
        chip, debug = self._chip, self._chip.debug
        back = chip.ram.end - len(_LOOP)
        top = back - 1 - _STACK_USED
        chip.ram.write(back, _LOOP)
        chip.ram.write(top - 1, back.to_bytes(2, "big"))
        chip.processor.execution.memory[calls.refresh : calls.refresh + len(_REFRESH)] = _REFRESH
        debug.stopped = ""
        debug.leave_at(entry, 0, 0, 0, top - 2, _CC)
        limit, idle_since = self._now + _LIMIT_S, self._now
        while debug.pc != back and not debug.stopped and not chip.in_reset:
            busy = chip.controller.busy_until if chip.controller.busy else 0.0
            idle_since = max(idle_since, busy)
            if self._now >= min(limit, idle_since + _IDLE_S):
                break
            self._now = chip.executed_to = chip.processor.run(self._now, max(self._now, busy) + _GLANCE_S)
        returned = debug.pc == back and debug.registers[4] == top  # what runs through RAM arrives there without RET
        if not returned or chip.in_reset:
            self._taking_ends()
            if not chip.in_reset:
                debug.stopped = DEAD
                _log.warning(
                    "a routine in RAM did not come back at 0x%06X: the loader of this chip is silent until a reset",
                    debug.pc,
                )
            return None
        self._in_step()
        return chip.ram.data[error] == 0

    def _taking_ends(self) -> None:
        self._taking, self._until = None, None

    def _start(self, address: int, now: float) -> None:
        """Jump to a program: the loader is over."""
        chip = self._chip
        chip.settle(now)
        self._taking_ends()
        chip.debug.stopped = ""
        chip.debug.leave_at(address, 0, 0, 0, chip.ram.end - 1, _CC)


def _number(frame: list[Optional[int]]) -> Optional[int]:
    """Return the address of four bytes and their XOR, or None."""
    held = _checked(frame)
    return None if held is None else int.from_bytes(held, "big")


def _checked(frame: list[Optional[int]]) -> Optional[bytes]:
    """Return the bytes before a checksum by XOR, or None if one is damaged or the sum is wrong."""
    total, held = 0, bytearray()
    for byte in frame:
        if byte is None:
            return None
        total ^= byte
        held.append(byte)
    return None if total else bytes(held[:-1])
