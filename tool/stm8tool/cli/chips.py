"""The commands for a chip as a whole: unlock, reset, lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import Code, UsageError
from .command import NoArguments, PartUse, command

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from .console import Console
    from .request import Request
    from .results.chips import LockResult, ResetResult, UnlockResult

_CONFIRMATION = "lock"


def unlock(request: Request[NoArguments], console: Console) -> UnlockResult:
    from .results.chips import UnlockResult

    request.require_settled("options")
    with request.chip(console) as chip:
        result = UnlockResult(request.require_part(), chip.unlock())
        console.report(result)  # inside the `with` statement: an error at its end must not hide it
    return result


def reset(request: Request[NoArguments], console: Console) -> ResetResult:
    from .results.chips import ResetResult

    with request.chip(console) as chip:
        chip.reset()
    return ResetResult(chip.starts_program)


class LockArguments(NamedTuple):
    """The arguments of `lock`."""

    yes: bool

    @staticmethod
    def add(parser: ArgumentParser) -> None:
        """Add them."""
        parser.add_argument("--yes", action="store_true", help="do not ask")


def lock(request: Request[LockArguments], console: Console) -> LockResult:
    from .results.chips import LockResult

    part, confirmed = request.require_part(), request.arguments.yes
    if not confirmed and not console.is_interactive:
        raise UsageError(
            f"locking the {part.name} must be confirmed",
            code=Code.DANGEROUS_WRITE,
            hint="add --yes; after that only an erase of the whole chip opens it",
        )
    console.say(
        f"lock sets the read protection (ROP) of the {part.name}: "
        "after that the chip cannot be read, compared or debugged."
    )
    console.say("The only way back is `unlock`, which erases flash, EEPROM and option bytes.")
    if not confirmed and console.ask(f"type '{_CONFIRMATION}' to go on: ") != _CONFIRMATION:
        raise UsageError("not confirmed: nothing was done", hint=f"type '{_CONFIRMATION}', or add --yes")
    with request.chip(console) as chip:
        result = LockResult(part, chip.lock())
        console.report(result)
    return result


COMMANDS = (
    command(
        "unlock",
        "remove read protection (erases a locked chip), restore factory option bytes",
        unlock,
        NoArguments,
        part=PartUse.REQUIRED,
        writes=True,
    ),
    command("reset", "reset the chip and let its program run", reset, NoArguments, part=PartUse.OPTIONAL, writes=False),
    command(
        "lock",
        "set read protection: only an erase of everything opens the chip again",
        lock,
        LockArguments,
        part=PartUse.REQUIRED,
        writes=True,
    ),
)
