"""A chip in the hands of a debugger: halt, go on, step, breakpoints, registers, memory.

    with api_chip as chip, Target(chip) as target:
        target.attach()                      # no reset; the CPU is halted
        target.set_breakpoint(0x8080)
        target.resume()
        while (stop := target.poll()) is None:
            target.clock.sleep(0.01)
        print(stop.reason, target.registers)

Both the GDB server and the debugger of the command line stand on it. At its end the breakpoints are gone, and the
program runs on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Optional

from ..errors import LINK_ERRORS, Code, ConnectError, LinkFault, SwimError, TargetError, ToolError
from ..image import Image
from ..parts.table import Part
from ..support.clock import Clock
from ..support.interrupts import shield
from . import comparators, locked
from .comparators import NOTHING, Access, Condition, breakpoint_at, watchpoint
from .memory import Memory
from .registers import MASKED, WINDOW, Registers
from .run_control import STF, SWBKF, RunControl, Status
from .stops import Reason, Stop

if TYPE_CHECKING:
    from ..api import Chip

_log = logging.getLogger(__name__)

# Instructions that use or change CC.I1 and CC.I0: a step over them masks no interrupts. 72 8F is WFE.
_OF_INTERRUPTS = frozenset(b"\x80\x83\x86\x8a\x8e\x8f\x9a\x9b")
_PREFIX_72, _WFE = 0x72, 0x8F
_STEP_LOOKS = 3  # until a step counts as asleep: an instruction takes microseconds
_PATIENCE_S = 30.0  # how long a chip that answered before may stay silent; as for the console
_AGAIN_S = 0.05
_RELEASE_TRIES = 3


class Target:
    """A context manager around the debugging of one chip.

    Args:
        chip: The chip, inside its own `with` statement.
        notice: Called with one line for the user, such as "the chip was reset".

    Attributes:
        memory: Its memory, also while it runs.
        is_asleep: It sleeps in HALT, as the last `poll` saw: then nothing but a reset or its own wake-up stops it.
    """

    def __init__(self, chip: Chip, notice: Callable[[str], None] = lambda text: None) -> None:
        self._chip = chip
        self._notice = notice
        self._control: Optional[RunControl] = None
        self._memory: Optional[Memory] = None
        self._held: Optional[Registers] = None  # what the user sees; None while the CPU runs
        self._in_chip: Optional[Registers] = None  # what the CPU holds
        self._flush = False  # PC or code has changed since the last stop
        self._conditions: list[Condition] = []
        self._set = NOTHING  # in the comparators
        self._wants_halt = False
        self._silent_since: Optional[float] = None
        self.is_asleep = False

    def __enter__(self) -> Target:
        """Do nothing yet: `attach` reaches the chip."""
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Let the program run on; a failure of that is only an error if there was none before."""
        if error is None:
            self.detach()
            return
        with suppress(ToolError):
            self.detach()

    # -- begin and end ----------------------------------------------------------------------------------------

    def attach(self, *, reset: bool = False) -> Stop:
        """Reach the chip and halt it: where it is, or with `reset` before its first instruction.

        Raises:
            ConnectError: The chip does not answer; asleep in HALT it answers only with `reset`.
            TargetError: It sleeps in HALT.
            ReadoutProtectedError: It is locked; its program runs on.
        """
        self._forget()
        self._take(reset=reset)
        try:
            if reset:
                return self.reset()
            self.control.attach()
            locked.require_open(self.control.link, self.part)
            self.control.watch_for(NOTHING)
            return self.halt()
        except SwimError as exc:
            sleeps = not isinstance(exc, ConnectError) and self._is_asleep(exc)
            self._abandon()
            if sleeps:
                raise asleep() from exc
            raise
        except BaseException:
            self._abandon()
            raise

    def _take(self, *, reset: bool) -> None:
        core = self._chip.debugged(reset=reset)
        self._control, self._memory = RunControl(core.link), Memory(core, self.part)

    def _abandon(self) -> None:
        """Let a chip run that could not be attached."""
        with suppress(ToolError):
            self.detach()

    def _forget(self) -> None:
        """Begin as if no debugger had been there."""
        self._held = self._in_chip = None
        self._conditions.clear()
        self._set = NOTHING
        self._flush = self._wants_halt = self.is_asleep = False
        self._silent_since = None

    def detach(self) -> None:
        """Remove all breakpoints and let the program run on. Does nothing if the chip is not attached.

        Raises:
            SwimError, TransportError: The chip could not be released; its CPU may stand still.
        """
        if self._control is None:
            return
        control = self._control
        with shield():
            try:
                for left in reversed(range(_RELEASE_TRIES)):
                    try:
                        self._release(control)
                        return
                    except LINK_ERRORS as exc:
                        if not left:
                            raise
                        _log.debug("while the debugger lets the chip go: %s", exc)
                    with suppress(*LINK_ERRORS):
                        control.attach()
            finally:
                self._control = self._memory = None
                self._forget()

    def _release(self, control: RunControl) -> None:
        if self._held is None and self.memory.has_breaks and self._silent_since is None:
            self._held = self._in_chip = self._after_stall(control)
        if self._held is not None:
            self._flush = self.memory.clear_breaks() or self._flush
            self._set_registers(self._held)
        control.leave(flush=self._flush)

    @staticmethod
    def _after_stall(control: RunControl) -> Registers:
        control.stall()
        return control.registers()

    # -- what it is -------------------------------------------------------------------------------------------

    @property
    def control(self) -> RunControl:
        """The debug module; TargetError if nothing is attached."""
        if self._control is None:
            raise TargetError("the debugger is not attached to the chip", code=Code.DEBUG)
        return self._control

    @property
    def memory(self) -> Memory:
        """The memory of the chip."""
        if self._memory is None:
            raise TargetError("the debugger is not attached to the chip", code=Code.DEBUG)
        return self._memory

    @property
    def part(self) -> Part:
        """The chip."""
        return self._chip.part

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""
        return self.control.link.clock

    @property
    def is_attached(self) -> bool:
        """True between `attach` and `detach`."""
        return self._control is not None

    @property
    def is_halted(self) -> bool:
        """True while the CPU stands still."""
        return self._held is not None

    @property
    def registers(self) -> Registers:
        """The registers of the halted CPU; TargetError while it runs."""
        if self._held is None:
            raise TargetError("the CPU runs, so its registers cannot be read", code=Code.DEBUG, hint="halt it first")
        return self._held

    @registers.setter
    def registers(self, values: Registers) -> None:
        """Set them; the CPU gets them when it goes on."""
        self._flush = self._flush or values.pc != self.registers.pc
        self._held = values

    # -- run control ------------------------------------------------------------------------------------------

    def halt(self) -> Stop:
        """Stop the CPU, if it runs.

        Raises:
            TargetError: It sleeps in HALT, or does not stop.
        """
        if self._held is not None:
            return Stop(Reason.REQUEST, self._held.pc)
        try:
            status = self.control.stall()
        except SwimError as exc:
            if self._is_asleep(exc):
                raise asleep() from exc
            raise
        return self._stopped(status) or self.halt()

    def resume(self) -> None:
        """Let the CPU go on, until `poll` returns a stop. It leaves a breakpoint at its present address."""
        pc = self.registers.pc
        if self._holds_breakpoint(pc) and self.step() is None:
            return
        self._go_on()

    def _go_on(self) -> None:
        control, held = self.control, self.registers
        self._set_registers(held)
        self._watch(self._conditions)
        control.refresh_watchdog()
        control.mask_resets(False)
        control.go(flush=self._flush)
        self._runs()

    def _runs(self) -> None:
        self._held = self._in_chip = None
        self._flush = self._wants_halt = False
        self.memory.runs()

    def poll(self) -> Optional[Stop]:
        """Look at the running CPU; return why it has stopped, or None while it runs.

        A reset of the chip ends SWIM. Then this attaches again, sets the breakpoints again, and tells it.

        Raises:
            ConnectError: The chip has been silent for half a minute.
        """
        if self._held is not None:
            return Stop(Reason.REQUEST, self._held.pc)
        if self._silent_since is not None:
            return self._attach_again()
        try:
            status = self.control.status()
            self.is_asleep = False
            if self._wants_halt:
                return self.halt()
        except LINK_ERRORS as exc:
            if self._is_asleep(exc):
                return None
            self._lose(exc)
            return None
        return self._stopped(status) if status.stalled else None

    def halt_soon(self) -> Optional[Stop]:
        """Do `halt`; if the chip sleeps in HALT or is silent, None, and a later `poll` halts it."""
        self._wants_halt = True
        return self.poll()

    def _is_asleep(self, exc: ToolError) -> bool:
        if not isinstance(exc, SwimError) or exc.fault is not LinkFault.REFUSED:
            return False
        with suppress(*LINK_ERRORS):
            asleep_now = self.control.sleeps()
            if asleep_now and not self.is_asleep:
                self._notice("the chip sleeps in HALT: an interrupt of its program wakes it, or a reset")
            self.is_asleep = asleep_now
            return True
        return False

    def _lose(self, exc: ToolError) -> None:
        _log.debug("the debugger lost the chip: %s", exc)
        self._silent_since = self.clock.now()
        self.is_asleep = False

    def _attach_again(self) -> Optional[Stop]:
        since, control = self._silent_since, self.control
        try:
            control.attach()
            control.watch_for(NOTHING)
            self._set = NOTHING
            status = control.stall()
            self._silent_since = None
            stop = self._stopped(status)
            breaks = self.memory.has_breaks
            self.memory.forget_breaks()
            self._notice(
                "the chip was reset, or its wire was open: the breakpoints are set again"
                + (", except those in RAM" if breaks else "")
            )
            if stop is not None and self._wants_halt:
                return stop
            self._go_on()
        except ConnectError:
            if since is not None and self.clock.now() - since > _PATIENCE_S:
                raise
            self.clock.sleep(_AGAIN_S)
        except LINK_ERRORS as exc:
            _log.debug("while the debugger attaches again: %s", exc)
            self._silent_since = since
            self._held = self._in_chip = None
        return None

    def step(self) -> Optional[Stop]:
        """Execute one instruction, without the interrupts that wait; None if the CPU sleeps in it.

        After None, `poll` returns the stop when the CPU wakes.
        """
        before = self.registers
        masked = not self._touches_interrupts(before.pc)
        lifted = self.memory.clear_break(before.pc)
        self._set_registers(before._replace(cc=before.cc | MASKED) if masked else before)
        self._watch([c for c in self._conditions if not (c.is_breakpoint and c.first == before.pc)])
        self.control.go(flush=self._flush or lifted, step=True)
        self._flush = False
        self._held = None
        for _ in range(_STEP_LOOKS):
            status = self.control.status()
            if status.stalled:
                break
        else:
            self.memory.runs()
            return None
        stop = self._stopped(status)
        if lifted:
            self.memory.set_break(before.pc)
            self._flush = True
        if masked and self._held is not None:
            self._held = self._held._replace(cc=self._held.cc & ~MASKED | before.cc & MASKED)
        return stop

    def step_range(self, start: int, end: int, goes_on: Callable[[], bool] = lambda: True) -> Optional[Stop]:
        """Step while PC is in start..end-1; `goes_on` is asked after each step. None if the CPU sleeps."""
        while True:
            stop = self.step()
            if stop is None or stop.reason is not Reason.STEP:
                return stop
            if self._holds_breakpoint(stop.pc):
                return self._at_breakpoint(stop.pc)
            if not start <= stop.pc < end or not goes_on():
                return stop

    def reset(self) -> Stop:
        """Reset the chip; it is halted before its first instruction. Breakpoints stay, except those in RAM."""
        if self._held is not None:
            self.memory.clear_breaks()
        self.memory.forget_breaks()
        self._held = self._in_chip = None
        self._silent_since = None
        self.is_asleep = self._wants_halt = False
        try:
            self.control.reset()
        except LINK_ERRORS as exc:
            _log.debug("a reset by SWIM failed, so the chip is reached as if for the first time: %s", exc)
            self._take(reset=True)
            self.control.reset()
        self.memory.runs()
        self._set = NOTHING
        self.control.watch_for(NOTHING)
        self._held = self._in_chip = self.control.registers()
        self._flush = False
        return Stop(Reason.RESET, self._held.pc)

    def load(self, image: Image) -> None:
        """Write an image to flash and EEPROM, as `write` does; then the chip is halted after a reset.

        Raises:
            ImageError, WriteProtectedError, ProgramError, VerifyError: See `Chip.write`.
        """
        self.memory.forget_breaks()
        try:
            self._chip.write(image, unlock=False)
        finally:
            self._take(reset=False)
            self.reset()

    # -- memory -----------------------------------------------------------------------------------------------

    def read(self, address: int, size: int) -> bytes:
        """Return bytes of any memory, also while the CPU runs; TargetError for the CPU's registers while it runs."""
        touched = _overlap(address, size)
        if not touched:
            return self.memory.read(address, size)
        window = self.registers.window()
        before, after = range(address, touched.start), range(touched.stop, address + size)
        held = window[touched.start - WINDOW.start : touched.stop - WINDOW.start]
        return self.memory.read(before.start, len(before)) + held + self.memory.read(after.start, len(after))

    def write(self, address: int, data: bytes) -> None:
        """Write bytes: RAM and registers directly, flash and EEPROM by programming them while the CPU is halted.

        Raises:
            TargetError: The address must not be written, or not while the CPU runs.
            WriteProtectedError, ProgramError, VerifyError: Flash or EEPROM does not take the bytes.
        """
        touched = _overlap(address, len(data))
        if not touched:
            self._flush = self._held is not None
            self.memory.write(address, data, halted=self._held is not None)
            return
        window = bytearray(self.registers.window())
        window[touched.start - WINDOW.start : touched.stop - WINDOW.start] = data[
            touched.start - address : touched.stop - address
        ]
        self.registers = Registers.from_window(bytes(window))
        for start, end in ((address, touched.start), (touched.stop, address + len(data))):
            if start < end:
                self.memory.write(start, data[start - address : end - address], halted=True)

    # -- breakpoints ------------------------------------------------------------------------------------------

    @property
    def conditions(self) -> Sequence[Condition]:
        """What the comparators watch for."""
        return tuple(self._conditions)

    def set_breakpoint(self, address: int, *, hardware: bool = False) -> None:
        """Stop before the instruction at an address: by BREAK in RAM, else by a comparator.

        Raises:
            TargetError: No comparator is free, or the CPU cannot execute there.
        """
        memory = self.memory
        memory.require_code(address)
        if memory.is_ram(address) and not hardware:
            if self._held is None:
                raise TargetError(
                    "the CPU runs, so its code in RAM cannot be changed", code=Code.DEBUG, hint="halt it first"
                )
            memory.set_break(address)
            self._flush = True
            return
        self.add(breakpoint_at(address))

    def clear_breakpoint(self, address: int) -> None:
        """Remove the breakpoint at an address, if there is one."""
        if self.memory.clear_break(address):
            self._flush = True
        self.remove(breakpoint_at(address))

    def set_watchpoint(self, access: Access, address: int, size: int = 1) -> None:
        """Stop after an access to data; more than one byte takes both comparators."""
        self.add(watchpoint(access, address, size))

    def clear_watchpoint(self, access: Access, address: int, size: int = 1) -> None:
        """Remove a watchpoint, if it is set."""
        self.remove(watchpoint(access, address, size))

    def add(self, condition: Condition) -> None:
        """Watch for a condition; TargetError if the comparators cannot do that."""
        if condition in self._conditions:
            return
        wanted = [*self._conditions, condition]
        comparators.setting(wanted)
        self._conditions = wanted
        if self._held is None:
            self._watch(wanted)

    def remove(self, condition: Condition) -> None:
        """Watch for it no more."""
        if condition in self._conditions:
            self._conditions.remove(condition)
            if self._held is None:
                self._watch(self._conditions)

    # -- inside -----------------------------------------------------------------------------------------------

    def _watch(self, conditions: Sequence[Condition]) -> None:
        wanted = comparators.setting(conditions)
        if wanted != self._set:
            self.control.watch_for(wanted)
            self._set = wanted

    def _set_registers(self, wanted: Registers) -> None:
        held = self._in_chip
        if held is None:
            held = self.control.registers()
        self.control.set_registers(held, wanted)
        self._in_chip = wanted

    def _holds_breakpoint(self, pc: int) -> bool:
        return self.memory.has_break(pc) or breakpoint_at(pc) in self._conditions

    def _at_breakpoint(self, pc: int) -> Stop:
        if self.memory.has_break(pc):
            return Stop(Reason.SOFTWARE, pc)
        return Stop(Reason.HARDWARE, pc, breakpoint_at(pc))

    def _touches_interrupts(self, pc: int) -> bool:
        code = self.memory.code(pc, 2)
        return code[0] in _OF_INTERRUPTS or (code[0] == _PREFIX_72 and code[1:] == bytes([_WFE]))

    def _stopped(self, status: Status) -> Optional[Stop]:
        """Take note of a CPU that stands still; None if it went on, because nothing that was asked for had happened."""
        control = self.control
        if not status.first & STF:  # a step runs with masked resets
            control.mask_resets(True)
        self._held = self._in_chip = held = control.registers()
        if status.second & SWBKF:
            return Stop(Reason.SOFTWARE if self.memory.has_break(held.pc) else Reason.BREAK, held.pc)
        seen = status.first & (comparators.BK1F | comparators.BK2F)
        if seen:
            condition = self._set.met(status.first)
            if condition is None and not status.first & STF and not self._wants_halt:
                self._go_on()
                return None
            if condition is not None:
                fetch = condition.access is Access.FETCH and condition.mode is not comparators.Mode.STACK
                return Stop(Reason.HARDWARE if fetch else Reason.WATCH, held.pc, condition)
        return Stop(Reason.STEP if status.first & STF else Reason.REQUEST, held.pc)


def asleep() -> TargetError:
    """Return the error for a chip in HALT."""
    return TargetError(
        "the chip sleeps in HALT, so its CPU cannot be stopped",
        code=Code.TARGET_SILENT,
        hint="let the debugger reset it (`monitor reset halt` in GDB), or wait until its program wakes up",
    )


def _overlap(address: int, size: int) -> range:
    """Return the addresses of a piece that are registers of the CPU."""
    return range(max(address, WINDOW.start), max(address, WINDOW.start, min(address + size, WINDOW.stop)))
