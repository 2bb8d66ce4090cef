"""The commands around option bytes, and `lock`: one function each, from parsed arguments to lines for the user."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from ..errors import Code, ImageError, UsageError, VerifyError
from ..support import files
from .probes import base_address, changes_teller, forced_dangers, open_chip, require_settled, required_part

if TYPE_CHECKING:
    from ..chip.options.plan import Change
    from ..parts.table import Part, Region
    from .console import Console

_CONFIRMATION = "lock"
_SAVED_ROW = re.compile(r"^\s*([A-Z]\w+) +0x[0-9A-F]{4} +0x([0-9A-F]{2})\b", re.MULTILINE)  # of `options show`
_LARGEST_TABLE = 1 << 16


def show(arguments: argparse.Namespace, console: Console) -> None:
    from ..chip import wording

    part = required_part(arguments)
    require_settled(arguments, "options", "meaning")
    with open_chip(arguments, console, part) as chip:
        for line in wording.options_in_force(part, chip.options()):
            console.say(line)


def set_values(arguments: argparse.Namespace, console: Console) -> None:
    part = required_part(arguments)
    require_settled(arguments, "options", "meaning")
    with open_chip(arguments, console, part) as chip:
        changes = chip.set_options(
            *arguments.settings, allow=forced_dangers(arguments), tell=changes_teller(console, part)
        )
        _tell_changed(console, changes)


def defaults(arguments: argparse.Namespace, console: Console) -> None:
    part = required_part(arguments)
    require_settled(arguments, "options", "meaning")
    with open_chip(arguments, console, part) as chip:
        changes = chip.reset_options(tell=changes_teller(console, part))
        left = ", ".join(state.option.name for state in chip.options() if not state.is_factory)
        if changes or not left:
            _tell_changed(console, changes)
        if left:
            console.say(f"left alone, and not at factory values: {left}")


def diff(arguments: argparse.Namespace, console: Console) -> None:
    from ..chip import wording
    from ..chip.options.plan import Change

    part = required_part(arguments)
    require_settled(arguments, "options", "meaning")
    values = _values_of_file(arguments.file, part, base_address(arguments))
    with open_chip(arguments, console, part) as chip:
        states = chip.options()
    compared = [Change(state, values[state.option.name]) for state in states if state.option.name in values]
    different = [change for change in compared if not change.is_done(states)]
    if not different:
        console.say(f"the {len(compared)} option bytes that {arguments.file} has are those of the chip")
        return
    console.say(f"the chip -> {arguments.file}")
    for line in wording.option_changes(part, different):
        console.say(line)
    first = different[0]
    raise VerifyError(
        f"{len(different)} of {len(compared)} option bytes differ: {_names(different)}",
        address=first.option.address,
        expected=first.value,
        actual=first.state.value,
        hint="`options set` changes single ones",
    )


def lock(arguments: argparse.Namespace, console: Console) -> None:
    from ..chip import wording

    part = required_part(arguments)
    if not arguments.yes and not console.is_interactive:
        raise UsageError(
            f"locking the {part.name} must be confirmed",
            code=Code.DANGEROUS_WRITE,
            hint="add --yes: from then on only an erase of the whole chip opens it",
        )
    console.say(
        f"lock sets the read protection (ROP) of the {part.name}: nobody can read, compare or debug it any more."
    )
    console.say("The only way back is `unlock`, which erases flash, EEPROM and option bytes.")
    if not arguments.yes and console.ask(f"type '{_CONFIRMATION}' to go on: ") != _CONFIRMATION:
        raise UsageError("not confirmed: nothing was done", hint=f"type '{_CONFIRMATION}', or add --yes")
    with open_chip(arguments, console, part) as chip:
        written = chip.lock()
        console.say(wording.LOCKED if written else "it is read-protected already: nothing to do")


def _tell_changed(console: Console, changes: Sequence[Change]) -> None:
    """Say what has become of `changes`, which are made."""
    from ..chip import wording

    if not changes:
        console.say("nothing to do: the option bytes are so already")
    for line in wording.options_written(changes):
        console.say(line)


def _values_of_file(file: str, part: Part, base: Optional[int]) -> dict[str, int]:
    """Return the option bytes in a file by name: an image, or what `options show` printed.

    Raises:
        ImageError: It cannot be read, or holds no option byte of `part`, or a complement that does not fit.
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
    """Return the start of the option area; ImageError for a raw binary of another size, which may be anything.

    The other formats carry their addresses.
    """
    from ..image.loading import has_addresses, read_bytes

    content = read_bytes(file)
    if content and not has_addresses(content) and len(content) != options.size:
        raise ImageError(
            f"{file}: {len(content)} bytes without addresses are not {options} ({options.size} bytes)",
            hint=f"say with --base where they belong, such as --base 0x{options.start:04X}",
        )
    return options.start


def _saved_table(file: str) -> dict[str, int]:
    """Return the values in a saved table of `options show`; empty if the file is no such table."""
    try:
        text = files.read_regular(Path(file), _LARGEST_TABLE).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return {}  # `image.load` says what is wrong with it
    return {name: int(value, 16) for name, value in _SAVED_ROW.findall(text)}


def _names(changes: Sequence[Change]) -> str:
    return ", ".join(change.option.name for change in changes)


# After an interrupt of one of these an option byte may not have its complement.
WRITING = (set_values, defaults, lock)
