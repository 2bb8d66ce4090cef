"""SWIM through an ST-LINK of any generation: each method is one SWIM command.

Source: the command set in OpenOCD, stm8flash and captures of ST's own tool (confidence high unless a comment says
otherwise). This module knows nothing about flash.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple, Optional

from ...errors import (
    Code,
    ExchangeError,
    LinkFault,
    ProbeError,
    ProbeLostError,
    SwimError,
    ToolError,
    TransportError,
    TransportTimeoutError,
)
from ...support.clock import Clock
from ...support.interrupts import shield
from ...transport.base import Transport
from ..base import NO_ACCESS, ProbeInfo
from . import identify
from . import version as stlink_version
from .channel import GET_MODE, MODE_SIZE
from .status import StatusPoll
from .usb_ids import V1_PRODUCT

_GET_TARGET_VOLTAGE = b"\xf7"
_EXIT_DFU = b"\xf3\x07"
_EXIT_DEBUG = b"\xf2\x21"

_ENTER = b"\xf4\x00"
_EXIT = b"\xf4\x01"
_SPEED = b"\xf4\x03"
_ENTER_SEQUENCE = b"\xf4\x04"
_GENERATE_RESET = b"\xf4\x05"
_RESYNC = b"\xf4\x06"
_ASSERT_RESET = b"\xf4\x07"
_DEASSERT_RESET = b"\xf4\x08"
_WRITE_MEMORY = b"\xf4\x0a"
_READ_MEMORY = b"\xf4\x0b"
_READ_BUFFER = b"\xf4\x0c"
_READ_BUFFER_SIZE = b"\xf4\x0d"

_MODE_SWIM = 3
_STUCK_IN_MODE = {0: "DFU, its firmware update mode", 4: "its bootloader"}

_FIRST_TO_MEASURE = (2, 13)  # V2J13; a V1 cannot, nor a V2-1 for STM8, whose J is 0
_WRITE_DATA_IN_COMMAND = 8
_LARGEST_BUFFER = 6144
_SMALLEST_BUFFER = 128  # one block of the larger STM8
_ASSUMED_BUFFER = 256  # if a probe answers 0
# docs/timing.md has a row for each of these times.
_ENTRY_WAVEFORM_S = 0.012
_POLL_STEP_S = 0.0005
_V1_POLL_STEP_S = 0.002
_FRAME_SIZE = 255
_LEAVE_TRIES = 5
_BIT_S = {False: 22 / 8e6, True: 10 / 8e6}

_log = logging.getLogger(__name__)


class _Habits(NamedTuple):
    """The needs of one generation that differ from those of another.

    Attributes:
        leave_mode: The command that leaves each mode, by byte 0 of GET_MODE; byte 1 varies without a meaning.
        most_written: The most bytes in one WRITEMEM.
        poll_step_s: Wait between two status polls, in seconds.
    """

    leave_mode: Mapping[int, bytes]
    most_written: int
    poll_step_s: float


# ST's tool writes up to 514 bytes to a V1 at once, never more (seen, confidence high). Between polls one client waits
# 2 to 3 ms and another not at all; both work (confidence medium). No known client sends DFU exit in mode 1.
_V1 = _Habits({0: _EXIT_DFU, 2: _EXIT_DEBUG, 3: _EXIT}, 514, _V1_POLL_STEP_S)
# The tool leaves modes 1 and 4 like DFU: stm8flash does so, and a V3 accepts it (logged). Other clients do not leave
# mode 1, and a probe accepts that, too.
_LATER = _Habits({0: _EXIT_DFU, 1: _EXIT_DFU, 2: _EXIT_DEBUG, 3: _EXIT, 4: _EXIT_DFU}, _LARGEST_BUFFER, _POLL_STEP_S)


def wire_time_s(size: int, high_speed: bool) -> float:
    """Return how long `size` bytes take on the wire, in seconds.

    Source: UM0470: 22 or 10 clocks of 8 MHz a bit, 11 bits a byte, 50 bits of header for each 255 bytes.
    """
    frames = -(-size // _FRAME_SIZE)
    return (frames * 50 + size * 11) * _BIT_S[high_speed]


class Stlink:
    """`SwimLink` for every ST-LINK.

    Attributes:
        has_high_speed: True: every ST-LINK has it.
        resets_on_entry: False.
        version: The version of its firmware, in numbers; valid after `open`.
        high_speed: The wire runs the high-speed bit format.
        reads_repeated: How many reads of the chip had to be repeated.
    """

    has_high_speed = True
    resets_on_entry = False

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._channel = identify.channel_to(transport)
        self._habits = _V1 if transport.identity.product == V1_PRODUCT else _LATER
        self._status = StatusPoll(self._channel, self._habits.poll_step_s)
        self._info: Optional[ProbeInfo] = None
        self.version = stlink_version.Version(0)
        self._buffer_size = _ASSUMED_BUFFER
        self._in_swim_mode = False
        self.high_speed = False
        self.reads_repeated = 0

    @property
    def exchanges_repeated(self) -> int:
        """How many exchanges had to be repeated."""
        return self._channel.hiccups

    @property
    def info(self) -> ProbeInfo:
        """Which probe it is."""
        if self._info is None:
            raise ProbeError("the probe is not open", hint="open it first, for example with `with Session(…)`")
        return self._info

    @property
    def place(self) -> str:
        """The value of `--probe` that means this probe."""
        return self._transport.identity.path

    @property
    def clock(self) -> Clock:
        """The transport's clock."""
        return self._transport.clock

    @property
    def most_written(self) -> int:
        """The most bytes in one WRITEMEM: limited by the probe's buffer and by the use of working clients."""
        return min(self._buffer_size, self._habits.most_written)

    # -- open and close ------------------------------------------------------------------------------

    def open(self) -> None:
        """Claim the probe, identify it and put it into SWIM mode."""
        self._transport.open()
        try:
            try:
                self._prepare()
            except (ExchangeError, TransportTimeoutError) as exc:
                how = "hangs" if isinstance(exc, TransportTimeoutError) else "does not take its first commands"
                _log.warning("the probe %s (%s): resetting it on USB", how, exc)
                self._prepare_after_reset()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        self._channel.synchronise()
        self._identify()
        self._enter_swim_mode()

    def _prepare_after_reset(self) -> None:
        """Give a probe that hangs or fails one USB reset, and begin again. Mostly a run before this one failed.

        On macOS the first command to a V2 was seen to fail then (confidence high), and no source says how.
        """
        try:
            self._transport.reset()
            self._prepare()
        except TransportTimeoutError as exc:
            raise ProbeError(
                "the probe hangs: it does not answer, not even after a USB reset",
                code=Code.PROBE_HUNG,
                hint="unplug the probe, plug it in again and retry",
            ) from exc

    def _identify(self) -> None:
        try:
            self.version = version = identify.firmware_of(self._channel)
        except ProbeError:
            self._channel.synchronise()  # raises another error if the probe hangs
            raise
        self._info = info = identify.describe(self._channel, version)
        _log.info("%s, firmware %s", info.model, version)
        product = self._transport.identity.product
        obstacle = stlink_version.obstacle(version, product)
        if obstacle:
            raise ProbeError(f"this {info.model} {obstacle.problem}", code=Code.PROBE_NO_SWIM, hint=obstacle.hint)
        advice = stlink_version.advice(version, product)
        if advice:
            _log.warning("%s", advice)

    def _enter_swim_mode(self) -> None:
        """Leave the mode that the probe is in, even SWIM mode, and enter SWIM mode again.

        Logs show that runs fail if they begin in an old SWIM mode and do not leave it first (confidence medium).
        """
        mode = self._mode()
        for _ in range(3):
            self._in_swim_mode = False
            leave = self._habits.leave_mode.get(mode)
            if leave is not None:
                self._channel.exchange(leave)
            # Set before the command is sent: after an interrupt here the probe must still leave SWIM mode.
            self._in_swim_mode = True
            self._channel.exchange(_ENTER)
            mode = self._mode()
            if mode == _MODE_SWIM:
                break
        else:
            raise ProbeError(
                f"the probe does not enter SWIM mode: it stays in {_STUCK_IN_MODE.get(mode, f'mode {mode}')}",
                code=Code.PROBE_HUNG,
                hint="unplug the probe, plug it in again and retry; if it stays so, write its firmware again with ST's "
                "STLinkUpgrade",
            )
        self.high_speed = False
        size = int.from_bytes(self._channel.exchange(_READ_BUFFER_SIZE, reply=2), "little")
        self._buffer_size = min(size, _LARGEST_BUFFER) or _ASSUMED_BUFFER
        if self._buffer_size < _SMALLEST_BUFFER:
            raise ProbeError(
                f"the probe buffers only {size} bytes; a block of an STM8 has up to {_SMALLEST_BUFFER}",
                code=Code.PROBE_LIMIT,
                hint="use another probe, or one with ST's own firmware",
            )

    def _mode(self) -> int:
        return self._channel.exchange(GET_MODE, reply=MODE_SIZE)[0]

    def close(self) -> None:
        """Release NRST, leave SWIM mode, release the probe: try each step, even if one fails."""
        with shield():
            try:
                if self._in_swim_mode:
                    self._leave_swim_mode()
            finally:
                self._in_swim_mode = False
                self._transport.close()

    def _leave_swim_mode(self) -> None:
        answered = self._channel.in_step
        for step, act in (
            ("release NRST", self.release_reset),
            ("leave SWIM mode", self._exit_and_ask),
        ):
            try:
                self._insist(act)
            except (ProbeLostError, TransportTimeoutError) as exc:
                _log.debug("could not %s: %s", step, exc)
                if answered and isinstance(exc, TransportTimeoutError):  # else the user already gets the reason
                    _log.warning(
                        "the probe stopped responding while it was being released and may still be in SWIM mode. The "
                        "next command resets it; if that fails, unplug it and plug it in again %s",
                        Code.PROBE_HUNG,
                    )
                return
            except ToolError as exc:
                _log.warning("could not %s: %s; if the program does not run, unplug the probe", step, exc)

    def _exit_and_ask(self) -> None:
        """Leave SWIM mode, and ask for the mode to see if the probe still answers: some firmware stays in SWIM mode."""
        self._channel.exchange(_EXIT)
        self._mode()

    def _insist(self, act: Callable[[], object]) -> None:
        """Do a step that must not fail (NRST may be low), even over a cable or hub that loses transfers.

        A USB reset is the last means: after it the probe is out of SWIM mode and has released its pins.
        """
        reported = False
        for _ in range(_LEAVE_TRIES):
            try:
                act()
                return
            except ExchangeError as exc:
                _log.debug("%s; trying again", exc)
            except SwimError as exc:
                if reported or exc.fault is LinkFault.BUSY:
                    raise
                reported = True
        self._transport.reset()

    def restart(self) -> None:
        """Leave SWIM mode and enter it again."""
        self._enter_swim_mode()

    def recover(self) -> None:
        """Reset the probe on USB and enter SWIM mode again."""
        self._transport.reset()
        self._channel.synchronise()
        self._enter_swim_mode()

    # -- the wire ------------------------------------------------------------------------------------

    def assert_reset(self) -> None:
        """Hold NRST low."""
        self._simple(_ASSERT_RESET, "holding NRST low")

    def release_reset(self) -> None:
        """Let NRST go high."""
        self._simple(_DEASSERT_RESET, "releasing NRST")

    def enter(self, first_poll_s: float) -> None:
        """Send the entry waveform, then ask for the status no sooner than `first_poll_s` seconds later."""
        self._channel.exchange(_ENTER_SEQUENCE)
        self.high_speed = False
        self.clock.sleep(first_poll_s)
        self._status.finish("SWIM entry", _ENTRY_WAVEFORM_S, asleep=False)

    def resync(self) -> None:
        """Communication reset; both sides are in low speed afterwards.

        The probe goes to low speed by itself (confidence medium). So it is also told to, if it was in high speed.
        """
        self._simple(_RESYNC, "communication reset")
        if self.high_speed:
            self.set_speed(False)

    def system_reset(self) -> None:
        """SRST."""
        self._simple(_GENERATE_RESET, "system reset")

    def set_speed(self, high: bool) -> None:
        """Switch the probe's bit format."""
        self._simple(_SPEED + bytes([high]), "speed change")
        self.high_speed = high

    def wotf(self, address: int, data: bytes, *, whole: bool = False) -> None:
        """Write `data`, in as many commands as the probe needs, or `whole` in one. This never repeats a command."""
        if not data:
            raise ValueError("a WOTF without data")
        most = self.most_written
        if whole and len(data) > most:
            raise ProbeError(
                f"the probe takes only {most} bytes at once, and 0x{address:06X} needs {len(data)} in one piece",
                code=Code.PROBE_LIMIT,
                hint="use another probe, or one with ST's own firmware",
            )
        for start in range(0, len(data), most):
            self._write_buffered(address + start, data[start : start + most])

    def _write_buffered(self, address: int, data: bytes) -> None:
        head, rest = data[:_WRITE_DATA_IN_COMMAND], data[_WRITE_DATA_IN_COMMAND:]
        command = _WRITE_MEMORY + len(data).to_bytes(2, "big") + address.to_bytes(4, "big") + head
        self._channel.exchange(command, data=rest, repeatable=False)
        self._status.finish(f"write to 0x{address:06X}", wire_time_s(len(data), self.high_speed))

    def rotf(self, address: int, size: int) -> bytes:
        """Read `size` bytes, in as many commands as the probe's buffer needs."""
        parts = []
        for start in range(address, address + size, self._buffer_size):
            parts.append(self._read_buffered(start, min(self._buffer_size, address + size - start)))
        return b"".join(parts)

    def _read_buffered(self, address: int, size: int) -> bytes:
        try:
            return self._read_once(address, size)
        except (ExchangeError, TransportTimeoutError) as exc:
            # The buffer may be lost; it is safe to repeat the whole read.
            _log.debug("read of 0x%06X: %s; trying again", address, exc)
        except SwimError as exc:
            if exc.fault not in NO_ACCESS:  # a read may be tried once more after silence or a NACK
                raise
            _log.debug("%s; trying again", exc)
        data = self._read_once(address, size)
        self.reads_repeated += 1  # counted only if it helped: a read that always fails does not mean a weak link
        return data

    def _read_once(self, address: int, size: int) -> bytes:
        self._channel.exchange(_READ_MEMORY + size.to_bytes(2, "big") + address.to_bytes(4, "big"))
        # Ask for the buffer only after status 00: before that the probe leaves the IN pending.
        self._status.finish(f"read of 0x{address:06X}", wire_time_s(size, self.high_speed))
        return self._channel.exchange(_READ_BUFFER, reply=size, repeatable=False)

    def supply_mv(self) -> Optional[int]:
        """Return the supply that the probe measures, in mV; None if it cannot tell."""
        version = self.version
        if (version.generation, version.jtag) < _FIRST_TO_MEASURE:
            return None
        try:
            reply = self._channel.exchange(
                _GET_TARGET_VOLTAGE, reply=8, limit_s=identify.OPTIONAL_REPLY_LIMIT_S, repeatable=False
            )
        except TransportError as exc:
            _log.debug("no voltage: %s", exc)
            return None
        reference, measured = int.from_bytes(reply[:4], "little"), int.from_bytes(reply[4:], "little")
        # 2 x 1.2 V reference over the two readings; a broken converter answers zeros (confidence high).
        return 2400 * measured // reference if reference else None

    # -- a command without data --------------------------------------------------------------------------------------

    def _simple(self, command: bytes, what: str) -> None:
        self._channel.exchange(command)
        self._status.finish(what, 0.0)
