"""The library: what `import stm8tool` offers to programs, a thin layer over `session.py`.

It prints nothing. What a user would be warned of (`E-WEAK-LINK` and others) goes to the logger "stm8tool" of
`logging`, and nowhere unless the program sets up logging. Failures are exceptions, see `errors.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Optional, Union

from . import image as _image
from .chip.link.quality import Quality
from .chip.options.bytes import OptionState
from .chip.options.plan import Change as OptionChange
from .chip.options.plan import Danger as Danger
from .chip.options.plan import factory, requested
from .chip.options.protection import Protection as Protection
from .chip.options.protection import Unlocked
from .chip.programmer import Progress, Written, silent
from .chip.upload import OptionData, Restored, Upload, option_bytes
from .errors import UsageError
from .image import Image
from .image import Segment as Segment
from .image.loading import PathLike
from .image.serial_number import SerialNumber as SerialNumber
from .parts.table import OptionByte as OptionByte
from .parts.table import Part, Region, find_part
from .parts.table import all_parts as all_parts
from .probe.base import ProbeInfo
from .probe.stlink import listing
from .probe.stlink.listing import ListedProbe
from .selector import bus_of, open_link
from .session import ChipInfo, PowerCycle, Session

logging.getLogger("stm8tool").addHandler(logging.NullHandler())  # else Python shows warnings on stderr

ANY_PROBE = "stlink"


def open(  # has the name of the builtin, as `gzip.open` does
    probe: str = ANY_PROBE,
    part: Union[str, Part, None] = None,
    *,
    progress: Progress = silent,
    power_cycle: Optional[PowerCycle] = None,
) -> Chip:
    """Return the chip behind a probe, for a `with` statement; only that opens the probe.

    Args:
        probe: "stlink" (any), "stlinkv3" (this generation preferred), a serial number or its beginning,
            "usb:BUS-PORT", or a simulated one, "sim:CHIPFILE"; also `ListedProbe.path`.
        part: The chip: "stm8s103f3", an order code, or a `Part`. Only `info`, `connect` and `reset` do without.
        progress: Called with stage ("comparing", "writing", "verifying", "reading"), bytes done, bytes in all.
        power_cycle: Catch the chip while somebody switches its power off and on.

    Raises:
        UnknownPartError: No such part. "auto" is none: the command line has it, for what needs no name of a part;
            here, leave `part` out for `info`, which shows what the chip is.
        UsageError: `probe` or `part` is of another type.
    """
    if not isinstance(probe, str):
        raise UsageError(f"a probe is named by a string, not {type(probe).__name__}", hint="such as 'stlink'")
    return Chip(probe, _part(part), progress, power_cycle)


def _part(part: Union[str, Part, None]) -> Optional[Part]:
    """Return the part that is named; UsageError if nothing that names one is."""
    if part is None or isinstance(part, Part):
        return part
    if not isinstance(part, str):
        raise UsageError(f"a part is named by a string, not {type(part).__name__}", hint="such as 'stm8s103f3'")
    return find_part(part)


def _checked(image: Image) -> Image:
    """Return `image`; UsageError if it is something else."""
    if not isinstance(image, Image):
        kind = type(image).__name__
        raise UsageError(f"an image is needed, not {kind}", hint="stm8tool.Image([stm8tool.Segment(0x8000, data)])")
    return image


def _allowed(dangers: Collection[Danger]) -> Collection[Danger]:
    """Return `dangers`; UsageError if they are something else."""
    if isinstance(dangers, Collection) and all(isinstance(danger, Danger) for danger in dangers):
        return dangers
    raise UsageError("`allow` takes a collection of dangers", hint="such as allow=[stm8tool.Danger.LOCK]")


def list_probes(bus: str = ANY_PROBE) -> list[ListedProbe]:
    """Return the attached ST-LINKs, also those that cannot be used; each says what is wrong with it.

    Args:
        bus: Whose: this machine's, or, for "sim:FOLDER", a simulated machine's.

    Raises:
        AccessError: No USB library can be loaded.
    """
    probes, _ = listing.attached(bus_of(bus)[0])
    return probes


def load_image(*files: PathLike, base: Optional[int] = None, part: Union[str, Part, None] = None) -> Image:
    """Return what files hold, as one image; their format is found by content.

    Args:
        files: Intel HEX, S-records, ELF, or raw binaries.
        base: Address of the first byte of a raw binary.
        part: Its RAM is left out of an ELF file, where that counts it among its contents.

    Raises:
        ImageError: A file is missing or malformed, or two of them hold the same address.
        UnknownPartError: No such part.
        UsageError: `base` is below 0.
    """
    chip = _part(part)
    raw_hint = "say where it begins, such as base=0x8000 for the flash"
    return _image.load(files, base, ram_size=chip.ram.size if chip else 0, raw_hint=raw_hint)


def save_image(file: PathLike, image: Image) -> None:
    """Write an image to a file, the whole of it or nothing; the suffix names the format.

    Raises:
        UsageError: The suffix names no format.
        ImageError: The file cannot be written, or a raw binary would have more than 16 MiB with its gaps.
    """
    _image.save(file, image.segments)


class Chip:
    """A chip behind a probe. Its methods work inside a `with` statement, from one thread at a time.

    On every way out of it the chip's program runs, and the probe is released. It may be entered again, for the next
    board. Chips behind different probes may be used from different threads at once.

    Every method but `reset`, `connect` and `info` needs the part. Besides those named, all may raise:

        TransportError, ProbeError  the probe: not there, unplugged, hung, without SWIM
        AccessError                 driver, permission, USB library; another program has the probe
        SwimError                   the chip does not answer: wiring, power
        FamilyMismatchError         the chip is of another family than the part
        UsageError                  the part is missing; outside of a `with` statement
    """

    def __init__(self, probe: str, part: Optional[Part], progress: Progress, power_cycle: Optional[PowerCycle]) -> None:
        self._probe = probe
        self._part = part
        self._progress = progress
        self._power_cycle = power_cycle
        self._opened: Optional[Session] = None

    def __enter__(self) -> Chip:
        """Find and open the probe; the chip is reached by the first job."""
        if self._opened:
            raise UsageError("this chip is in use already", hint="leave its `with` statement first")
        session = Session(open_link(self._probe), self._part, self._progress, self._power_cycle)
        session.__enter__()
        self._opened = session
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Let the program run and release the probe."""
        session, self._opened = self._session, None
        session.__exit__(kind, error, trace)

    @property
    def _session(self) -> Session:
        if self._opened is None:
            raise UsageError("the probe is not open", hint="use the chip inside `with stm8tool.open(…) as chip:`")
        return self._opened

    @property
    def _ready(self) -> Session:
        """The session, for a job that needs the part; UsageError if none was named."""
        _ = self.part
        return self._session

    @property
    def part(self) -> Part:
        """The part; UsageError if none was named."""
        if self._part is None:
            raise UsageError("which chip?", hint="name it: stm8tool.open(probe, part='stm8s103f3')")
        return self._part

    @property
    def probe(self) -> ProbeInfo:
        """Model, firmware and serial number of the probe."""
        return self._session.probe

    @property
    def supply_mv(self) -> Optional[int]:
        """The chip's supply as the probe measures it, in mV; None if it cannot."""
        return self._session.supply_mv

    @property
    def quality(self) -> Quality:
        """What had to be done again so far."""
        return self._session.quality

    def connect(self) -> None:
        """Reach the chip now; every job does it when it needs to."""
        self._session.connect()

    def reset(self) -> None:
        """Reset the chip; its program runs when the `with` statement ends."""
        self._session.reset()

    def info(self) -> ChipInfo:
        """Return what the chip shows, also a locked one; without a part only how it was reached."""
        return self._session.info()

    def write(
        self,
        image: Image,
        region: Union[str, Region, None] = None,
        *,
        options: bool = False,
        allow: Collection[Danger] = (),
        unlock: bool = True,
        verify: bool = True,
    ) -> Upload:
        """Write an image to flash and EEPROM: only blocks that differ; what it does not name stays.

        Args:
            image: What the chip shall hold.
            region: Where alone it may lie: "flash", "eeprom" or a part of one of them.
            options: Whether it may hold option bytes, too; they are written last.
            allow: What about them is known to be dangerous, and wanted.
            unlock: Whether a read-protected chip is unlocked first, which erases all of it; False: an error.
            verify: Whether what was programmed is read back.

        Raises:
            ImageError: Data lie elsewhere; nothing was written.
            UsageError: An option byte that is dangerous, or never written; nothing was written.
            ReadoutProtectedError: The chip is locked, and `unlock` is False.
            WriteProtectedError: UBC protects a block; nothing was written.
            ProgramError, VerifyError: It failed, also when tried again.
        """
        part = self.part
        programmable = [memory for memory in (part.flash, part.eeprom) if memory is not None]
        wanted = programmable if region is None else [self._region(region, programmable)]
        data = OptionData(option_bytes(_checked(image), part), _allowed(allow)) if options else None
        return self._session.write(_checked(image), wanted, data, unlock=unlock, verify=verify)

    def verify(self, image: Image) -> int:
        """Compare an image with flash, EEPROM and option bytes; return how many bytes are equal.

        Raises:
            ImageError: Data lie elsewhere.
            VerifyError: The first difference: `address`, `expected`, `actual`.
            ReadoutProtectedError: The chip is locked.
        """
        return self._session.verify(_checked(image), self.part.memories)

    def read(self, region: Union[str, Region] = "flash") -> bytes:
        """Return the bytes of "flash", "eeprom", "options", "ram", or of a `Region` inside one memory.

        Raises:
            ReadoutProtectedError: The chip is locked.
        """
        return self._session.read(self._region(region, self.part.readable))

    def backup(self) -> Image:
        """Return all that flash, EEPROM and option bytes hold; errors as `read`."""
        return Image(self._ready.read_all().memories)

    def restore(self, image: Image, *, force: bool = False, unlock: bool = True, verify: bool = True) -> Restored:
        """Bring back what `backup` returned, option bytes last; read protection is never restored.

        Args:
            image: A memory that it does not hold at all is left as it is.
            force: Also a piece of a memory, and a watchdog or brown-out reset that may lock us out.
            unlock, verify: As for `write`.

        Raises:
            ImageError: It is no backup of this part: data outside its memories, or only a piece of one.
            ReadoutProtectedError, ProgramError, VerifyError: As `write`.
        """
        return self._ready.restore(_checked(image), unlock=unlock, verify=verify, force=force)

    def load_ram(self, image: Image) -> None:
        """Put an image into RAM, where the chip's program may overwrite it after the `with` statement.

        Raises:
            ImageError: Data lie outside the RAM.
            ReadoutProtectedError: The chip is locked.
            VerifyError: The RAM does not hold it.
        """
        self._ready.write_ram(_checked(image))

    def run(self, address: int, image: Image) -> None:
        """Put an image into RAM and let the CPU run from `address` there, until the next reset; errors as `load_ram`.

        It runs on when the `with` statement ends; the next job inside it stops it.
        """
        self._ready.run(address, _checked(image))

    def erase(self, region: Union[str, Region] = "flash") -> Written:
        """Erase "flash", "eeprom", or whole blocks of one of them, to 0x00; blank blocks are left alone.

        Raises:
            ReadoutProtectedError, WriteProtectedError, ProgramError, VerifyError: As `write`.
        """
        part = self.part
        return self._session.erase(self._region(region, [m for m in (part.flash, part.eeprom) if m is not None]))

    def unlock(self) -> Unlocked:
        """Remove read protection, which erases a locked chip; bring option bytes to factory values; read both back.

        Raises:
            TargetError: It stays locked, or is another part; or it is open, and a byte of flash or EEPROM is not 0x00.
        """
        return self._ready.unlock()

    def options(self) -> Sequence[OptionState]:
        """Return the option bytes as the chip holds them, each with its factory value; errors as `read`."""
        return self._ready.options()

    def set_options(self, *settings: str, allow: Collection[Danger] = ()) -> Sequence[OptionChange]:
        """Change option bytes by name; return what was changed, nothing for what is so already.

        Args:
            settings: "UBC=none", "UBC=1K", "AFR=0x01", "MISC.LSI_EN=1"; complements are computed.
            allow: Dangers that are known and wanted, such as `Danger.LOCK`.

        Raises:
            UsageError: No such option or value; it is dangerous, or never written. Nothing was written.
            ReadoutProtectedError: The chip is locked.
            ProgramError: It failed, also when tried again.
        """
        for setting in settings:
            if not isinstance(setting, str):
                raise UsageError(f"an option is set by a string, not {type(setting).__name__}", hint="such as 'UBC=1K'")
        return self._changed(requested(self.part, self.options(), settings), _allowed(allow))

    def reset_options(self) -> Sequence[OptionChange]:
        """Bring the option bytes of an open chip to factory values; errors as `set_options`."""
        return self._changed(factory(self.part, self.options()), (Danger.TMU,))

    def _changed(self, changes: Sequence[OptionChange], allow: Collection[Danger]) -> Sequence[OptionChange]:
        if changes:
            self._session.change_options(changes, allow)
        return changes

    def lock(self) -> bool:
        """Turn read protection on: only an erase of everything opens the chip again; False if it was on already."""
        return self._ready.lock()

    def _region(self, region: Union[str, Region], memories: Sequence[Region]) -> Region:
        """Return the memory with this name, or `region` itself; UsageError unless it lies in one of `memories`."""
        for memory in memories:
            if region == memory.name:
                return memory
            if isinstance(region, Region) and memory.start <= region.start < region.end <= memory.end:
                return region
        raise UsageError(
            f"'{region}' is not in a memory of the {self.part.name} that serves here",
            hint="these do: " + ", ".join(map(str, memories)),
        )
