"""The class `Chip`, with all jobs that the library and the command line do with a chip.

`connected.py` has the `with` statement around them. `chip/` writes the chip, block by block.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Optional, Union

from .chip import regions, upload
from .chip.link import family
from .chip.options import writing
from .chip.options.plan import Danger, factory, requested
from .chip.programmer import Verify, Written
from .chip.upload import OptionData, Restored, Upload
from .connected import ConnectedChip
from .errors import ToolError, UsageError
from .image import Image, Segment, require_image
from .parts.table import Region
from .words import Hint

if TYPE_CHECKING:
    from .chip.facts import ChipInfo
    from .chip.link.core import Core
    from .chip.options.bytes import OptionState
    from .chip.options.plan import Change as OptionChange
    from .chip.options.protection import Unlocked
    from .chip.running.live_variables import LiveVariables
    from .chip.running.program import Program
    from .chip.running.swim_console import SwimConsole
    from .parts.table import Part

Tell = Callable[[Sequence["OptionChange"]], None]


def _allowed(dangers: Collection[Danger]) -> Collection[Danger]:
    """Return `dangers`; UsageError if they are something else."""
    if isinstance(dangers, Collection) and all(isinstance(danger, Danger) for danger in dangers):
        return dangers
    raise UsageError("`allow` takes a collection of dangers", hint="such as allow=[stm8tool.Danger.LOCK]")


def not_told(changes: Sequence[OptionChange]) -> None:
    """Tell nothing."""


class Chip(ConnectedChip):
    """A chip that is connected to a probe; `stm8tool.open` makes one.

    Its methods work inside a `with` statement, from one thread at a time.

    However the statement ends, the chip's program runs and the probe is released. You may enter the chip again, for the
    next board. Different threads may use chips on different probes at the same time.

    Every method needs the part, except `reset`, `connect`, `info` and `candidates`. All methods may raise these errors,
    in addition to their own:

        TransportError, ProbeError  the probe: not attached, unplugged, hung, without SWIM
        AccessError                 driver, permission, USB library; another program has the probe
        SwimError                   the chip does not answer: wiring, power
        FamilyMismatchError         the chip is of another family than the part
        UsageError                  the part is missing, or the call is outside of a `with` statement
    """

    def reset(self) -> None:
        """Reset the chip. Its program runs when the `with` statement ends."""
        self._session.connect()
        self.expect_program()

    def info(self) -> ChipInfo:
        """Return the kind and state of the chip, even of a locked one; without a part only how it was reached."""
        from .chip import facts

        return facts.gather(self._session.connect(), self._part)

    def candidates(self) -> tuple[Part, ...]:
        """Return the parts that the chip may be, by the traits that it shows."""
        core = self._session.connect()
        return core.persist(lambda: family.fitting(core.seen, core.read_surely))

    def write(
        self,
        image: Image,
        region: Union[str, Region, None] = None,
        *,
        options: bool = False,
        allow: Collection[Danger] = (),
        unlock: bool = True,
        mend: Optional[bool] = None,
        verify: Verify = True,
        tell: Tell = not_told,
    ) -> Upload:
        """Write an image to flash and EEPROM. Only blocks that differ are written; bytes outside the image stay.

        Args:
            image: The data to write.
            region: The only region where the data may lie: "flash", "eeprom" or a part of one of them.
            options: Whether the image may hold option bytes, too. They are written last.
            allow: The dangers of these option bytes that you know and want.
            unlock: Whether a read-protected chip is unlocked first, which erases all of it; False: an error.
            mend: Whether an unlock that was cut short is finished, which erases nothing; None: the value of `unlock`.
            verify: Whether the written blocks are compared with the image; "read": byte by byte, without checksums.
            tell: Called with the changes of option bytes before anything is erased or written.

        Raises:
            ImageError: Data lie elsewhere; nothing was written.
            UsageError: An option byte is dangerous, or must never be written; nothing was written.
            ReadoutProtectedError: The chip is locked, and `unlock` is False.
            WriteProtectedError: UBC protects a block; nothing was written.
            ProgramError, VerifyError: The write failed, even when it was repeated.
        """
        segments, data = self._wanted(image, region, options, allow, tell)
        programmer = self._programmer(self._flash())
        result = upload.write(programmer, segments, data, unlock=unlock, verify=verify, mend=mend)
        if verify:
            self._session.known = image
        if image.slice(self.part.flash):
            self.expect_program()
        return result

    def check_write(
        self,
        image: Image,
        region: Union[str, Region, None] = None,
        *,
        options: bool = False,
        allow: Collection[Danger] = (),
        unlock: bool = True,
    ) -> None:
        """Connect to the chip and raise each error that `write` would raise before its first byte. Same arguments."""
        segments, data = self._wanted(image, region, options, allow)
        upload.require_writable(self._programmer(self._flash()), segments, data, unlock=unlock)

    def _wanted(
        self,
        image: Image,
        region: Union[str, Region, None],
        options: bool,
        allow: Collection[Danger],
        tell: Tell = not_told,
    ) -> tuple[Sequence[Segment], Optional[OptionData]]:
        """Return the data of a write for blocks, and those for option bytes."""
        part, memories = self.part, self.part.programmable
        wanted = memories if region is None else [regions.resolve(part, region, memories)]
        data = OptionData(upload.option_bytes(require_image(image), part), _allowed(allow), tell) if options else None
        return upload.segments_in(require_image(image), wanted, part, data), data

    def verify(self, image: Image, region: Union[str, Region, None] = None) -> int:
        """Compare an image with flash, EEPROM and option bytes; return how many bytes are equal.

        Args:
            image: The data to compare.
            region: The only region where they may lie; also "ram", or a part of a memory.

        Raises:
            ImageError: Data lie elsewhere.
            VerifyError: The first difference: `address`, `expected`, `actual`.
            ReadoutProtectedError: The chip is locked.
        """
        part = self.part
        memories = part.memories if region is None else [regions.resolve(part, region)]
        require_image(image).check_inside(memories, part=part)
        segments = [segment for memory in memories for segment in image.slice(memory)]
        return self._programmer(self._open_flash()).verify(segments)

    def read(self, region: Union[str, Region] = "flash") -> bytes:
        """Return bytes of the chip: "flash", "eeprom", "options", "ram", ADDRESS:SIZE, or a `Region` inside one memory.

        Raises:
            ReadoutProtectedError: The chip is locked.
        """
        wanted = regions.resolve(self.part, region, regions.readable(self.part))
        return self._programmer(self._open_flash()).read(wanted)[0]

    def backup(self) -> Image:
        """Return the contents of flash, EEPROM and option bytes; same errors as `read`."""
        memories = self.part.memories
        held = self._programmer(self._open_flash()).read(*memories)
        return Image(Segment(memory.start, data) for memory, data in zip(memories, held))

    def unique_id(self) -> Optional[bytes]:
        """Return the 12 bytes that no other chip has; None if the part has none. Same errors as `read`."""
        from .chip import facts

        flash = self._open_flash()
        return flash.core.persist(lambda: facts.unique_id(flash))

    def restore(self, image: Image, *, force: bool = False, unlock: bool = True, verify: Verify = True) -> Restored:
        """Write the image that `backup` returned, option bytes last. Read protection is never restored.

        Args:
            image: The backup. A memory that is not in it at all does not change.
            force: Also restore a piece of a memory, or a watchdog or brown-out reset that may lock the tool out.
            unlock, verify: See `write`.

        Raises:
            ImageError: It is not a backup of this part: data lie outside its memories, or fill only a piece of one.
            ReadoutProtectedError, ProgramError, VerifyError: See `write`.
        """
        part = self.part
        require_image(image).check_inside(part.memories, part=part)
        if not force:
            upload.require_whole(image, part)
        self._session.expects_program = False
        programmer = self._programmer(self._flash())
        return upload.restore(programmer, image, unlock=unlock, verify=verify, force=force)

    def load_ram(self, image: Image) -> None:
        """Load an image into RAM. After the `with` statement the chip's program may overwrite it.

        Raises:
            ImageError: Data lie outside the RAM.
            ReadoutProtectedError: The chip is locked.
            VerifyError: The RAM does not hold the data.
        """
        from .chip import ram

        require_image(image).check_inside([self.part.ram], part=self.part)
        ram.load(self._open_flash(), image.segments, self._progress)

    def run(self, address: int, image: Image) -> None:
        """Load an image into RAM and let the CPU run from `address` there until the next reset. Errors: see `load_ram`.

        The CPU continues to run when the `with` statement ends. The next job inside the statement stops it.
        """
        memory = self.part.ram
        if not memory.start <= address < memory.end:
            raise UsageError(
                f"0x{address:06X} is not in {memory}", hint=Hint("a program in flash runs after a reset: {reset}")
            )
        self.load_ram(image)
        self._session.let_run(address)

    def console(
        self,
        program: Optional[Program] = None,
        notice: Callable[[str], None] = lambda text: None,
        reload: Optional[Callable[[], Program]] = None,
    ) -> SwimConsole:
        """Return the console of the program that runs in the chip, for a `with` statement; see docs/console.md.

        The chip is not reset, and its CPU never stops. Another command of this tool may use the probe meanwhile.

        Args:
            program: The program of the chip, from its ELF. Without it the console is looked for in RAM.
            notice: Called with one line for the user, such as "the chip was reset".
            reload: Returns the program after another command has used the probe: that may have been an upload.

        Raises:
            AccessError: Another console listens at this probe.
            ConnectError: The running chip does not answer.
            TargetError: Another program runs, or it has no console.
        """
        from .chip.running.swim_console import SwimConsole

        link = self._session.running(lends=True)
        return SwimConsole(link, self.part, program, notice, reload, self._session.offer)

    def debugged(self, *, reset: bool) -> Core:
        """Return the chip for a debugger, which lets its program run at its end; see `debugger/target.py`.

        With `reset` the CPU is halted; without it the chip is as the debugger, or the last job, left it.

        Raises:
            ReadoutProtectedError: The chip is locked; its program runs.
        """
        if reset:
            try:
                self._open_flash()
            except ToolError:
                with suppress(ToolError):
                    self._session.running()
                raise
        return self._session.debugged()

    def variables(self, elf: Optional[str] = None, notice: Callable[[str], None] = lambda text: None) -> LiveVariables:
        """Return the variables of the program that runs in the chip, for a `with` statement; see docs/watch.md.

        The chip is not reset, and its CPU never stops.

        Args:
            elf: The ELF of the program, with debug information. Without it only an address with a type is known.
            notice: Called with one line for the user, such as "the chip was reset".

        Raises:
            ImageError: The ELF cannot be used, or has no debug information.
            ConnectError: The running chip does not answer.
            TargetError: Another program runs, or it does not run.
        """
        from .chip.running import live_variables

        return live_variables.opened(self._session.running(), self.part, elf, notice)

    def erase(self, region: Union[str, Region] = "flash") -> Written:
        """Erase "flash", "eeprom", or whole blocks of one of them, to 0x00. Blank blocks are skipped.

        Raises:
            ReadoutProtectedError, WriteProtectedError, ProgramError, VerifyError: See `write`.
        """
        wanted = regions.resolve(self.part, region, self.part.programmable)
        regions.require_whole_blocks(wanted, self.part)
        self._session.expects_program = False
        return self._programmer(self._open_flash()).erase(wanted)

    def unlock(self) -> Unlocked:
        """Remove read protection, which erases a locked chip. Bring option bytes to factory values. Read both back.

        Raises:
            TargetError: The chip stays locked, or is another part. Or it is open, but not all bytes of flash and EEPROM
                are 0x00.
        """
        flash = self._flash()
        self._session.expects_program = False
        return upload.unlock(self._programmer(flash))

    def options(self) -> Sequence[OptionState]:
        """Return the option bytes of the chip, each with its factory value; same errors as `read`."""
        return upload.options_of(self._open_flash())

    def set_options(
        self, *settings: str, allow: Collection[Danger] = (), tell: Tell = not_told
    ) -> Sequence[OptionChange]:
        """Change option bytes by name; return the changes. A byte that already has its value is not among them.

        Args:
            settings: "UBC=none", "UBC=1K", "AFR=0x01", "MISC.LSI_EN=1". The library computes the complements.
            allow: Dangers that you know and want, such as `Danger.LOCK`.
            tell: Called with the changes before anything is written.

        Raises:
            UsageError: There is no such option or value, or it is dangerous, or must never be written. Nothing was
                written.
            ReadoutProtectedError: The chip is locked.
            ProgramError: The write failed, even when it was repeated.
        """
        for setting in settings:
            if not isinstance(setting, str):
                raise UsageError(f"an option is set by a string, not {type(setting).__name__}", hint="such as 'UBC=1K'")
        return self._changed(requested(self.part, self.options(), settings), _allowed(allow), tell)

    def reset_options(self, *, tell: Tell = not_told) -> Sequence[OptionChange]:
        """Bring the option bytes of an open chip to factory values; arguments and errors: see `set_options`."""
        return self._changed(factory(self.part, self.options()), (Danger.TMU,), tell)

    def _changed(
        self, changes: Sequence[OptionChange], allow: Collection[Danger], tell: Tell
    ) -> Sequence[OptionChange]:
        if changes:
            tell(changes)
            writing.change(self._flash(), changes, allow)
        return changes

    def lock(self) -> bool:
        """Turn read protection on; False if it was on already. Only an erase of everything opens the chip again."""
        return writing.lock(self._flash())
