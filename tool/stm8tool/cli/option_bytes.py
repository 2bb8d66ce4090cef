"""The commands for option bytes: options show, set, defaults, diff."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from ..errors import ImageError, VerifyError
from ..support import files
from .command import Group, NoArguments, PartUse, command

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..chip.options.plan import Change, Danger
    from ..parts.table import Part, Region
    from .console import Console
    from .request import Request
    from .results.option_bytes import (
        OptionsDefaultsResult,
        OptionsDiffResult,
        OptionsSetResult,
        OptionsShowResult,
    )

# The dangers that `--force-…` allows.
_FORCED = {
    "lock": "set ROP, as the command lock does",
    "watchdog": "let a watchdog run from reset on, even if NRST was not seen to work",
    "brownout": "let the brown-out reset of an STM8L work at more than its lowest threshold",
    "tmu": "change the keys and the counter of the temporary unprotection of an STM8AF",
    "uncertain": "change option bytes whose meaning is not sure",
}
_SAVED_ROW = r"^\s*([A-Z]\w+) +0x[0-9A-F]{4} +0x([0-9A-F]{2})\b"  # a row of `options show`
_LARGEST_TABLE = 1 << 16


def add_forced(parser: ArgumentParser) -> None:
    """Add an option for each danger that a user may allow. The argument `forced` collects all of them."""
    for name, help_text in _FORCED.items():
        parser.add_argument(
            f"--force-{name}", action="append_const", const=name, dest="forced", default=[], help=help_text
        )


def dangers(forced: Iterable[str]) -> set[Danger]:
    """Return the dangers that the options `--force-…` allow."""
    from ..chip.options.plan import Danger

    return {Danger(name) for name in forced}


def show(request: Request[NoArguments], console: Console) -> OptionsShowResult:
    from .results.option_bytes import OptionsShowResult

    part = request.require_part()
    request.require_settled("options", "meaning")
    with request.chip(console) as chip:
        result = OptionsShowResult(part, chip.options())
        console.report(result)  # inside the `with` statement: an error at its end must not hide it
    return result


class SetArguments(NamedTuple):
    """The arguments of `options set`."""

    settings: Sequence[str]
    forced: Sequence[str]

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument(
            "settings", nargs="+", metavar="OPTION[.FIELD]=VALUE", help="UBC=none, UBC=1K, AFR=0x01, MISC.LSI_EN=1"
        )
        add_forced(parser)


def set_values(request: Request[SetArguments], console: Console) -> OptionsSetResult:
    from .results.option_bytes import OptionsSetResult

    part = request.require_part()
    request.require_settled("options", "meaning")
    settings, allow = request.arguments.settings, dangers(request.arguments.forced)
    with request.chip(console) as chip:
        changes = chip.set_options(*settings, allow=allow, tell=changes_told(console, part))
        result = OptionsSetResult(part, changes, chip.resets_for_options)
        console.report(result)
    return result


def defaults(request: Request[NoArguments], console: Console) -> OptionsDefaultsResult:
    from .results.option_bytes import OptionsDefaultsResult

    part = request.require_part()
    request.require_settled("options", "meaning")
    with request.chip(console) as chip:
        changes = chip.reset_options(tell=changes_told(console, part))
        left = [state.option.name for state in chip.options() if not state.is_factory]
        result = OptionsDefaultsResult(part, changes, chip.resets_for_options, left)
        console.report(result)
    return result


class DiffArguments(NamedTuple):
    """The arguments of `options diff`."""

    file: str

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("file", metavar="FILE", help="an image, or the saved output of `options show`")


def diff(request: Request[DiffArguments], console: Console) -> OptionsDiffResult:
    from ..chip.options.plan import Change
    from .results.option_bytes import OptionsDiffResult

    part, file = request.require_part(), request.arguments.file
    request.require_settled("options", "meaning")
    values = _values_of_file(file, part, request.base_address)
    with request.chip(console) as chip:
        states = chip.options()
    compared = [Change(state, values[state.option.name]) for state in states if state.option.name in values]
    different = [change for change in compared if not change.is_done(states)]
    result = OptionsDiffResult(part, file, len(compared), different)
    if not different:
        return result
    console.report(result)
    first = different[0]
    raise VerifyError(
        f"{len(different)} of {len(compared)} option bytes differ: {_names(different)}",
        address=first.option.address,
        expected=first.value,
        actual=first.state.value,
        hint="`options set` changes single option bytes",
    )


def changes_told(console: Console, part: Part) -> Callable[[Sequence[Change]], None]:
    """Return a function that tells the effect of changes of option bytes: a text, and an event for programs."""

    def tell(changes: Sequence[Change]) -> None:
        from ..chip import wording

        lines = list(wording.option_changes(part, changes))
        if lines:
            console.tell("option-changes", "\n".join(lines), changes=changes)

    return tell


def changes_shown(say: Callable[[str], None], part: Part) -> Callable[[Sequence[Change]], None]:
    """Return a function that prints the effect of changes of option bytes, one line for each."""

    def tell(changes: Sequence[Change]) -> None:
        from ..chip import wording

        for line in wording.option_changes(part, changes):
            say(line)

    return tell


def _values_of_file(file: str, part: Part, base: Optional[int]) -> dict[str, int]:
    """Return the option bytes in a file by name. The file is an image, or the saved output of `options show`.

    Raises:
        ImageError: The file cannot be read, holds no option byte of `part`, or holds a complement that does not match.
    """
    from .. import image
    from ..parts.table import option_table

    saved = _saved_table(file)
    if saved:
        return saved
    options = part.options
    content = image.load([file], _base_of(file, options) if base is None else base, ram_size=part.ram.size)
    held = {s.address + n: byte for s in content.slice(options) for n, byte in enumerate(s.data)}
    values = {option.name: held[option.address] for option in option_table(part) if option.address in held}
    for option in option_table(part):
        complement = held.get(option.address + 1) if option.complement else None
        if complement is not None and option.name in values and values[option.name] ^ 0xFF != complement:
            raise ImageError(f"{file}: {option.name} and its complement do not match", hint="make the file again")
    if not values:
        raise ImageError(f"{file} holds no option bytes", hint=f"those of the {part.name} lie in {options}")
    return values


def _base_of(file: str, options: Region) -> int:
    """Return the start of the option area; ImageError for a raw binary of another size.

    Other formats contain their addresses.
    """
    from ..image.loading import has_addresses, read_bytes

    content = read_bytes(file)
    if content and not has_addresses(content) and len(content) != options.size:
        raise ImageError(
            f"{file}: {len(content)} bytes without addresses do not fill {options} ({options.size} bytes)",
            hint=f"give their address, such as --base 0x{options.start:04X}",
        )
    return options.start


def _saved_table(file: str) -> dict[str, int]:
    """Return the values in a saved table of `options show`; empty if the file is not such a table."""
    try:
        text = files.read_regular(Path(file), _LARGEST_TABLE).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return {}  # `image.load` says what is wrong with it
    return {name: int(value, 16) for name, value in re.findall(_SAVED_ROW, text, re.MULTILINE)}


def _names(changes: Sequence[Change]) -> str:
    return ", ".join(change.option.name for change in changes)


COMMANDS = (
    Group(
        "options",
        "look at the option bytes and change them",
        (
            command(
                "show",
                "show all option bytes with their meanings and factory values",
                show,
                NoArguments,
                part=PartUse.REQUIRED,
                writes=False,
            ),
            command(
                "set",
                "change option bytes; shows the whole change first",
                set_values,
                SetArguments,
                part=PartUse.REQUIRED,
                writes=True,
            ),
            command(
                "defaults",
                "bring option bytes to their factory values",
                defaults,
                NoArguments,
                part=PartUse.REQUIRED,
                writes=True,
            ),
            command(
                "diff",
                "compare the chip's option bytes with those of a file",
                diff,
                DiffArguments,
                part=PartUse.REQUIRED,
                writes=False,
            ),
        ),
    ),
)
