"""The CPU of an attached chip: halt, go on, step, and find it again after a reset.

`run_control.py` has the registers of the debug module. This module remembers the rest between two calls: the CPU's
registers, the conditions of the comparators, and whether the chip is asleep or lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Optional

from ..chip.link.leave import leave_running
from ..errors import LINK_ERRORS, Code, ConnectError, LinkFault, SwimError, TargetError, ToolError
from . import comparators
from .comparators import NOTHING, AccessKind, ComparatorSetting, Condition, Mode, breakpoint_at
from .memory import DebuggedMemory
from .registers import MASKED, Registers
from .run_control import STF, SWBKF, CpuStatus, RunControl
from .stops import Reason, Stop

_log = logging.getLogger(__name__)

# Instructions that use or change CC.I1 and CC.I0: a step over them masks no interrupts. 72 8F is WFE; 90 2C and 90 2D
# are JRNM and JRM, which jump by these bits.
_OF_INTERRUPTS = frozenset(b"\x80\x83\x86\x8a\x8e\x8f\x9a\x9b")
_OF_INTERRUPTS_WITH_PREFIX = frozenset((b"\x72\x8f", b"\x90\x2c", b"\x90\x2d"))
_STEP_LOOKS = 3  # until a step counts as asleep: an instruction takes microseconds
_PATIENCE_S = 30.0  # how long a chip that answered before may stay silent; as for the console
_AGAIN_S = 0.05  # between two tries to attach


class DebuggedCpu:
    """The CPU of a chip whose debug module is open.

    Args:
        control: The debug module.
        memory: The memory of the chip.
        notice: Called with one line for the user.

    Attributes:
        is_asleep: It sleeps in HALT, as the last look saw.
    """

    def __init__(self, control: RunControl, memory: DebuggedMemory, notice: Callable[[str], None]) -> None:
        self.control = control
        self.memory = memory
        self.is_asleep = False
        self._notice = notice
        self._held: Optional[Registers] = None  # what the user sees; None while the CPU runs
        self._in_chip: Optional[Registers] = None  # what the CPU holds, if that is known
        self._stop = Stop(Reason.REQUEST, 0)  # the last one
        self._flush = False  # PC or code has changed since then
        self._conditions: Sequence[Condition] = ()
        self._set: Optional[ComparatorSetting] = None  # in the comparators, if that is known
        self._wants_halt = False
        self._silent_since: Optional[float] = None
        self._has_told_reset = False  # since the user let it go

    # -- what it is -------------------------------------------------------------------------------------------

    @property
    def is_halted(self) -> bool:
        """True while the CPU stands still."""
        return self._held is not None

    @property
    def held(self) -> Optional[Registers]:
        """The registers; None while the CPU runs."""
        return self._held

    @property
    def registers(self) -> Registers:
        """The registers of the halted CPU; TargetError while it runs."""
        if self._held is None:
            if self.is_asleep:
                raise asleep()
            raise TargetError("the CPU runs, so its registers cannot be read", code=Code.DEBUG, hint="halt it first")
        return self._held

    @registers.setter
    def registers(self, values: Registers) -> None:
        """Set them; the CPU gets them when it goes on."""
        self._flush = self._flush or values.pc != self.registers.pc
        self._held = values

    def code_has_changed(self) -> None:
        """Take note that memory was written: the pipeline of the CPU must begin anew."""
        self._flush = self._held is not None

    @property
    def conditions(self) -> Sequence[Condition]:
        """The conditions that stop the CPU while it runs."""
        return self._conditions

    @conditions.setter
    def conditions(self, wanted: Sequence[Condition]) -> None:
        """Change it; TargetError if the comparators cannot do that."""
        comparators.setting(wanted)
        self._conditions = tuple(wanted)
        if self._held is None and self._silent_since is None:
            self._watch(wanted)

    # -- run control ------------------------------------------------------------------------------------------

    def halt(self) -> Stop:
        """Stop the CPU, if it runs.

        Raises:
            TargetError: It sleeps in HALT, or does not stop.
        """
        if self._held is not None:
            return self._stop
        self._wants_halt = True
        try:
            if self._set is None:  # the watchdogs must not count while it is stalled
                self._watch(self._conditions)
            stop = self._stopped(self.control.stall())
        except SwimError as exc:
            if self._sleeps(exc):
                raise asleep() from exc
            raise
        finally:
            self._wants_halt = False
        return stop or self._stop

    def resume(self) -> None:
        """Let the CPU go on, until `poll` returns a stop.

        A breakpoint at its present address does not stop it: one step goes before, as no source says whether a
        comparator stops the first instruction.
        """
        self._has_told_reset = False
        if self._holds_breakpoint(self.registers.pc):
            stop = self.step()
            if stop is None:
                return
            if self._holds_breakpoint(stop.pc):
                self._stop = self._at_breakpoint(stop.pc)
                return
            if stop.reason is not Reason.STEP:
                return
        self._go_on()

    def _go_on(self) -> None:
        self._set_registers(self.registers)
        self._watch(self._conditions)
        self.control.refresh_watchdog()
        self.control.mask_resets(False)
        self.control.go(flush=self._flush)
        self._held = self._in_chip = None
        self._flush = False
        self.memory.runs()

    def poll(self) -> Optional[Stop]:
        """Look at the running CPU; return why it has stopped, or None while it runs.

        A reset of the chip ends SWIM. Then this attaches again, sets the breakpoints again, and tells it.

        Raises:
            ConnectError: The chip has been silent for half a minute.
        """
        if self._held is not None:
            return self._stop
        if self._silent_since is not None:
            return self._attach_again()
        try:
            status = self.control.status()
            self.is_asleep = False
            if status.stalled:
                return self._stopped(status)
            if self._wants_halt:
                return self.halt()
        except LINK_ERRORS as exc:
            if not self._sleeps(exc):
                self._lose(exc)
        return None

    def halt_soon(self) -> Optional[Stop]:
        """Do `halt`; if the chip sleeps in HALT or is silent, None, and a later `poll` halts it."""
        self._wants_halt = True
        return self.poll()

    def _sleeps(self, exc: ToolError) -> bool:
        """Tell whether the chip sleeps in HALT: then it refuses all accesses except to SWIM_CSR."""
        if not isinstance(exc, SwimError) or exc.fault is not LinkFault.REFUSED:
            return False
        with suppress(*LINK_ERRORS):
            sleeps = self.control.sleeps()
            if sleeps and not self.is_asleep:
                self._notice("the chip sleeps in HALT: an interrupt of its program wakes it, or a reset")
            self.is_asleep = sleeps
            return True
        return False

    def _lose(self, exc: ToolError) -> None:
        _log.debug("the debugger lost the chip: %s", exc)
        self._silent_since = self.control.link.clock.now()
        self.is_asleep = False

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
        self._held = self._in_chip = None
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

    def step_range(self, start: int, end: int, goes_on: Callable[[], bool]) -> Optional[Stop]:
        """Step while PC is in start..end-1; `goes_on` is asked after each step. None if the CPU sleeps."""
        while True:
            stop = self.step()
            if stop is None or stop.reason is not Reason.STEP:
                return stop
            if self._holds_breakpoint(stop.pc):
                self._stop = self._at_breakpoint(stop.pc)
                return self._stop
            if not start <= stop.pc < end or not goes_on():
                return stop

    def reset(self) -> Stop:
        """Reset the chip; it is halted before its first instruction. Breakpoints stay, except those in RAM."""
        if self._held is not None:
            self.memory.clear_breaks()
        self.memory.forget_breaks()
        self._held = self._in_chip = self._silent_since = self._set = None
        self.is_asleep = self._wants_halt = self._flush = False
        self.control.reset()
        self.memory.runs()
        self._watch(self._conditions)
        self._held = self._in_chip = self.control.registers()
        self._stop = Stop(Reason.RESET, self._held.pc)
        return self._stop

    # -- a chip that was lost -----------------------------------------------------------------------------------

    def _attach_again(self) -> Optional[Stop]:
        """Attach to a chip that was lost while it ran; None if it runs on, or is still silent."""
        since = self._silent_since
        try:
            self.control.attach()
            stop = self._stopped(self.control.stall())
            kept = self.memory.look_for_breaks()
            self._silent_since = None
            if not (self._has_told_reset and kept):  # a program may be reset a thousand times a second
                self._notice(
                    "the chip was reset, or its wire was open: breakpoints in flash are set again"
                    + ("" if kept else "; those in RAM are gone")
                )
            self._has_told_reset = True
            if stop is not None and (self._wants_halt or stop.reason is not Reason.REQUEST):
                self._wants_halt = False
                return stop
            self._set = None
            self._go_on()
        except ConnectError:
            if since is not None and self.control.link.clock.now() - since > _PATIENCE_S:
                raise
            self.control.link.clock.sleep(_AGAIN_S)
        except LINK_ERRORS as exc:
            _log.debug("while the debugger attaches again: %s", exc)
            self._silent_since = since
            self._held = self._in_chip = None
        return None

    def find_again(self) -> bool:
        """Attach to a chip whose link was lost while it was halted.

        Returns:
            False if it ran meanwhile, or the probe has reset it: it is halted again, with other registers.
        """
        self.control.attach()
        status = self.control.status()
        self._in_chip = None
        if status.stalled and not self.control.link.resets_on_entry:
            self.control.mask_resets(True)
            if self._held is None:  # the link was lost while it was let go
                self._held = self._in_chip = self.control.registers()
                self._stop = Stop(Reason.REQUEST, self._held.pc)
            return True
        self.memory.look_for_breaks()
        self._held = self._set = None
        self.halt()
        return False

    def release(self) -> None:
        """Remove all breakpoints and let the program run; at worst by a reset.

        Raises:
            SwimError, TransportError, ProbeError: The chip could not be released.
        """
        try:
            if self._silent_since is not None:
                self.control.attach()
            self._leave()
        except LINK_ERRORS as exc:
            _log.debug("while the debugger lets the chip go: %s", exc)
            if self.is_asleep and not self.memory.has_breaks and not self._conditions:
                self.control.close()
                return
            with suppress(*LINK_ERRORS):
                self.control.attach()
                self._leave()
                return
            leave_running(self.control.link)
            self._notice("the chip was reset, because its program could not go on in another way")

    def _leave(self) -> None:
        if self._held is None and self.memory.has_breaks:
            self.control.stall()
            self._held = self._in_chip = self.control.registers()
        if self._held is not None and self.control.status().stalled:
            self._flush = self.memory.clear_breaks() or self._flush
            self._set_registers(self._held)
        self.control.leave(flush=self._flush)

    # -- inside -----------------------------------------------------------------------------------------------

    def _watch(self, conditions: Sequence[Condition]) -> None:
        wanted = comparators.setting(conditions)
        if wanted != self._set:
            self.control.watch_for(wanted)
            self._set = wanted

    def _set_registers(self, wanted: Registers) -> None:
        if self._in_chip is None:
            self._in_chip = self.control.registers()
        self.control.set_registers(self._in_chip, wanted)
        self._in_chip = wanted

    def _holds_breakpoint(self, pc: int) -> bool:
        return self.memory.has_break(pc) or breakpoint_at(pc) in self._conditions

    def _at_breakpoint(self, pc: int) -> Stop:
        if self.memory.has_break(pc):
            return Stop(Reason.SOFTWARE, pc)
        return Stop(Reason.HARDWARE, pc, breakpoint_at(pc))

    def _touches_interrupts(self, pc: int) -> bool:
        code = self.memory.code(pc, 2)
        return code[0] in _OF_INTERRUPTS or code in _OF_INTERRUPTS_WITH_PREFIX

    def _stopped(self, status: CpuStatus) -> Optional[Stop]:
        """Take note of a CPU that stands still; None if it went on, because nothing that was asked for had happened."""
        if not status.first & STF:  # a step runs with masked resets
            self.control.mask_resets(True)
        self._held = self._in_chip = held = self.control.registers()
        reason, condition = self._cause(status, held.pc)
        if reason is None and not self._wants_halt:
            self._go_on()
            return None
        self._stop = Stop(reason or Reason.REQUEST, held.pc, condition)
        return self._stop

    def _cause(self, status: CpuStatus, pc: int) -> tuple[Optional[Reason], Optional[Condition]]:
        """Return why the CPU stands still; no reason if a comparator saw another kind of access."""
        if status.second & SWBKF:
            return (Reason.SOFTWARE if self.memory.has_break(pc) else Reason.BREAK), None
        if status.first & (comparators.BK1F | comparators.BK2F):
            condition = (self._set or NOTHING).met(status.first)
            if condition is not None:
                fetch = condition.access is AccessKind.FETCH and condition.mode is not Mode.STACK
                return (Reason.HARDWARE if fetch else Reason.WATCH), condition
            if not status.first & STF:
                return None, None
        return (Reason.STEP if status.first & STF else Reason.REQUEST), None


def asleep() -> TargetError:
    """Return the error for a chip in HALT."""
    return TargetError(
        "the chip sleeps in HALT, so its CPU cannot be stopped",
        code=Code.TARGET_SILENT,
        hint="let the debugger reset it (`monitor reset halt` in GDB), or wait until its program wakes up",
    )
