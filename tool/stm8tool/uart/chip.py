"""A chip at a UART, with the methods of `api.Chip` as far as the loader in its boot ROM can do them.

The first job resets the chip and reaches the loader. At the end the tool lets the loader start the program.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Optional, Union

from ..api import Tell, not_told
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
from ..errors import Code, ImageError, ToolError, UsageError
from ..image import Image, Segment, require_image
from ..parts.table import Part, Region
from ..probe.base import ProbeInfo
from ..support.interrupts import shield
from ..words import Hint
from . import identify, loaders, option_bytes
from .entry import Reached, reach
from .limits import WithoutSwim
from .link import LoaderLink
from .loader.link import LoaderInRam
from .programmer import LoaderBlocks
from .settings import SerialSettings, UartMode

if TYPE_CHECKING:
    from ..transport.serial_line import SerialLine

_log = logging.getLogger(__name__)

_MODES = {
    UartMode.DUPLEX: "even parity",
    UartMode.REPLY: "no parity, the tool returns each byte",
    UartMode.ONE_WIRE: "one wire",
}


class UartChip(WithoutSwim):
    """A chip that is connected by its UART. Its methods work inside a `with` statement, as those of `Chip`.

    Args:
        line: Makes the serial line; it is not open yet.
        part: The chip.
        settings: Speed, reset and mode.
        progress: See `stm8tool.open`.
        loader: Code in the chip's RAM may do the work.
    """

    def __init__(
        self,
        line: Callable[[], SerialLine],
        part: Optional[Part],
        settings: SerialSettings,
        progress: Progress = silent,
        *,
        loader: bool = True,
    ) -> None:
        super().__init__(part, progress, loader=loader)
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

    def __enter__(self) -> UartChip:
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
                self._again = self._link_of(reached).repeated
                self._blocks_again = self._blocks.programmed if self._blocks else 0
                line.close()
        quality = self.quality
        if error is None and quality.retries:
            _log.warning("weak link: %s; %s %s", quality.summary(), "shorten the wires, check GND", Code.WEAK_LINK)

    def _start_program(self, reached: Reached) -> None:
        """Let the loader start the program of the chip, if it has one that is whole."""
        if self._blocks is not None and self._blocks.cut:
            return
        link = self._link_of(reached)
        vector = link.persist(lambda: link.read(start.VECTOR, start.VECTOR_SIZE))
        self._starts = vector[0] in (start.INT, start.JPF)
        if self._starts:
            _go(link, start.VECTOR)
            return
        if isinstance(link, LoaderInRam):
            link.reset_chip()  # into its boot ROM
        if self._expects:
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
                identify.require_part(self._part, reached.link, reached.version)
        return self._reached

    def _link_of(self, reached: Reached) -> LoaderLink:
        """Return the link to the loader that runs: that of the boot ROM, or ours in RAM."""
        return self._blocks.link if self._blocks else reached.link

    @property
    def _link(self) -> LoaderLink:
        return self._link_of(self._reach())

    def _reach_again(self) -> LoaderLink:
        """Return the loader in the boot ROM, after the one in RAM has ended."""
        if self._line is None or self._reached is None:
            raise ValueError("nothing was reached before")
        self._line.close()
        self._reached = None  # if it is not reached, the line stays closed
        self._reached = reach(self._line, self._settings)
        return self._reached.link

    def _memory(self) -> LoaderBlocks:
        """Return the memories of the chip; UsageError if no part was named."""
        part, reached = self.part, self._reach()
        if self._blocks is None:
            found = loaders.of(part)
            self._blocks = LoaderBlocks(reached.link, part, found, reached.version, self._progress)
            if self._loader:
                self._blocks.allow_code(reached.mode, reached.baud, self._reach_again)
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
            exchanges=self._link_of(reached).repeated if reached else self._again,
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
        seen = Traits(identify.registers(self._link), None)
        if self._part is None:
            return ChipInfo(reached.how, False, seen, None, (), None)
        found = Protection(False, False, False, "the loader answers, which it does not do under read protection")
        return ChipInfo(reached.how, False, seen, found, self.options(), self.unique_id())

    def candidates(self) -> tuple[Part, ...]:
        """Return the parts that the chip may be, by its loader and the size of its die."""
        return identify.candidates(self._link, self._reach().version)

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
        blocks.begin(segments)
        states = self.options()
        changes = from_image(self.part, states, data.held) if data else []
        option_bytes.require_allowed(self.part, changes, allow)
        tell(changes)
        value, area = self._write_protection(states)
        written = blocks.write(segments, verify=verify, protected=area, ubc=value)
        option_bytes.write(self._memory(), changes)
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
            option_bytes.require_allowed(self.part, from_image(self.part, self.options(), data.held), allow)

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
        blocks = self._memory()
        wanted = regions.resolve(self.part, region, regions.readable(self.part))
        if wanted.start >= self.part.ram.end:  # which the loader in RAM would change
            blocks.begin([Segment(wanted.start, bytes(wanted.size))])
        return blocks.read(wanted)

    def backup(self) -> Image:
        """Return the contents of flash, EEPROM and option bytes."""
        blocks = self._memory()
        blocks.begin([Segment(memory.start, bytes(memory.size)) for memory in self.part.memories])
        return Image(Segment(memory.start, blocks.read(memory)) for memory in self.part.memories)

    def unique_id(self) -> Optional[bytes]:
        """Return the 12 bytes that no other chip has; None if the part has none, or the loader does not read them."""
        at = self.part.unique_id
        if at is None or not identify.exists(self._link, at):
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
        blocks.begin(segments)
        states = self.options()
        value, area = self._write_protection(states)
        written = blocks.write(segments, verify=verify, protected=area, ubc=value)
        changes, left_out = plan_restore(part, states, upload.option_bytes(image, part))
        refused = [change for change in changes if loaders.closed(part, change.option)]
        traps = {} if force else {hazard.name: hazard.why for hazard in hazards(part, changes)}
        told = [f"{change.option.name}: the loader cannot write it" for change in refused]
        wanted = [c for c in changes if c not in refused and c.option.name not in traps]
        option_bytes.write(self._memory(), wanted)
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
        _go(self._link, address)
        self._ran = True

    def erase(self, region: Union[str, Region] = "flash") -> Written:
        """Erase whole blocks to 0x00; see `Chip.erase`."""
        wanted = regions.resolve(self.part, region, self.part.programmable)
        regions.require_whole_blocks(wanted, self.part)
        return self._memory().erase(wanted)

    # -- option bytes ------------------------------------------------------------------------------------------

    def options(self) -> Sequence[OptionState]:
        """Return the option bytes of the chip."""
        return option_bytes.states(self.part, self._memory())

    def set_options(self, *settings: str, allow: Collection[Danger] = (), tell: Tell = not_told) -> Sequence[Change]:
        """Change option bytes by name; see `Chip.set_options`. They are in force after the next reset."""
        changes = requested(self.part, self.options(), settings)
        option_bytes.require_allowed(self.part, changes, allow)
        if changes:
            tell(changes)
            option_bytes.write(self._memory(), changes)
        return changes

    def reset_options(self, *, tell: Tell = not_told) -> Sequence[Change]:
        """Bring the option bytes to factory values."""
        changes = factory(self.part, self.options())
        option_bytes.require_allowed(self.part, changes, tuple(Danger))
        if changes:
            tell(changes)
            option_bytes.write(self._memory(), changes)
        return changes


def _go(link: LoaderLink, address: int) -> None:
    """Let the loader start a program."""
    if isinstance(link, LoaderInRam):
        link.go(address)
    else:
        link.persist(lambda: link.go(address))
