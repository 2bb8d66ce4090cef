"""`dap`: a debug adapter, which an editor starts and talks to over stdin and stdout."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from ..errors import UsageError
from .command import NoArguments, PartUse, command
from .process import HarmfulInterrupt

if TYPE_CHECKING:
    from ..api import Chip
    from .console import Console
    from .request import Request


def dap(request: Request[NoArguments], console: Console) -> None:
    from . import guard

    if "--json" in console.form:
        raise UsageError(
            "stdout belongs to the Debug Adapter Protocol, which has its own results",
            hint="leave --json out; --events writes to stderr",
        )
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "an editor starts this command, and talks to it over stdin",
            hint="docs/debugging.md shows how; see also debug",
        )
    guard.debug_in_child()
    from ..debugger.dap.adapter import Adapter
    from ..debugger.dap.wire import DapWire
    from ..parts.table import find_part

    def open_chip(probe: Optional[str], part: Optional[str]) -> Chip:
        chosen = replace(
            request, probe=probe or request.probe, part=find_part(part) if part is not None else request.part
        )
        if chosen.part is None:
            raise UsageError("which chip?", hint="give its name as part, or start the adapter with --part")
        return chosen.chip(console)

    with console.lent_stdout() as stdout, Adapter(DapWire(sys.stdin.buffer, stdout), open_chip) as adapter:
        try:
            adapter.serve()
        except KeyboardInterrupt as exc:
            if not adapter.is_writing:
                raise
            raise HarmfulInterrupt from exc


COMMANDS = (
    command(
        "dap",
        "a debug adapter for editors: the Debug Adapter Protocol over stdin and stdout",
        dap,
        NoArguments,
        part=PartUse.OPTIONAL,
        writes=False,
        auto=False,
        description="Serve the Debug Adapter Protocol over stdin and stdout, for VS Code, Neovim and other editors; "
        "docs/debugging.md. The editor starts it. It may name the probe and the part later, too.",
    ),
)
