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

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Optional

from ..chip.running import attach
from ..errors import LINK_ERRORS, Code, ConnectError, TargetError, ToolError
from ..image import Image
from ..parts.table import Part
from ..sim.gap import SimGapError
from ..support.clock import Clock
from ..support.interrupts import shield
from ..words import Hint
from . import locked, watchdog
from .comparators import AccessKind, Condition, breakpoint_at, watchpoint
from .cpu import DebuggedCpu
from .memory import DebuggedMemory
from .registers import Registers
from .run_control import RunControl
from .stops import Stop

if TYPE_CHECKING:
    from ..api import Chip
    from ..chip.link.core import Core
    from ..chip.options.protection import Unlocked
    from ..probe.base import SwimLink


def not_simulated(gap: SimGapError) -> TargetError:
    """Return the error for what the simulator does not know."""
    return TargetError(
        f"the simulator does not know this: {gap}",
        code=Code.DEBUG,
        hint="a real chip may know it; leave this address out",
    )


def not_attached() -> TargetError:
    """Return the error for a chip that was let go, or was not reached yet."""
    return TargetError("the debugger is not attached to the chip", code=Code.DEBUG, hint="attach it first")


class Target:
    """A context manager around the debugging of one chip.

    Args:
        chip: The chip, inside its own `with` statement.
        notice: Called with one line for the user, such as "the chip was reset".

    Attributes:
        is_writing: Flash, EEPROM or option bytes are being written. It stays True after an error or an interrupt.
    """

    def __init__(self, chip: Chip, notice: Callable[[str], None] = lambda text: None) -> None:
        self._chip = chip
        self._notice = notice
        self._attached: Optional[DebuggedCpu] = None
        self.is_writing = False

    def __enter__(self) -> Target:
        """Do nothing yet: `attach` reaches the chip."""
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Let the program run on; a failure of that is only an error if there was none before."""
        if error is None:
            self.detach()
        else:
            self._abandon()

    # -- begin and end ----------------------------------------------------------------------------------------

    def attach(self, *, reset: bool = False) -> Stop:
        """Reach the chip and halt it: where it is, or with `reset` before its first instruction.

        Raises:
            ConnectError: The chip does not answer; asleep in HALT it answers only with `reset`.
            TargetError: It sleeps in HALT.
            ReadoutProtectedError: It is locked; its program runs on.
        """
        cpu = self._take(reset=reset)
        try:
            if not reset:
                attach.warn_of_reset(cpu.control.link)
                self._reach(cpu.control)
            cpu.control.feeds_watchdog = watchdog.starts_with_the_chip(cpu.control.link, self.part)
            return cpu.reset() if reset else cpu.halt()
        except BaseException:
            self._abandon()
            raise

    def look(self) -> None:
        """See whether the chip answers and is open; its program runs on, and nothing stays attached.

        Raises:
            ConnectError, ReadoutProtectedError: See `attach`.
        """
        cpu = self._take(reset=False)
        try:
            self._reach(cpu.control)
        finally:
            self._abandon()

    def _take(self, *, reset: bool) -> DebuggedCpu:
        core = self._chip.debugged(reset=reset)
        self._attached = DebuggedCpu(RunControl(core.link), DebuggedMemory(core, self.part), self._notice)
        return self._attached

    def _reach(self, control: RunControl) -> None:
        """Reach the running chip; raise an error if it must not be halted."""
        try:
            control.attach()
        except ConnectError as exc:
            raise exc.with_(
                hint=Hint(
                    "a program that sleeps in HALT, or turns SWIM off, is reached only with a reset: {attach_reset}"
                )
            ) from exc
        locked.require_open(control.link, self.part)

    def _abandon(self) -> None:
        with suppress(ToolError):
            self.detach()

    def detach(self) -> None:
        """Remove all breakpoints and let the program run on. Does nothing if the chip is not attached.

        Raises:
            SwimError, TransportError, ProbeError: The chip could not be released; its CPU may stand still.
        """
        cpu, self._attached = self._attached, None
        if cpu is not None:
            with shield():
                cpu.release()

    # -- what it is -------------------------------------------------------------------------------------------

    @property
    def _cpu(self) -> DebuggedCpu:
        if self._attached is None:
            raise not_attached()
        return self._attached

    @property
    def part(self) -> Part:
        """The chip."""
        return self._chip.part

    @property
    def core(self) -> Core:
        """The chip's bus."""
        return self._chip.debugged(reset=False)

    @property
    def link(self) -> SwimLink:
        """The probe."""
        return self._cpu.control.link

    @property
    def clock(self) -> Clock:
        """The clock to wait by."""
        return self.link.clock

    @property
    def is_attached(self) -> bool:
        """True between `attach` and `detach`."""
        return self._attached is not None

    @property
    def is_halted(self) -> bool:
        """True while the CPU stands still."""
        return self._attached is not None and self._attached.is_halted

    @property
    def is_asleep(self) -> bool:
        """True if the chip sleeps in HALT, as the last `poll` saw: then only a reset or its own wake-up stops it."""
        return self._cpu.is_asleep

    @property
    def registers(self) -> Registers:
        """The registers of the halted CPU; TargetError while it runs."""
        return self._cpu.registers

    @registers.setter
    def registers(self, values: Registers) -> None:
        """Set them; the CPU gets them when it goes on."""
        self._cpu.registers = values

    # -- run control ------------------------------------------------------------------------------------------

    def halt(self) -> Stop:
        """Stop the CPU, if it runs.

        Raises:
            TargetError: It sleeps in HALT, or does not stop.
        """
        return self._cpu.halt()

    def halt_soon(self) -> Optional[Stop]:
        """Do `halt`; if the chip sleeps in HALT or is silent, None, and a later `poll` halts it."""
        return self._cpu.halt_soon()

    def resume(self) -> None:
        """Let the CPU go on, until `poll` returns a stop. A breakpoint at its present address does not stop it."""
        self._cpu.resume()

    def poll(self) -> Optional[Stop]:
        """Look at the running CPU; return why it has stopped, or None while it runs.

        A reset of the chip ends SWIM. Then this attaches again, sets the breakpoints again, and tells it.

        Raises:
            ConnectError: The chip has been silent for half a minute.
        """
        return self._cpu.poll()

    def step(self) -> Optional[Stop]:
        """Execute one instruction, without the interrupts that wait; None if the CPU sleeps in it.

        After None, `poll` returns the stop when the CPU wakes.
        """
        return self._cpu.step()

    def step_range(self, start: int, end: int, goes_on: Callable[[], bool] = lambda: True) -> Optional[Stop]:
        """Step while PC is in start..end-1; `goes_on` is asked after each step. None if the CPU sleeps."""
        return self._cpu.step_range(start, end, goes_on)

    def reset(self) -> Stop:
        """Reset the chip; it is halted before its first instruction. Breakpoints stay, except those in RAM."""
        cpu = self._cpu
        try:
            return cpu.reset()
        except LINK_ERRORS:  # reach it as if for the first time
            conditions, feeds = cpu.conditions, cpu.control.feeds_watchdog
            cpu = self._take(reset=True)
            cpu.control.feeds_watchdog = feeds
            cpu.conditions = conditions
            return cpu.reset()

    def find_again(self) -> bool:
        """Attach to a chip whose link was lost while it was halted; False if it ran meanwhile, and is halted again."""
        return self._cpu.find_again()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.is_writing = True
        yield
        self.is_writing = False

    # -- the whole chip -----------------------------------------------------------------------------------------

    def load(self, image: Image) -> Stop:
        """Write an image to flash and EEPROM, as `write` does; then the chip is halted after a reset.

        Raises:
            ImageError, WriteProtectedError, ProgramError, VerifyError: See `Chip.write`.
        """
        conditions, feeds = self._cpu.conditions, self._cpu.control.feeds_watchdog
        try:
            with self._writing():
                self._chip.write(image, unlock=False)
        finally:
            cpu = self._take(reset=False)
            cpu.control.feeds_watchdog = feeds
            stop = cpu.reset()
            cpu.conditions = conditions
        return stop

    def unlock(self) -> tuple[Unlocked, Stop]:
        """Remove read protection, which erases a locked chip; then it is halted after a reset."""
        with self._writing():
            result = self._chip.unlock()
        return result, self.attach(reset=True)

    # -- memory -----------------------------------------------------------------------------------------------

    def read(self, address: int, size: int) -> bytes:
        """Return bytes of any memory, also while the CPU runs; TargetError for the CPU's registers while it runs."""
        try:
            return self._cpu.memory.read(address, size, self._cpu.held)
        except SimGapError as gap:
            raise not_simulated(gap) from gap

    def write(self, address: int, data: bytes) -> None:
        """Write bytes: RAM and registers directly, flash and EEPROM by programming them while the CPU is halted.

        Raises:
            TargetError: The address must not be written, or not while the CPU runs.
            WriteProtectedError, ProgramError, VerifyError: Flash or EEPROM does not take the bytes.
        """
        cpu = self._cpu
        with self._writing():
            try:
                registers = cpu.memory.write(address, data, cpu.held)
            except SimGapError as gap:
                raise not_simulated(gap) from gap
        if registers is not None:
            cpu.registers = registers
        cpu.code_has_changed()

    # -- breakpoints ------------------------------------------------------------------------------------------

    @property
    def conditions(self) -> Sequence[Condition]:
        """The conditions that stop the CPU by a comparator."""
        return self._cpu.conditions

    def set_breakpoint(self, address: int, *, hardware: bool = False) -> None:
        """Stop before the instruction at an address: by BREAK in RAM, else by a comparator.

        Raises:
            TargetError: No comparator is free, or the CPU cannot execute there, or runs and may be in this RAM.
        """
        cpu = self._cpu
        cpu.memory.require_code(address)
        if not cpu.memory.is_ram(address) or hardware:
            self.add(breakpoint_at(address))
        elif cpu.registers:  # TargetError while it runs
            cpu.memory.set_break(address)
            cpu.code_has_changed()

    def clear_breakpoint(self, address: int) -> None:
        """Remove the breakpoint at an address, if there is one."""
        if self._cpu.memory.clear_break(address):
            self._cpu.code_has_changed()
        self.remove(breakpoint_at(address))

    def set_watchpoint(self, access: AccessKind, address: int, size: int = 1) -> None:
        """Stop after an access to data; more than one byte takes both comparators.

        Raises:
            TargetError: No comparator is free, or the chip has no such address.
        """
        self._cpu.memory.require_address(address, size)
        self.add(watchpoint(access, address, size))

    def clear_watchpoint(self, access: AccessKind, address: int, size: int = 1) -> None:
        """Remove a watchpoint, if it is set."""
        self.remove(watchpoint(access, address, size))

    def add(self, condition: Condition) -> None:
        """Watch for a condition; TargetError if the comparators cannot do that."""
        if condition not in self.conditions:
            self._cpu.conditions = (*self.conditions, condition)

    def remove(self, condition: Condition) -> None:
        """Watch for it no more."""
        if condition in self.conditions:
            self._cpu.conditions = [other for other in self.conditions if other != condition]
