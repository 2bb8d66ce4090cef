"""The commands `j NAME …`. Each says a failure as stm8tool does, and ends with its exit code.

`j` takes the number that a command returns as its exit code.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional

import click
from jumpstarter.client.decorators import driver_click_group
from jumpstarter.streams.encoding import Compression

from stm8tool import Code, ToolError, UsageError

if TYPE_CHECKING:
    from .client import Stm8Client

_COMPRESSION = click.option("--compression", type=click.Choice(Compression, case_sensitive=False))
_BASE = click.option("--base", metavar="ADDRESS", help="where a raw binary begins, such as 0x8000")


def _exit_code(act: Callable[[], None]) -> int:
    """Do something; show a failure and return the exit code."""
    try:
        act()
    except ToolError as exc:
        for line in exc.details:
            click.echo(f"  {line}", err=True)
        if exc.hint:
            click.echo(f"hint: {exc.hint}", err=True)
        click.echo(f"error: {exc} {exc.code}", err=True)
        return exc.exit_code
    return 0


def _note(text: str) -> None:
    click.echo(f"console: {text}", err=True)


def _told(done: dict[str, Any]) -> None:
    if done["erased"]:
        click.echo("the chip was read-protected and is erased")
    click.echo(f"{done['file']}: {done['programmed']} of {done['compared']} blocks written")


def group(client: Stm8Client) -> Any:
    """Return the commands of a client."""

    @driver_click_group(client)
    def base() -> None:
        """An STM8: flash, dump, verify, reset, erase, unlock, info, options, console"""

    for add in (_add_flash, _add_files, _add_simple, _add_facts, _add_console):
        add(base, client)
    return base


def _add_flash(base: Any, client: Stm8Client) -> None:
    @base.command()
    @click.argument("file", required=False)
    @click.option("--target", "-t", "targets", multiple=True, metavar="TARGET[:FILE]", help="flash, eeprom, ADDRESS")
    @_BASE
    @click.option("--unlock", type=click.Choice(["auto", "never"]), help="how a read-protected chip is handled")
    @_COMPRESSION
    def flash(
        file: Optional[str],
        targets: tuple[str, ...],
        base: Optional[str],
        unlock: Optional[str],
        compression: Optional[Compression],
    ) -> int:
        """Write a file, and start the program"""

        def act() -> None:
            allowed = None if unlock is None else unlock == "auto"
            for name, path in _pairs(file, targets):
                _told(client.flash(path, target=name, base=base, unlock=allowed, compression=compression))

        return _exit_code(act)


def _add_files(base: Any, client: Stm8Client) -> None:
    @base.command()
    @click.argument("file")
    @click.option("--target", "-t", help="flash, eeprom, options, ram, ADDRESS:SIZE, or all")
    def dump(file: str, target: Optional[str]) -> int:
        """Read a memory into a file, whose suffix names the format"""

        def act() -> None:
            image = client.dump(file, target=target)
            click.echo(f"{file}: {image.size} bytes read")

        return _exit_code(act)

    @base.command()
    @click.argument("file")
    @click.option("--target", "-t", help="flash, eeprom, or an address")
    @_BASE
    @_COMPRESSION
    def verify(file: str, target: Optional[str], base: Optional[str], compression: Optional[Compression]) -> int:
        """Compare a file with the chip"""

        def act() -> None:
            equal = client.verify(file, target=target, base=base, compression=compression)
            click.echo(f"{file}: {equal} bytes are equal")

        return _exit_code(act)


def _add_simple(base: Any, client: Stm8Client) -> None:
    @base.command()
    @click.argument("region", default="flash")
    def erase(region: str) -> int:
        """Erase flash, eeprom, or whole blocks of one (ADDRESS:SIZE)"""

        def act() -> None:
            done = client.erase(region)
            click.echo(f"{region}: {done['programmed']} of {done['compared']} blocks erased")

        return _exit_code(act)

    @base.command()
    def reset() -> int:
        """Reset the chip: its program starts anew"""

        def act() -> None:
            client.reset()
            click.echo("the chip was reset")

        return _exit_code(act)

    @base.command()
    def unlock() -> int:
        """Remove read protection, which erases a locked chip"""
        return _exit_code(lambda: click.echo(client.unlock()["text"]))


def _add_facts(base: Any, client: Stm8Client) -> None:
    @base.command()
    @click.option("--json", "as_json", is_flag=True, help="as one object")
    def info(as_json: bool) -> int:
        """Show the probe and the chip"""
        return _exit_code(lambda: _show_info(client.info(), as_json))

    @base.command()
    @click.argument("settings", nargs=-1, metavar="[OPTION=VALUE]…")
    @click.option("--allow", multiple=True, metavar="DANGER", help="lock, watchdog, brownout, tmu, uncertain")
    @click.option("--defaults", is_flag=True, help="bring all to their factory values")
    def options(settings: tuple[str, ...], allow: tuple[str, ...], defaults: bool) -> int:
        """Show the option bytes; change them before"""

        def act() -> None:
            done = client.options(*settings, allow=allow, defaults=defaults)
            for one in done["changed"]:
                click.echo(f"{one['name']}: 0x{one['before']:02X} -> 0x{one['after']:02X}")
            _show_options(done["options"])

        return _exit_code(act)


def _add_console(base: Any, client: Stm8Client) -> None:
    @base.command()
    @click.option("--until", metavar="TEXT", help="end when the program has written this")
    @click.option("--for", "seconds", type=float, metavar="SECONDS", help="end after this time")
    @click.option("--send", metavar="TEXT", help="give the program this text first")
    def console(until: Optional[str], seconds: Optional[float], send: Optional[str]) -> int:
        """Show the text of the running program; Ctrl-C ends it"""
        return _exit_code(lambda: _listen(client, until, seconds, send))


def _pairs(file: Optional[str], targets: tuple[str, ...]) -> list[tuple[Optional[str], str]]:
    """Return targets and files: FILE alone, FILE with one target, or TARGET:FILE again and again."""
    if file is not None:
        if len(targets) > 1:
            raise UsageError("one file has one target", hint="write -t TARGET:FILE for each file")
        return [(targets[0] if targets else None, file)]
    found: list[tuple[Optional[str], str]] = []
    for word in targets:
        name, colon, path = word.partition(":")
        if not colon or not path:
            raise UsageError(f"which file for {word!r}?", hint="write -t TARGET:FILE, such as -t eeprom:settings.bin")
        found.append((name, path))
    if not found:
        raise UsageError("which file?", hint="name it: flash firmware.hex")
    return found


def _show_info(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
        return
    probe = found["probe"]
    click.echo(f"probe       {probe['model']}, firmware {probe['firmware']}, at {probe['place']}")
    click.echo(f"chip        {found['part']}, {found['connected']}")
    click.echo(f"protection  {found['protection']}")
    if found["unique_id"]:
        click.echo(f"unique ID   {found['unique_id']}")
    _show_options(found["options"])


def _show_options(rows: list[dict[str, Any]]) -> None:
    for one in rows:
        factory = "" if one["is_factory"] else f", from the factory 0x{one['factory']:02X}"
        click.echo(f"{one['name']:<11} 0x{one['value']:02X}{factory}")


def _listen(client: Stm8Client, until: Optional[str], seconds: Optional[float], send: Optional[str]) -> None:
    if until == "":
        raise UsageError("--until needs a text", hint="such as --until ready")
    end = None if seconds is None else time.monotonic() + seconds
    seen = b""
    with client.console(_note) as running:
        if send:
            running.send(send)
        while True:
            found = running.read()
            sys.stdout.buffer.write(found)
            sys.stdout.buffer.flush()
            seen += found
            if until is not None:
                if until.encode() in seen:
                    return
                seen = seen[-len(until.encode()) :]
            if end is not None and time.monotonic() >= end:
                if until is None:
                    return
                raise ToolError(
                    f"the program did not write {until!r} in that time", code=Code.RUN_TIME, hint="give it more: --for"
                )
