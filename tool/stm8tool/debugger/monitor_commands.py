"""The commands of GDB's `monitor`: what a debugger has no packet for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Optional

from ..chip import wording
from ..chip.flash.controller import Flash
from ..chip.options.bytes import read_as_listed
from ..errors import UsageError
from ..support.values import number
from .comparators import AccessKind, Condition, Mode
from .target import Target

_KINDS = {"fetch": AccessKind.FETCH, "write": AccessKind.WRITE, "read": AccessKind.READ, "access": AccessKind.EITHER}
_RANGE = re.compile(r"(\w+)\.\.(\w+)")


class _Row(NamedTuple):
    """One command: its words, its help, and the function that gets the words after it and returns a text."""

    usage: str
    help: str
    run: Callable[[Sequence[str]], str]


class Monitor:
    """Runs the commands.

    Args:
        target: The chip.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._rows = {
            "reset": _Row(
                "reset [halt|run]", "reset the chip; its program runs, or waits halted at its start", self._reset
            ),
            "halt": _Row("halt", "stop the CPU", self._halt),
            "resume": _Row("resume", "let the CPU go on", self._resume),
            "unlock": _Row("unlock", "remove read protection, which erases a locked chip", self._unlock),
            "options": _Row("options", "show the option bytes", self._options),
            "info": _Row("info", "show the chip, the probe, and the state of the CPU", self._info),
            "when": _Row("when …", "stop the CPU on a condition; `when` alone says how to write it", self._when),
            "init": _Row("init", "do nothing: the chip is ready when a client comes", lambda _words: ""),
            "help": _Row("help", "show these lines", self._help),
        }

    def run(self, line: str) -> str:
        """Run one line; return the text for the user.

        Raises:
            UsageError: There is no such command.
            ToolError: It failed.
        """
        words = line.split()
        row = self._rows.get(words[0]) if words else self._rows["help"]
        if row is None:
            raise UsageError(f"there is no monitor command '{words[0][:40]}'", hint="`monitor help` shows all")
        return row.run(words[1:])

    def _help(self, _words: Sequence[str]) -> str:
        return "\n".join(f"{row.usage:<18} {row.help}" for row in self._rows.values())

    def _reset(self, words: Sequence[str]) -> str:
        how = words[0] if words else "run"
        if how not in ("halt", "init", "run") or len(words) > 1:
            raise UsageError(
                f"'reset {' '.join(words)[:40]}' is not a way to reset", hint="reset, reset halt, reset run"
            )
        target = self._target
        stop = target.reset() if target.is_attached else target.attach(reset=True)
        if how == "run":
            target.resume()
            return "the chip was reset, and its program runs"
        return f"the chip was reset; it is halted at 0x{stop.pc:06X}"

    def _halt(self, _words: Sequence[str]) -> str:
        target = self._target
        stop = target.halt() if target.is_attached else target.attach()
        return f"halted at 0x{stop.pc:06X}"

    def _resume(self, _words: Sequence[str]) -> str:
        if self._target.is_halted:
            self._target.resume()
        return "the program runs"

    def _unlock(self, _words: Sequence[str]) -> str:
        result, stop = self._target.unlock()
        return f"{wording.unlocked(result)}\nit is halted at 0x{stop.pc:06X}"

    def _options(self, _words: Sequence[str]) -> str:
        target = self._target
        if not target.is_attached:
            target.attach()
        if not target.is_halted:
            raise UsageError("the program runs, so the option bytes are not read", hint="halt it first")
        states = read_as_listed(Flash(target.core, target.part))
        return "\n".join(wording.option_table(states))

    def _info(self, _words: Sequence[str]) -> str:
        target, part = self._target, self._target.part
        lines = [f"chip:   {part.name}, {part.flash}, {part.ram}" + (f", {part.eeprom}" if part.eeprom else "")]
        if not target.is_attached:
            return "\n".join([*lines, "state:  not attached"])
        link = target.link
        lines.append(f"probe:  {link.info.model}, firmware {link.info.firmware}; {wording.speed(link.high_speed)}")
        if target.is_halted:
            lines.append(f"state:  halted at 0x{target.registers.pc:06X}")
        else:
            lines.append("state:  asleep in HALT" if target.is_asleep else "state:  running")
        watched = ", ".join(map(str, target.conditions)) or "nothing"
        return "\n".join([*lines, f"the two comparators stop it at: {watched}"])

    # -- conditions that no packet has ----------------------------------------------------------------------------

    def _when(self, words: Sequence[str]) -> str:
        target = self._target
        if words == ["none"]:
            for condition in target.conditions:
                target.remove(condition)
            return "no condition is set"
        if words:
            condition = _condition(words)
            target.add(condition)
            return f"the CPU stops at: {condition}"
        return "\n".join(
            [
                *(f"set: {condition}" for condition in target.conditions),
                "when KIND ADDRESS              KIND is fetch, write, read or access (read or write)",
                "when KIND FIRST..LAST          both addresses included",
                "when KIND outside FIRST..LAST",
                "when KIND ADDRESS = VALUE      a byte that has this value; not for fetch",
                "when fetch ADDRESS then ADDRESS",
                "when stack ADDRESS             the stack is written at this address or below",
                "when none                      remove all conditions, those of breakpoints too",
            ]
        )


def _condition(words: Sequence[str]) -> Condition:
    """Return the condition in the words after `when`.

    Raises:
        UsageError: They make no sense.
    """
    found = _parsed(words)
    if found is None:
        raise UsageError(
            f"'when {' '.join(words)[:60]}' is not a condition", hint="`monitor when` shows how to write one"
        )
    if not 0 <= found.first <= 0xFFFFFF or not 0 <= found.second <= 0xFFFFFF:
        raise UsageError("an address is a number up to 0xFFFFFF", hint="such as 0x8080")
    if found.mode in (Mode.INSIDE, Mode.OUTSIDE) and found.first > found.second:
        raise UsageError("a range begins with its lower address", hint="such as 0x8000..0x80FF")
    if found.mode is Mode.VALUE and found.second > 0xFF:
        raise UsageError("a value is one byte, from 0 to 0xFF", hint="such as = 0x55")
    return found


def _parsed(words: Sequence[str]) -> Optional[Condition]:
    kind, *rest = words
    if kind == "stack" and len(rest) == 1:
        return Condition(AccessKind.WRITE, number(rest[0]), mode=Mode.STACK)
    access = _KINDS.get(kind)
    if access is None or not rest:
        return None
    mode = Mode.INSIDE
    if rest[0] == "outside":
        mode, rest = Mode.OUTSIDE, rest[1:]
    between = _RANGE.fullmatch(rest[0]) if len(rest) == 1 else None
    if between:
        return Condition(access, number(between[1]), number(between[2]), mode)
    if mode is Mode.OUTSIDE:
        return None
    if len(rest) == 1:
        return Condition(access, number(rest[0]))
    if len(rest) == 3 and rest[1] == "=" and access is not AccessKind.FETCH:
        return Condition(access, number(rest[0]), number(rest[2]), Mode.VALUE)
    if len(rest) == 3 and rest[1] == "then" and access is AccessKind.FETCH:
        return Condition(access, number(rest[0]), number(rest[2]), Mode.SEQUENCE)
    return None
