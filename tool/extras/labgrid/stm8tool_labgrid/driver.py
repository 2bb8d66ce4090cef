"""Stm8ToolDriver: the jobs of stm8tool on the board of a labgrid target."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional, Union

import attr
from labgrid.binding import BindingError
from labgrid.driver.common import Driver
from labgrid.driver.consoleexpectmixin import ConsoleExpectMixin
from labgrid.exceptions import NoSupplierFoundError
from labgrid.factory import target_factory
from labgrid.protocol import BootstrapProtocol, ConsoleProtocol, ResetProtocol
from labgrid.resource.remote import RemotePlace
from labgrid.step import step

import stm8tool
from stm8tool.chip.running import program

from . import address
from .claim import Claim
from .problem import Stm8ToolError, told
from .resources import NetworkStm8Probe, Stm8Probe, at_least, of_type, part_of, refuse_unknown, text
from .swim_text import SwimText


def _flag(default: bool) -> Any:
    return attr.ib(default=default, validator=of_type(bool, "true"))


def _number(kind: type, default: float, least: float) -> Any:
    return attr.ib(default=default, validator=[of_type(kind, str(default)), at_least(least)])


@target_factory.reg_driver
@attr.s(eq=False)
class Stm8ToolDriver(ConsoleExpectMixin, Driver, BootstrapProtocol, ResetProtocol, ConsoleProtocol):
    """Write, reset and read an STM8 through an ST-LINK.

    While it is active, no other process of this user gets the probe. Each job opens the probe and releases it. The
    console keeps it open, and steps aside for another job.

    Args:
        part: The chip, such as stm8s103f3; without it, the part that the resource names.
        address: The text for `--probe` of stm8tool, in place of the resource's own probe.
        image: A name in `images:` of the environment file, for `load` without a file.
        elf: The program's ELF for the console: a name in `images:`, or a path.
        base: Address of the first byte of a raw binary.
        auto_unlock: Whether `load` unlocks a read-protected chip, which erases it.
        loader: Whether code in the chip's RAM may do the work, which is faster.
        allow_remote: Whether the probe may be on another machine, by USB/IP without a tunnel.
        usbip_port: The port of the USB/IP server on an exporter's host.
        txdelay: Seconds before each piece of text that is sent.
        txchunk: Bytes of a piece, if there is a delay.
    """

    bindings = {  # noqa: RUF012 -- labgrid reads it from the class
        "probe": {"USBDebugger", "NetworkUSBDebugger", Stm8Probe, NetworkStm8Probe},
    }
    priorities = {ConsoleProtocol: -10}  # noqa: RUF012 -- if the board has a serial port, that is its console

    part = text("stm8s103f3")
    address = text("usbip://lab1/1-1.4")
    image = text("firmware")
    elf = text("firmware")
    base: Any = attr.ib(default=None, validator=of_type(int, "0x8000"))
    auto_unlock = _flag(True)
    loader = _flag(True)
    allow_remote = _flag(False)
    usbip_port = _number(int, 3240, 1)
    txdelay = _number(float, 0.0, 0)
    txchunk = _number(int, 1, 1)

    def __attrs_post_init__(self) -> None:
        """Bind to the probe.

        Raises:
            Stm8ToolError: The configuration does not fit: no probe or several, an unknown parameter or part.
        """
        self._claim: Optional[Claim] = None
        self._text: Optional[SwimText] = None
        target = self.target
        try:
            super().__attrs_post_init__()
        except NoSupplierFoundError as exc:
            raise Stm8ToolError(
                f"{target.name} has no probe for Stm8ToolDriver, or several: {exc.msg}",
                hint="the place needs a USBDebugger, Stm8Probe or NetworkStm8Probe; if it has two, write bindings: "
                "{probe: NAME} below the driver",
            ) from exc
        except BindingError as exc:
            raise Stm8ToolError(f"Stm8ToolDriver: {exc.msg}", hint="its only binding is probe") from exc
        self._refuse_unknown()
        with told():
            self._part = self._chosen_part()

    def _refuse_unknown(self) -> None:
        """Refuse a parameter that this class does not have. labgrid only warns of it, and leaves it out."""
        environment = self.target.env
        config = environment.config.get_targets().get(self.target.name) if environment else None
        if config is not None:
            _, drivers = target_factory.normalize_config(config)
            given, _ = drivers.get(type(self).__name__, {}).get(self.name, ({}, {}))
            known = {field.name for field in attr.fields(type(self))} - {"target", "name", "state"}
            refuse_unknown(type(self).__name__, given, known)

    def _chosen_part(self) -> Optional[stm8tool.Part]:
        """Return the part that the driver or its resource names; Stm8ToolError if they differ."""
        own, on_board = (stm8tool.find_part(name) if name else None for name in (self.part, part_of(self.probe)))
        if own and on_board and own != on_board:
            raise Stm8ToolError(
                f"which chip? The driver says {own.name}, and the probe's resource says {on_board.name}",
                code=stm8tool.Code.FAMILY,
                hint="write the part in one place only; the exporter's file is the one that knows the board",
            )
        return own or on_board

    # -- the probe ------------------------------------------------------------------------------------------

    @property
    def selector(self) -> str:
        """The text by which stm8tool finds the probe, the value of `--probe`."""
        environment = self.target.env
        folder = Path(environment.config.base) if environment else Path.cwd()
        if self.address is not None:
            return address.given(self.address, folder=folder, allow_remote=self.allow_remote)
        return address.of(self.probe, folder=folder, port=self.usbip_port, allow_remote=self.allow_remote)

    def on_activate(self) -> None:
        """Lock the probe; Stm8ToolError if another process has it."""
        with told():
            selector = self.selector
            claim = Claim(address.key(selector), selector, self._place())
        claim.take()
        self._claim = claim

    def _place(self) -> str:
        """Return the name of the place, or that of the target if an environment file has no place."""
        places = [resource.name for resource in self.target.resources if isinstance(resource, RemotePlace)]
        return str(places[0] if places else self.target.name)

    def on_deactivate(self) -> None:
        """Release the probe; the program runs on."""
        try:
            self._put_text_away()
        finally:
            claim, self._claim = self._claim, None
            if claim is not None:
                claim.give_back()

    def _opened(self) -> stm8tool.Chip:
        return stm8tool.open(self.selector, part=self._part, loader=self.loader)

    @contextmanager
    def _chip(self) -> Iterator[stm8tool.Chip]:
        """Give the chip to one job. The console steps aside for it."""
        self._put_text_away()
        with told(), self._opened() as chip:
            yield chip

    @contextmanager
    def _known_chip(self) -> Iterator[stm8tool.Chip]:
        """Give the chip to a job that needs the part."""
        if self._part is None:
            raise Stm8ToolError(
                "which chip? Neither the driver nor the probe's resource names a part",
                hint="write part: stm8s103f3 below Stm8ToolDriver, or in the exporter's file",
            )
        with self._chip() as chip:
            yield chip

    def _file(self, name: Optional[str], otherwise: Optional[str]) -> str:
        """Return a path. `otherwise` is a name in `images:`, or a path."""
        if name is not None:
            return name
        if otherwise is None:
            raise Stm8ToolError("which file?", hint="give load a file, or write image: NAME below Stm8ToolDriver")
        config = self.target.env.config if self.target.env else None
        if config is None:
            return otherwise
        named = otherwise in config.get_images()
        return str(config.get_image_path(otherwise) if named else config.resolve_path(otherwise))

    def _image(self, filename: Optional[str]) -> stm8tool.Image:
        return stm8tool.load_image(self._file(filename, self.image), base=self.base, part=self._part)

    # -- jobs -----------------------------------------------------------------------------------------------

    @Driver.check_active
    @step(args=["filename"], result=True)
    def load(self, filename: Optional[str] = None) -> stm8tool.Upload:
        """Write a file to the chip, verify it, and start its program. Without a file, that of `image`."""
        with told():
            image = self._image(filename)
        with self._known_chip() as chip:
            return chip.write(image, unlock=self.auto_unlock)

    @Driver.check_active
    @step()
    def reset(self) -> None:
        """Reset the chip; its program starts."""
        with self._chip() as chip:
            chip.reset()

    @Driver.check_active
    @step(args=["filename"], result=True)
    def verify(self, filename: Optional[str] = None) -> int:
        """Compare a file with the chip; return how many bytes are equal. Stm8ToolError names the first difference."""
        with told():
            image = self._image(filename)
        with self._known_chip() as chip:
            return chip.verify(image)

    @Driver.check_active
    @step(args=["region"], result=True)
    def erase(self, region: str = "flash") -> stm8tool.Written:
        """Erase "flash", "eeprom", or ADDRESS:SIZE in one of them."""
        with self._known_chip() as chip:
            return chip.erase(region)

    @Driver.check_active
    @step(result=True)
    def unlock(self) -> stm8tool.Unlocked:
        """Remove read protection, which erases a locked chip. Bring option bytes to factory values."""
        with self._known_chip() as chip:
            return chip.unlock()

    @Driver.check_active
    @step(args=["region"])
    def read_memory(self, region: str = "flash") -> bytes:
        """Return bytes of the chip: "flash", "eeprom", "options", "ram" or ADDRESS:SIZE."""
        with self._known_chip() as chip:
            return chip.read(region)

    @Driver.check_active
    @step()
    def options(self) -> Sequence[stm8tool.OptionState]:
        """Return the option bytes, each with its factory value."""
        with self._known_chip() as chip:
            return chip.options()

    @Driver.check_active
    @step(args=["settings"])
    def set_options(self, *settings: str, allow: Collection[stm8tool.Danger] = ()) -> Sequence[stm8tool.OptionChange]:
        """Set option bytes, such as "UBC=none"; `allow` has the dangers that you know and want."""
        with self._known_chip() as chip:
            return chip.set_options(*settings, allow=allow)

    @Driver.check_active
    @step()
    def info(self) -> stm8tool.ChipInfo:
        """Return the kind and state of the chip."""
        with self._chip() as chip:
            return chip.info()

    # -- the console ----------------------------------------------------------------------------------------

    def _put_text_away(self) -> None:
        """Give the probe back, if the console has it."""
        held, self._text = self._text, None
        if held is not None:
            with told():
                held.close()

    def _open_text(self) -> SwimText:
        if self._text is None:
            loaded = None
            if self.elf is not None and self._part is not None:
                loaded = program.load(self._file(None, self.elf), self._part)
            self._text = SwimText(self._opened(), loaded, self.logger.warning)
        return self._text

    def _read(self, size: int = 1, timeout: float = 0.0, max_size: Optional[int] = None) -> bytes:
        """Return text of the running program; ConsoleExpectMixin calls it. The chip is not reset."""
        with told():
            return self._open_text().read(size, timeout, max_size)

    def _write(self, data: Union[bytes, str]) -> int:
        """Give the running program text; return its length."""
        with told():
            return self._open_text().write(data.encode() if isinstance(data, str) else data)
