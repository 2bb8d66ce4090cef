"""A chip at a UART, with the methods of `api.Chip` as far as the loader in its boot ROM can do them.

The first job resets the chip and reaches the loader. At the end the tool lets the loader start the program.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Optional, Union

from ..api import Chip, Tell, not_told
from ..chip import regions, start, upload
from ..chip.facts import ChipInfo
from ..chip.link.family import Traits
from ..chip.link.quality import Quality
from ..chip.options import ubc
from ..chip.options.bytes import OptionState
from ..chip.options.files import from_image, plan_restore
from ..chip.options.plan import Change, Danger, factory, hazards, requested
from ..chip.options.protection import Protection
from ..chip.programmer import Progress, Verify, Written, silent
from ..chip.upload import Restored, Upload
from ..errors import Code, FamilyMismatchError, ImageError, ProbeError, ProgramError, SerialError, ToolError, UsageError
from ..image import Image, Segment, require_image
from ..parts.table import Part, Region, all_parts, option_table
from ..probe.base import ProbeInfo
from ..support.interrupts import shield
from ..words import Hint
from . import loaders
from .entry import Reached, reach
from .link import RefusedByLoaderError
from .programmer import LoaderBlocks
from .settings import SerialSettings, UartMode

if TYPE_CHECKING:
    from ..chip.link.core import Core
    from ..chip.options.protection import Unlocked
    from ..chip.running.live_variables import LiveVariables
    from ..chip.running.program import Program
    from ..chip.running.swim_console import SwimConsole
    from ..session import Session
    from ..transport.serial_line import SerialLine

_log = logging.getLogger(__name__)

_DIE_SIZES = {0x27FFF: 128, 0x17FFF: 64, 0xFFFF: 32, 0x9FFF: 8}  # KiB, by the last address that is tried (stm8gal)
_STM8S_EEPROM = 0x4000
_MODES = {
    UartMode.DUPLEX: "even parity",
    UartMode.REPLY: "no parity, the tool returns each byte",
    UartMode.ONE_WIRE: "one wire",
}


class UartChip(Chip):
    """A chip that is connected by its UART. Its methods work inside a `with` statement, as those of `Chip`.

    Args:
        line: Makes the serial line; it is not open yet.
        part: The chip.
        settings: Speed, reset and mode.
        progress: See `stm8tool.open`.
    """

    def __init__(
        self,
        line: Callable[[], SerialLine],
        part: Optional[Part],
        settings: SerialSettings,
        progress: Progress = silent,
    ) -> None:
        super().__init__(_no_session, part, progress)
        self._make_line = line
        self._settings = settings
        self._line: Optional[SerialLine] = None
        self._reached: Optional[Reached] = None
        self._blocks: Optional[LoaderBlocks] = None
        self._again = 0  # repeats of links that are closed
        self._blocks_again = 0
        self._starts: Optional[bool] = None
        self._ran = False
        self._expects = False

    # -- the session -------------------------------------------------------------------------------------------

    def __enter__(self) -> Chip:
        """Choose the port. The first job opens it, resets the chip and reaches its loader."""
        if self._line is not None:
            raise UsageError("this chip is in use already", hint="leave its `with` statement first")
        if self._part is not None:
            loaders.of(self._part)
        self._line = self._make_line()
        self._reached = self._blocks = self._starts = None
        self._again = self._blocks_again = 0
        self._ran = self._expects = False
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Start the program, unless a write was cut short, and release the port."""
        with shield():
            line, self._line = self._line, None
            reached, self._reached = self._reached, None
            if line is None or reached is None:
                return
            try:
                if not self._ran:
                    self._start_program(reached)
            except ToolError as exc:
                if error is None:
                    raise
                _log.debug("the program was not started: %s", exc)
            finally:
                self._again = reached.link.repeated
                self._blocks_again = self._blocks.programmed if self._blocks else 0
                line.close()
        quality = self.quality
        if error is None and quality.retries:
            _log.warning("weak link: %s; %s %s", quality.summary(), "shorten the wires, check GND", Code.WEAK_LINK)

    def _start_program(self, reached: Reached) -> None:
        """Let the loader start the program of the chip, if it has one that is whole."""
        if self._blocks is not None and self._blocks.cut:
            return
        link = reached.link
        vector = link.persist(lambda: link.read(start.VECTOR, start.VECTOR_SIZE))
        self._starts = vector[0] in (start.INT, start.JPF)
        if self._starts:
            link.persist(lambda: link.go(start.VECTOR))
        elif self._expects:
            _log.warning(
                "no program runs: the flash does not begin with one, and the chip stays in its loader; write one %s",
                Code.NO_PROGRAM,
            )

    def _reach(self) -> Reached:
        """Return the loader, and reach it first if that is not done."""
        if self._line is None:
            raise UsageError("the port is not open", hint="use the chip inside `with stm8tool.open(…) as chip:`")
        if self._reached is None:
            reached = reach(self._line, self._settings)
            self._reached = reached
            if self._part is not None:
                self._check_part(self._part, reached)
        return self._reached

    def _check_part(self, part: Part, reached: Reached) -> None:
        """Raise FamilyMismatchError if the loader contradicts the part."""
        loader = loaders.of(part)
        shown = f"version {loaders.version_text(reached.version)}"
        wrong = None
        if reached.version not in loader.versions and reached.version >> 4 != loader.versions[0] >> 4:
            wrong = f"its loader has {shown}"
        elif self._exists(_STM8S_EEPROM) != (part.flash_regs == "stm8s"):
            wrong = f"it is an {'STM8L' if part.flash_regs == 'stm8s' else 'STM8S or STM8AF'}"
        elif not self._exists(part.flash.end - 1):
            wrong = f"it has no memory at 0x{part.flash.end - 1:06X}"
        if wrong:
            raise FamilyMismatchError(
                f"the chip is not an {part.name}: {wrong}", hint=Hint("check that {part} names the chip")
            )

    def _exists(self, address: int) -> bool:
        link = self._reach().link
        try:
            link.persist(lambda: link.read(address, 1))
        except RefusedByLoaderError:
            return False
        return True

    def _memory(self) -> LoaderBlocks:
        """Return the memories of the chip; UsageError if no part was named."""
        part, reached = self.part, self._reach()
        if self._blocks is None:
            self._blocks = LoaderBlocks(reached.link, part, loaders.of(part), reached.version, self._progress)
        return self._blocks

    # -- facts -------------------------------------------------------------------------------------------------

    @property
    def probe(self) -> ProbeInfo:
        """The loader, which is its own probe."""
        reached = self._reach()
        place = self._line.place if self._line else ""
        return ProbeInfo("UART", f"loader {loaders.version_text(reached.version)}", None, place)

    @property
    def supply_mv(self) -> Optional[int]:
        """None: a UART does not measure the supply."""
        return None

    @property
    def quality(self) -> Quality:
        """The repetitions so far; after the `with` statement, all of them."""
        reached, blocks = self._reached, self._blocks
        return Quality(
            exchanges=reached.link.repeated if reached else self._again,
            blocks=blocks.programmed if reached and blocks else self._blocks_again,
        )

    @property
    def starts_program(self) -> Optional[bool]:
        """After the `with` statement: whether the loader has started a program."""
        return self._starts

    @property
    def resets_for_options(self) -> bool:
        """False: after a reset there may be no loader any more."""
        return False

    def how_connected(self, info: ChipInfo) -> str:
        """Return how the loader was reached, in words."""
        reached = self._reach()
        return f"{info.recipe}; {reached.baud} baud, {_MODES[reached.mode]}"

    def expect_program(self) -> None:
        """Warn at the end if there is no program."""
        self._expects = True

    def connect(self) -> None:
        """Reset the chip and reach its loader now."""
        self._reach()

    def reset(self) -> None:
        """Reset the chip; its program starts when the `with` statement ends."""
        self._reach()
        self.expect_program()

    def info(self) -> ChipInfo:
        """Return the kind and state of the chip."""
        reached = self._reach()
        seen = Traits("stm8s" if self._exists(_STM8S_EEPROM) else "stm8l", None)
        if self._part is None:
            return ChipInfo(reached.how, False, seen, None, (), None)
        found = Protection(False, False, False, "the loader answers, which it does not do under read protection")
        return ChipInfo(reached.how, False, seen, found, self.options(), self.unique_id())

    def candidates(self) -> tuple[Part, ...]:
        """Return the parts that the chip may be, by its loader and the size of its die."""
        version = self._reach().version
        registers = "stm8s" if self._exists(_STM8S_EEPROM) else "stm8l"
        size = next((kib for address, kib in _DIE_SIZES.items() if self._exists(address)), 0) * 1024
        found = []
        for part in all_parts():
            if part.flash_regs != registers or part.flash.size > size:
                continue
            try:
                known = loaders.of(part).versions
            except UsageError:
                continue
            if version in known:
                found.append(part)
        return tuple(found)

    # -- memories ----------------------------------------------------------------------------------------------

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
        """Write an image; see `Chip.write`. A read-protected chip does not answer, so `unlock` has no effect."""
        segments, data = self._wanted(image, region, options, allow, tell)
        blocks = self._memory()
        states = self.options()
        changes = from_image(self.part, states, data.held) if data else []
        self._require_allowed(changes, allow)
        tell(changes)
        value, area = self._write_protection(states)
        written = blocks.write(segments, verify=verify, protected=area, ubc=value)
        self._change(changes)
        if image.slice(self.part.flash):
            self.expect_program()
        return Upload(written, None, tuple(changes))

    def check_write(
        self,
        image: Image,
        region: Union[str, Region, None] = None,
        *,
        options: bool = False,
        allow: Collection[Danger] = (),
        unlock: bool = True,
    ) -> None:
        """Reach the loader, and raise the errors that `write` would raise before its first byte; same arguments."""
        _, data = self._wanted(image, region, options, allow)
        self._memory()
        if data:
            self._require_allowed(from_image(self.part, self.options(), data.held), allow)

    def _write_protection(self, states: Sequence[OptionState]) -> tuple[int, Optional[Region]]:
        """Return the value of UBC and the area that it protects."""
        value = next((state.in_force for state in states if state.option.name == ubc.NAME), 0)
        return value, ubc.protected(self.part, value)

    def verify(self, image: Image, region: Union[str, Region, None] = None) -> int:
        """Compare an image with the chip; see `Chip.verify`."""
        part = self.part
        memories = part.memories if region is None else [regions.resolve(part, region)]
        require_image(image).check_inside(memories, part=part)
        return self._memory().verify([segment for memory in memories for segment in image.slice(memory)])

    def read(self, region: Union[str, Region] = "flash") -> bytes:
        """Return bytes of the chip; see `Chip.read`."""
        return self._memory().read(regions.resolve(self.part, region, regions.readable(self.part)))

    def backup(self) -> Image:
        """Return the contents of flash, EEPROM and option bytes."""
        blocks = self._memory()
        return Image(Segment(memory.start, blocks.read(memory)) for memory in self.part.memories)

    def unique_id(self) -> Optional[bytes]:
        """Return the 12 bytes that no other chip has; None if the part has none, or the loader does not read them."""
        at = self.part.unique_id
        if at is None or not self._exists(at):
            return None
        return self._memory().read(Region("unique ID", at, 12))

    def restore(self, image: Image, *, force: bool = False, unlock: bool = True, verify: Verify = True) -> Restored:
        """Write the image of `backup`; see `Chip.restore`. Option bytes that the loader cannot write stay."""
        part = self.part
        require_image(image).check_inside(part.memories, part=part)
        if not force:
            upload.require_whole(image, part)
        blocks = self._memory()
        segments = sorted(
            (segment for memory in part.programmable for segment in image.slice(memory)),
            key=lambda segment: segment.address,
        )
        states = self.options()
        value, area = self._write_protection(states)
        written = blocks.write(segments, verify=verify, protected=area, ubc=value)
        changes, left_out = plan_restore(part, states, upload.option_bytes(image, part))
        refused = [change for change in changes if loaders.closed(part, change.option)]
        traps = {} if force else {hazard.name: hazard.why for hazard in hazards(part, changes)}
        told = [f"{change.option.name}: the loader cannot write it" for change in refused]
        wanted = [c for c in changes if c not in refused and c.option.name not in traps]
        self._change(wanted)
        return Restored(Upload(written, None, tuple(wanted)), (*left_out, *told, *traps.values()))

    def load_ram(self, image: Image) -> None:
        """Load an image into RAM; the loader needs the bytes below 0x00A0."""
        require_image(image).check_inside([self.part.ram], part=self.part)
        first = min((segment.address for segment in image.segments), default=loaders.FIRST_FREE_RAM)
        if first < loaders.FIRST_FREE_RAM:
            raise ImageError(
                f"the loader uses the RAM below 0x{loaders.FIRST_FREE_RAM:06X}, and the file has data at 0x{first:06X}",
                address=first,
                hint=Hint("link the program to a higher address, or load it over SWIM: {probe:stlink}"),
            )
        blocks = self._memory()
        for segment in image.segments:
            blocks.load(segment.address, segment.data)

    def run(self, address: int, image: Image) -> None:
        """Load an image into RAM, and let the CPU run from `address`."""
        memory = self.part.ram
        if not memory.start <= address < memory.end:
            raise UsageError(
                f"0x{address:06X} is not in {memory}", hint=Hint("a program in flash runs after a reset: {reset}")
            )
        self.load_ram(image)
        link = self._reach().link
        link.persist(lambda: link.go(address))
        self._ran = True

    def erase(self, region: Union[str, Region] = "flash") -> Written:
        """Erase whole blocks to 0x00; see `Chip.erase`."""
        wanted = regions.resolve(self.part, region, self.part.programmable)
        regions.require_whole_blocks(wanted, self.part)
        return self._memory().erase(wanted)

    # -- option bytes ------------------------------------------------------------------------------------------

    def options(self) -> Sequence[OptionState]:
        """Return the option bytes of the chip."""
        part = self.part
        area = self._memory().sure(part.options)

        def state(at: int) -> int:
            return area[at - part.options.start]

        return [
            OptionState(option, state(option.address), state(option.address + 1) if option.complement else None)
            for option in option_table(part)
        ]

    def set_options(self, *settings: str, allow: Collection[Danger] = (), tell: Tell = not_told) -> Sequence[Change]:
        """Change option bytes by name; see `Chip.set_options`. They are in force after the next reset."""
        changes = requested(self.part, self.options(), settings)
        self._require_allowed(changes, allow)
        if changes:
            tell(changes)
            self._change(changes)
        return changes

    def reset_options(self, *, tell: Tell = not_told) -> Sequence[Change]:
        """Bring the option bytes to factory values."""
        changes = factory(self.part, self.options())
        self._require_allowed(changes, tuple(Danger))
        if changes:
            tell(changes)
            self._change(changes)
        return changes

    def _require_allowed(self, changes: Sequence[Change], allow: Collection[Danger]) -> None:
        """Raise an error for a change that the loader cannot make, or that is dangerous and not allowed."""
        for change in changes:
            if loaders.closed(self.part, change.option):
                _unable(f"write the option byte {change.option.name}", "only SWIM changes it")
        found = [hazard for hazard in hazards(self.part, changes) if hazard.danger not in allow]
        if found:
            needed = " ".join(dict.fromkeys(hazard.danger.value for hazard in found))
            raise UsageError(
                f"{found[0].why}: nothing was written",
                code=Code.DANGEROUS_WRITE,
                hint=Hint("{allow:{needed}} writes it anyway", needed=needed),
            )

    def _change(self, changes: Sequence[Change]) -> None:
        """Write option bytes, each with its complement, and read them back. A write that may have happened is read."""
        if not changes:
            return
        blocks, link = self._memory(), self._reach().link
        blocks.prepare()
        for change in changes:
            option = change.option
            data = bytes([change.value, *([change.value ^ 0xFF] if option.complement else [])])
            place = Region("option byte", option.address, len(data))
            for _ in range(3):
                try:
                    with shield():
                        link.write(option.address, data)
                except RefusedByLoaderError:
                    link.repeated += 1
                except SerialError:
                    link.recover()
                    link.repeated += 1
                if blocks.read(place) == data:
                    break
            else:
                raise ProgramError(
                    f"the option byte {option.name} does not hold what was written",
                    address=option.address,
                    hint=Hint("check the supply and the wires, then repeat the {command}"),
                )

    # -- what a UART cannot do ---------------------------------------------------------------------------------

    def lock(self) -> bool:
        """Raise ProbeError: the chip's own programs cannot write ROP."""
        _unable("set read protection", "only SWIM writes the ROP byte")

    def unlock(self) -> Unlocked:
        """Raise ProbeError: a read-protected chip does not start its loader."""
        _unable("remove read protection", "a read-protected chip does not start its loader")

    def console(
        self,
        program: Optional[Program] = None,
        notice: Callable[[str], None] = lambda text: None,
        reload: Optional[Callable[[], Program]] = None,
    ) -> SwimConsole:
        """Raise ProbeError: the console needs SWIM."""
        _unable("show the console of a program", "the console is read over SWIM")

    def variables(self, elf: Optional[str] = None, notice: Callable[[str], None] = lambda text: None) -> LiveVariables:
        """Raise ProbeError: variables of a program that runs need SWIM."""
        _unable("show the variables of a program", "the memory of a program that runs is read over SWIM")

    def debugged(self, *, reset: bool) -> Core:
        """Raise ProbeError: a debugger needs SWIM."""
        _unable("debug a program", "only SWIM halts the CPU")


def _unable(what: str, why: str) -> NoReturn:
    raise ProbeError(
        f"the loader in the boot ROM cannot {what}: {why}",
        code=Code.PROBE_LIMIT,
        hint=Hint("use an ST-LINK: {probe:stlink}"),
    )


def _no_session() -> Session:
    raise UsageError("a chip at a UART has no session over SWIM", hint=Hint("use an ST-LINK: {probe:stlink}"))
