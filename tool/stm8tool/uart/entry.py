"""Reach the loader: reset the chip, send syncs until it answers, and find out how its UART works.

Source: UM0560. The ROM listens for a second after a reset if an option byte enables it. If the flash does not
begin with a program, it listens without a limit. Under read protection it does not listen at all.
"""

from __future__ import annotations

import logging
import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, Optional

from ..errors import Code, SerialError, UsageError
from ..transport.serial_line import SerialLine
from ..words import Hint
from .link import ACK, NACK, SYNC, LoaderLink
from .settings import DEFAULT_BAUD, Reset, SerialSettings, UartMode

_PULSE_S = 0.02  # NRST low; a capacitor of 100 nF needs 4 ms
_START_S = 0.005  # until the ROM listens
_SYNC_S = 1.2  # the window of the ROM, and some more
_ANSWER_S = 0.05  # for one sync: a USB adapter may hold a byte for 16 ms
_AGAIN_S = 0.01  # between two syncs, so that the chip is not flooded (stm8gal)
_COMMAND_LIMIT_S = 30.0
_SETTLE_S = 0.05  # after a refusal, until the rest of it has come
_MOST_LATE = 64
_COMMANDS = 5
_GET_SIZE = 9

_log = logging.getLogger(__name__)


class Reached(NamedTuple):
    """A loader that answers.

    Attributes:
        link: Its commands.
        version: The byte that GET answered.
        baud: The speed.
        mode: How its UART works.
        how: How the chip was reset, such as "after a reset by DTR".
    """

    link: LoaderLink
    version: int
    baud: int
    mode: UartMode
    how: str


def reach(line: SerialLine, settings: SerialSettings) -> Reached:
    """Open the line, reset the chip and return its loader; the line stays open only if that succeeds.

    Raises:
        SerialError: Nothing answers, or not as a loader does.
        UsageError: The command that resets the chip failed.
    """
    speeds = [settings.baud]
    may_repeat = settings.reset not in (Reset.MANUAL, Reset.NONE) or bool(settings.reset_command)
    if settings.baud > DEFAULT_BAUD and may_repeat:
        speeds.append(DEFAULT_BAUD)
    for baud in speeds:
        line.open(baud)
        try:
            last = baud == speeds[-1]
            found = _reach_at(line, settings, baud, ask=last)
        except BaseException:
            line.close()
            raise
        if found is not None:
            if baud != settings.baud:
                _log.warning("the loader does not follow at %d baud: %d baud are used", settings.baud, baud)
            return found
        line.close()
    raise ValueError("no speed was tried")


def _reach_at(line: SerialLine, settings: SerialSettings, baud: int, *, ask: bool) -> Optional[Reached]:
    seen: Counter[int] = Counter()
    tried: list[str] = []
    for how, limit_s in _resets(line, settings, ask=ask):
        tried.append(how)
        if _synced(line, limit_s, seen, first=len(tried) == 1):
            link = LoaderLink(line)
            link.own = seen[SYNC] > 0
            version, mode = _identify(line, link, settings.mode)
            return Reached(link, version, baud, mode, how)
    if not ask:
        return None
    raise _silent(line, baud, seen, tried)


def _resets(line: SerialLine, settings: SerialSettings, *, ask: bool) -> Iterator[tuple[str, float]]:
    """Reset the chip in each way that may help; yield the name of the way, and how long to try a sync after it."""
    kind = settings.reset
    if settings.reset_command:
        _run(settings.reset_command)
        yield "after a reset by your command", _SYNC_S
        return
    if kind is Reset.NONE:
        yield "without a reset", _SYNC_S
        return
    if kind in (Reset.AUTO, Reset.DTR, Reset.RTS):
        dtr, rts = kind is not Reset.RTS, kind is not Reset.DTR
        line.set_lines(dtr=True if dtr else None, rts=True if rts else None)
        line.clock.sleep(_PULSE_S)
        line.set_lines(dtr=False if dtr else None, rts=False if rts else None)
        line.clock.sleep(_START_S)
        yield f"after a reset by {'DTR and RTS' if dtr and rts else kind.value.upper()}", _SYNC_S
    if kind is Reset.MANUAL or (kind is Reset.AUTO and ask):
        for left in range(settings.wait_s, 0, -1):
            settings.tell(left)
            yield "after a reset by hand", 1.0


def _run(words: tuple[str, ...]) -> None:
    """Run the user's command that resets the chip."""
    shown = " ".join(words)
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_LIMIT_S, check=False
        )
    except (OSError, ValueError) as exc:
        raise UsageError(f"the reset command cannot run: {shown}: {exc}", hint=Hint("check {reset_command}")) from exc
    except subprocess.TimeoutExpired as exc:
        raise UsageError(
            f"the reset command did not end within {_COMMAND_LIMIT_S:.0f} s: {shown}",
            hint=Hint("check {reset_command}"),
        ) from exc
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise UsageError(
            f"the reset command ended with {done.returncode}: {shown}",
            hint=Hint("check {reset_command}"),
            details=said[-3:],
        )


def _synced(line: SerialLine, limit_s: float, seen: Counter[int], *, first: bool) -> bool:
    """Send syncs until the loader answers; count the other bytes that come in `seen`.

    The answer to the `first` sync of all is the only one.
    """
    clock = line.clock
    until = clock.now() + limit_s
    line.set_parity(even=True)
    while clock.now() < until:
        line.drop_input()
        line.write(bytes([SYNC]))
        answer = line.read(1, _ANSWER_S)
        if answer == bytes([SYNC]):  # the host's own byte
            seen[SYNC] += 1
            answer = line.read(1, _ANSWER_S)
        if answer in (bytes([ACK]), bytes([NACK])):
            for _ in range(0 if first else _MOST_LATE):  # the answers to earlier syncs, which an adapter may hold back
                if not line.read(1, _SETTLE_S):
                    break
            return True
        seen.update(answer)
        first = False
        clock.sleep(_AGAIN_S)
    return False


def _identify(line: SerialLine, link: LoaderLink, wanted: UartMode) -> tuple[int, UartMode]:
    """Find the parity, and whether bytes must be returned; return the version and the mode.

    Raises:
        SerialError: The loader answers, but not in a way that is known.
    """
    parities = [True, False] if line.sets_parity else [True]
    if wanted is not UartMode.AUTO:
        parities = [wanted is UartMode.DUPLEX]
    answers: list[str] = []
    # The first question may meet the rest of an old frame, or be taken for the echo of a sync. If all are refused, half
    # a frame may be left each time, or the loader may await the echo of its refusal.
    for ways in ((_go_on, _go_on), (LoaderLink.recover, _return_refusal)):
        for even in parities:
            line.set_parity(even=even)
            for way in ways:
                way(link)
                try:
                    answer = link.probe_get()
                except SerialError as exc:
                    answers.append(str(exc))
                    answer = b""
                if len(answer) == _GET_SIZE and answer[:2] == bytes([ACK, _COMMANDS]) and answer[-1] == ACK:
                    if link.own:
                        return answer[2], UartMode.ONE_WIRE
                    return answer[2], UartMode.REPLY if link.returns else UartMode.DUPLEX
                answers.append(answer.hex(" ") or "nothing")
                line.clock.sleep(_SETTLE_S)
                line.drop_input()
                if answer != bytes([NACK]):
                    link.recover()
        refused = all(answer == f"{NACK:02x}" for answer in answers)
        if not refused:
            break
    if refused:
        if wanted is not UartMode.AUTO:
            raise SerialError(
                f"the loader answers a sync, and refuses every command in the mode {wanted.value}",
                hint=Hint("leave out {uart_mode}: the tool finds the mode itself"),
                details=[f"it answered {answer}" for answer in answers],
            )
        raise SerialError(
            "the loader answers a sync, and refuses every command: the parity of the adapter is wrong",
            hint="use an adapter that can send even parity; for a socket set the parity of the device at its other end",
            details=[f"it answered {answer}" for answer in answers],
        )
    raise SerialError(
        "the loader answers a sync, but its other answers are damaged",
        hint=Hint("use a lower speed: {baud:57600}; shorten the wires, check GND and the supply"),
        details=[f"it answered {answer}" for answer in answers],
    )


def _go_on(_link: LoaderLink) -> None:
    """Do nothing before the next question."""


def _return_refusal(link: LoaderLink) -> None:
    """Return the refusal to a loader that awaits its echo; to another one this is the beginning of a wrong frame."""
    link.recover()
    link.send(bytes([NACK]))


def _silent(line: SerialLine, baud: int, seen: Counter[int], tried: list[str]) -> SerialError:
    details = [f"the tool sent syncs at {baud} baud, {how}" for how in dict.fromkeys(tried)]
    if seen[SYNC]:
        details.append("each byte that was sent came back: TX and RX touch, or the wire is a single one")
    others = sum(seen.values()) - seen[SYNC]
    if others:
        shown = " ".join(f"{byte:02x}" for byte in sorted(seen) if byte != SYNC)
        details.append(f"{others} other bytes came ({shown}): a program runs in the chip, or the speed is wrong")
    return SerialError(
        f"no loader answers at {line.place}",
        code=Code.LOADER_SILENT,
        hint=Hint(
            "reset the chip while the tool waits; swap TX and RX, connect GND. A chip with a program starts its "
            "loader only if an option byte (OPTBL) enables it, and never under read protection. SWIM needs no loader"
        ),
        details=details,
    )
