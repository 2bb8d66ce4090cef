"""The request of a command line. It is made once from argparse's Namespace, and never changes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar

from ..errors import UsageError
from ..support.values import number, shortened

if TYPE_CHECKING:
    from typing import Protocol

    from ..api import Chip
    from ..chip.link.family import PartGroup
    from ..chip.programmer import Verify
    from ..parts.table import Part, Region
    from ..session import PowerCycle
    from ..uart.settings import SerialSettings
    from .console import Console

    class Arguments(Protocol):
        """A command's own arguments: a NamedTuple with a field for each."""

        @staticmethod
        def add(parser: argparse.ArgumentParser) -> None:
            """Add them to the command's parser."""


Args = TypeVar("Args", bound="Arguments")

DEFAULT_PROBE = "stlink"
DEFAULT_POWER_CYCLE_S = 30
AUTO = "auto"
NAME_IT = "name the part that is printed on the chip with --part"
_LONGEST_POWER_CYCLE_S = 600

# The values of the options that every command has, if they are not given.
_NOT_GIVEN = {
    "probe": DEFAULT_PROBE,
    "part": None,
    "region": None,
    "base": None,
    "unlock": "auto",
    "verify": "yes",
    "no_loader": False,
    "progress": "auto",
    "power_cycle": None,
    "verbose": 0,
    "baud": None,
    "uart_reset": "auto",
    "reset_command": None,
    "uart_mode": "auto",
    "allow_remote": False,
    "json": False,
    "events": False,
}


_VERIFY: dict[str, Verify] = {"yes": True, "no": False, "read": "read"}


@dataclass(frozen=True, eq=False, repr=False)
class Request(Generic[Args]):
    """The request of one command line.

    Attributes:
        arguments: The command's own arguments.
        probe: The selector of the probe.
        part_name: The text of `--part`.
        part: The part, if the command uses one and it is known.
        shared: The facts that all possible parts share, for `--part auto`; `part` is made from them.
        region: The text of `--region`; `region_of` and `writable` find its meaning for a part.
        base: The text of `--base`; `base_address` has its value.
        unlock: A write may unlock a read-protected chip.
        verify: Whether, and how, a write compares what it programmed.
        loader: Code in the chip's RAM may do the work.
        power_cycle_s: How long the tool waits for the user to switch the board's power; None: not at all.
        serial: The choices for a serial port.
    """

    arguments: Args
    probe: str
    part_name: Optional[str]
    region: Optional[str]
    base: Optional[str]
    unlock: bool
    verify: Verify
    loader: bool
    power_cycle_s: Optional[int]
    serial: Optional[SerialSettings] = None
    part: Optional[Part] = None
    shared: Optional[PartGroup] = None

    def require_part(self) -> Part:
        """The part; UsageError if none was named."""
        if self.part is None:
            raise UsageError("which chip?", hint="name it with --part, for example --part stm8s103f3")
        return self.part

    @property
    def base_address(self) -> Optional[int]:
        """The value of `--base`."""
        if self.base is None:
            return None
        base = number(self.base)
        if base < 0:
            raise UsageError(f"--base {self.base} is not an address", hint="write 0x8000 or 32768")
        return base

    def one_region(self) -> Region:
        """Return the region that `--region` names, or else flash."""
        from ..chip import regions

        name = self.region or "flash"
        self.require_settled(name)
        return regions.resolve(self.require_part(), name)

    def writable(self) -> Sequence[Region]:
        """Return the memories that a write may touch: the one of `--region`, or flash and EEPROM."""
        from ..chip import regions

        if self.region is not None:
            self.require_settled(self.region)
        return regions.writable(self.require_part(), self.region)

    def require_settled(self, *figures: str) -> None:
        """Raise UsageError if `--part auto` found parts that differ in one of `figures`, see `family.PartGroup`."""
        for figure in figures:
            if self.shared is not None and figure in self.shared.differing:
                what = "the meaning of their option bytes" if figure == "meaning" else f"their {figure}"
                raise UsageError(
                    f"which chip? {self.shared.part.name} differ in {what}",
                    hint=NAME_IT + (", or give --region ADDRESS:SIZE" if figure in ("flash", "eeprom") else ""),
                )

    def power_cycle(self, console: Console) -> Optional[PowerCycle]:
        """Return the power cycle for `--power-cycle`; None without it."""
        from ..session import PowerCycle

        return None if self.power_cycle_s is None else PowerCycle(self.power_cycle_s, console.power_cycle)

    def chip(self, console: Console, *, listens: bool = False) -> Chip:
        """Return the chip at the probe, for a `with` statement. Only that statement opens the probe.

        With `listens` the command listens to the running chip: other commands may use the probe meanwhile.
        """
        from ..api import Chip
        from ..selector import is_serial, open_link, serial_line
        from ..session import Session

        if is_serial(self.probe):
            from ..uart.chip import UartChip

            return UartChip(
                lambda: serial_line(self.probe),
                self.part,
                self.serial_settings(console),
                console.progress,
                loader=self.loader,
            )
        power_cycle = self.power_cycle(console)
        return Chip(
            lambda: Session(open_link(self.probe), self.part, power_cycle, listens=listens),
            self.part,
            console.progress,
            loader=self.loader,
        )

    def serial_settings(self, console: Console) -> SerialSettings:
        """Return the choices for a serial port. `--power-cycle` says how long the tool waits for the user there."""
        from ..uart.settings import SerialSettings

        chosen = replace(self.serial or SerialSettings(), tell=console.reset_by_hand)
        return chosen if self.power_cycle_s is None else replace(chosen, wait_s=self.power_cycle_s)

    def possible_parts(self, console: Console) -> Sequence[Part]:
        """Look at the chip; print and return the parts that it may be."""
        from ..chip.link import family

        with self.chip(console) as chip:
            found = chip.candidates()
            seen = chip.info().seen
        console.say(f"a chip with {seen}: {family.names(found) or 'no known part'}")
        return found


class Once(argparse.Action):
    """Stores a value, as argparse does, but only once."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, _option: object = None
    ) -> None:
        """Store `values`; it is a usage error if the option was given before."""
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "given twice: a board has one serial number")
        setattr(namespace, self.dest, values)


def not_given() -> argparse.Namespace:
    """Return the Namespace for the parser. It has the values of common options that the user does not give."""
    return argparse.Namespace(**_NOT_GIVEN)


def make(namespace: argparse.Namespace, arguments: type[Args]) -> Request[Args]:
    """Return the request in `namespace` for a command with the arguments `arguments`. The part is not looked up yet.

    Raises:
        UsageError: The value of an option makes no sense, even if the option has no effect.
    """
    return Request(
        arguments=_own(namespace, arguments),
        probe=_probe(namespace),
        part_name=namespace.part,
        region=namespace.region,
        base=namespace.base,
        unlock=namespace.unlock == "auto",
        verify=_VERIFY[namespace.verify],
        loader=not namespace.no_loader,
        power_cycle_s=_power_cycle_s(namespace.power_cycle),
        serial=_serial(namespace),
    )


def _probe(namespace: argparse.Namespace) -> str:
    """Return the selector of the probe; `--allow-remote` is a part of it from here on."""
    selector: str = namespace.probe
    if not namespace.allow_remote:
        return selector
    from ..transport.usbip_place import allowed

    return allowed(selector)


def _own(namespace: argparse.Namespace, arguments: type[Args]) -> Args:
    """Return the command's own arguments; lists become tuples."""
    build: Callable[..., Args] = arguments
    values: dict[str, Any] = {name: vars(namespace)[name] for name in arguments.__annotations__}
    return build(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _power_cycle_s(text: Optional[str]) -> Optional[int]:
    """Return the seconds of `--power-cycle`; None without it."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= _LONGEST_POWER_CYCLE_S):
        raise UsageError(
            f"--power-cycle={shortened(text)} is not a number of seconds from 1 to {_LONGEST_POWER_CYCLE_S}",
            hint="write --power-cycle or --power-cycle=60",
        )
    return int(text)


def _serial(namespace: argparse.Namespace) -> Optional[SerialSettings]:
    """Return the choices for a serial port; None if none was made, so that most commands do not load the module."""
    names = ("baud", "uart_reset", "reset_command", "uart_mode")
    if all(vars(namespace)[name] == _NOT_GIVEN[name] for name in names):
        return None
    from ..uart.settings import FASTEST_BAUD, SLOWEST_BAUD, Reset, SerialSettings, UartMode

    chosen = SerialSettings(reset=Reset(namespace.uart_reset), mode=UartMode(namespace.uart_mode))
    if namespace.baud is not None:
        speeds = f"use {SLOWEST_BAUD} to {FASTEST_BAUD}, such as --baud 115200"
        baud = number(namespace.baud, speeds)
        if not SLOWEST_BAUD <= baud <= FASTEST_BAUD:
            raise UsageError(
                f"--baud {shortened(namespace.baud)} is not a speed of the loader",
                hint=speeds,
            )
        chosen = replace(chosen, baud=baud)
    if namespace.reset_command is not None:
        chosen = replace(chosen, reset_command=_words(namespace.reset_command))
    return chosen


def _words(command: str) -> tuple[str, ...]:
    """Return the words of `--reset-command`. No shell reads them; a backslash is an ordinary character."""
    import shlex

    lexer = shlex.shlex(command, posix=True)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        words = tuple(lexer)
    except ValueError as exc:
        raise UsageError("--reset-command: a quotation mark has no partner", hint="quote words with spaces") from exc
    if not words:
        raise UsageError("--reset-command needs a command", hint='such as --reset-command "gpioset chip0 4=0"')
    return words
