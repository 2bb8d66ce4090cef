"""A simulated board in a file, so that separate commands meet the same chip and the same probe.

Between commands the board stays powered and the probe stays plugged in. So flash, option bytes, wear, unique ID, RAM,
registers, NRST, SWIM and the probe's mode and status are kept. Operations that still run at the end are finished.
Before a command acts, the time of a process start passes, so that a write of the program has ended.
A probe that was pulled, or that hung for good, is plugged in again before the next command. A fault that happens once
is gone after it happened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from stm8tool.errors import Code, ToolError, UsageError
from stm8tool.parts.table import Part
from stm8tool.support import files
from stm8tool.support.clock import Clock
from stm8tool.support.locks import FileLock
from stm8tool.transport.base import UsbIdentity
from stm8tool.words import Hint

from .chip.memory import Memory
from .chip.microcontroller import Microcontroller
from .chip.options import LOADED
from .chip.powered import LONGEST_DEBT_S
from .chip_file import FORMAT, VERSION, check_bench, check_devices, damaged, load, part_of, usb_side
from .clock import PacedClock, VirtualClock
from .faults import Faults
from .probe.stlink import SimStlink, in_flight
from .state import Saved

if TYPE_CHECKING:
    from .report import ChipReport

PROCESS_START_S = 0.02  # passes on a board before a command can act; a real process takes longer
CLONE_SERIAL = b"000000000001".hex()  # the number that clones and old firmware share
_SUCH_AS = Hint("such as board.chip, made by: {tool} sim create")
PathLike = Union[str, "os.PathLike[str]"]


class Glance(NamedTuple):
    """The USB side of a board: the generation of its probe, 24 hex digits, its faults."""

    model: str
    serial: str
    faults: Faults


def create(
    path: PathLike,
    part: Part,
    model: str,
    *,
    locked: bool = False,
    options: Iterable[str] = (),
    faults: Iterable[str] = (),
    content: Optional[bytes] = None,
    program: Iterable[tuple[int, bytes]] = (),
    overwrite: bool = False,
) -> None:
    """Make a chip file.

    Args:
        path: Where; an existing file is replaced only with `overwrite`.
        part: The chip; blank, or with `content` at the start of its flash.
        model: "v1", "v2", "v21" or "v3".
        locked: Read-out protected; without `content`, flash and EEPROM hold a program of a fictional vendor.
        options: Option bytes other than factory, see `OptionBytes.set`.
        faults: `NAME[=ARG]`, see `faults`.
        program: Addresses and bytes in flash and EEPROM.

    Raises:
        UsageError: the file exists, or a model, option or fault is unknown, or `content` does not fit.
    """
    path = checked(path)
    _refuse_existing(path, overwrite)
    bench = check_bench(part, model, faults)
    chip = Microcontroller(part, locked=locked, unique_id=os.urandom(12))
    if content is None and locked:
        content = _vendor_program(part.flash.size)
        if chip.eeprom:
            chip.eeprom.write(chip.eeprom.start, _vendor_program(len(chip.eeprom.data))[32:])
    if content:
        if len(content) > part.flash.size:
            raise UsageError(
                f"{len(content)} bytes do not fit into {part.flash.size} bytes of flash", hint="choose a larger part"
            )
        chip.flash.write(part.flash.start, content)
    for address, data in program:
        _hold(chip, address, data)
    for option in options:
        chip.options.set(option)
    chip.options.load()
    probe = SimStlink(chip, model, faults=bench)
    serial = CLONE_SERIAL if bench.clone_serial else os.urandom(12).hex().upper()
    with FileLock(path, "simulated probe"):
        _refuse_existing(path, overwrite)  # another run may have made it meanwhile; now none can
        _save(path, _document(probe, model, serial, seconds=0.0))


def _hold(chip: Microcontroller, address: int, data: bytes) -> None:
    for memory in (chip.flash, chip.eeprom):
        if memory is not None and memory.start <= address and address + len(data) <= memory.end:
            memory.write(address, data)
            return
    raise UsageError(
        f"{len(data)} bytes at 0x{address:06X} are neither in the flash nor in the EEPROM of this part",
        code=Code.OUTSIDE_MAP,
        hint=Hint("check that {part} names the chip of the program"),
    )


def _refuse_existing(path: Path, overwrite: bool) -> None:
    if os.path.exists(path) and not overwrite:
        raise UsageError(f"{path} already exists", hint=Hint("choose another name, or replace it with {overwrite}"))


def open_transport(path: PathLike, *, real_time: bool = False, patient: bool = True) -> StoredProbe:
    """Return the probe of a chip file; it is loaded when opened and saved when closed.

    Raises:
        UsageError: the file does not exist, or it is not a chip file that this version can read.
    """
    return StoredProbe(checked(path), PacedClock() if real_time else VirtualClock(), patient=patient)


def describe(path: PathLike) -> ChipReport:
    """Return the content of a chip file; UsageError as for `open_transport`."""
    from .report import look_at

    document = load(checked(path))
    probe = _revive(document, VirtualClock(), str(path))
    probe.chip.settle(probe.clock.now())
    return look_at(probe, document["model"], transfers=document["transfers"], seconds=document["seconds"])


@contextmanager
def board(path: PathLike) -> Iterator[tuple[Microcontroller, VirtualClock]]:
    """Give the chip of a chip file to the code that runs its program, with a clock; always save it at the end."""
    clock = VirtualClock()
    stored = StoredProbe(checked(path), clock)
    with stored.held() as chip:
        yield chip, clock


def glance(path: PathLike) -> Glance:
    """Return the USB side of a chip file, also while another process uses it; UsageError as for `open_transport`."""
    return Glance(*usb_side(checked(path)))


class StoredProbe:
    """A `Transport` to the probe of a chip file; no other process can open the file meanwhile."""

    def __init__(self, path: Path, clock: Clock, *, patient: bool = True) -> None:
        self._path = path
        self._clock = clock
        self._lock = FileLock(path, "simulated probe", patient=patient)
        self._document = load(path)
        self._probe = _revive(self._document, clock, str(path))
        self._opened = False
        self._started = 0.0

    @property
    def identity(self) -> UsbIdentity:
        """The identity of the probe."""
        return self._probe.identity

    @property
    def clock(self) -> Clock:
        """The bench's clock."""
        return self._clock

    def open(self) -> None:
        """Take the file, if that is not done, and claim the probe; AccessError if another process has the file."""
        if not self._opened:
            self._take()
        self._probe.open()

    def _take(self) -> None:
        self._lock.acquire()
        try:
            _check_writable(self._path)
            self._document = load(self._path)
            self._probe = _revive(self._document, self._clock, str(self._path), ago_s=PROCESS_START_S)
        except ToolError:
            self._lock.release()
            raise
        self._started = self._clock.now()
        self._opened = True

    @contextmanager
    def held(self) -> Iterator[Microcontroller]:
        """Take the file without the probe, give its chip, and save it at the end."""
        self._take()
        try:
            yield self._probe.chip
        finally:
            self.close()

    def write(self, data: bytes, timeout_s: float) -> None:
        """Send one bulk OUT transfer."""
        self._probe.write(data, timeout_s)

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return the next bulk IN transfer."""
        return self._probe.read(size, timeout_s)

    def exchange(self, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        """Have transfers in flight together; see `Transport.exchange`."""
        return in_flight(self, out, reply, timeout_s)

    def join(self) -> None:
        """Take the next transfer for one that was submitted together with the one before it."""
        self._probe.join()

    def settle(self) -> None:
        """Let everything happen that is due, also while the host is silent."""
        self._probe.settle()

    def clear_halt(self) -> None:
        """Clear a STALL on both endpoints."""
        self._probe.clear_halt()

    def bulk_only_reset(self) -> None:
        """Take the reset request of the mass-storage class."""
        self._probe.bulk_only_reset()

    def reset(self) -> None:
        """Reset the probe on its port."""
        self._probe.reset()

    def close(self) -> None:
        """Save the board as it is now and let the file go; harmless when closed."""
        if not self._opened:
            return
        self._opened = False
        seconds = self._clock.now() - self._started
        try:
            _save(
                self._path, _document(self._probe, self._document["model"], self._document["serial"], seconds=seconds)
            )
        finally:
            self._lock.release()


def checked(path: PathLike) -> Path:
    """Return `path` if it can be the name of a file."""
    try:
        files.check_name(Path(path))
    except OSError as exc:
        raise UsageError(f"{os.fspath(path)!r}: {exc.strerror}", hint=_SUCH_AS) from exc
    if not files.names_file(path):
        raise UsageError(f"'{path}' does not name a chip file", hint=_SUCH_AS)
    return Path(path)


# -- the document ------------------------------------------------------------------------------------------


def _document(probe: SimStlink, model: str, serial: str, *, seconds: float) -> dict[str, Any]:
    """Return the board as plain values, after every operation that runs has ended."""
    if probe.firmware.wedged and not probe.firmware.reset_unwedges:
        probe.replug()
    probe.firmware.rest()
    chip = probe.chip
    now = probe.clock.now()
    chip.rest()
    if chip.executed_to < now - LONGEST_DEBT_S:
        chip.settle(now)
    # The rest of the time is over when the next command comes. A chip that is held in reset has nothing to execute.
    chip.executed_to = min(max(chip.executed_to, now - LONGEST_DEBT_S), now)
    return {
        "format": FORMAT,
        "version": VERSION,
        "part": chip.part.name,
        "model": model,
        "serial": serial,
        "faults": list(probe.faults.texts()),
        "memories": {memory.name: _dump_memory(memory) for memory in _memories(chip)},
        "unique_id": chip.unique_id.hex(),
        "loaded_options": {name: getattr(chip.options, name) for name in LOADED},
        **{name: owner.STATE.dump(owner, now) for name, owner in _groups(probe).items()},
        "devices": _dump_devices(chip, now),
        "transfers": probe.transfers,
        "seconds": seconds,
    }


def _revive(document: Mapping[str, Any], clock: Clock, path: str, *, ago_s: float = 0.0) -> SimStlink:
    """Return the probe and chip of a checked document, which shows them as they were some time ago."""
    chip = Microcontroller(part_of(document), unique_id=bytes.fromhex(document["unique_id"]))
    for memory in _memories(chip):
        saved = document["memories"][memory.name]
        memory.data[:] = bytes.fromhex(saved["data"])
        memory.wear = saved["wear"]
        memory.version += 1
    for name in LOADED:
        setattr(chip.options, name, document["loaded_options"][name])
    faults, serial = document["faults"], document["serial"]
    now = clock.now() - ago_s
    chip.STATE.restore(chip, document["chip"], now)
    probe = SimStlink(chip, document["model"], serial=serial, clock=clock, faults=faults, path=f"sim:{path}")
    for name, owner in _groups(probe).items():
        owner.STATE.restore(owner, document[name], now)
    if document["devices"] is not None:
        _restore_devices(chip, document, now, Path(path))
    return probe


def _groups(probe: SimStlink) -> dict[str, Saved]:
    """Return the saved state of each object, by its name in the file."""
    chip = probe.chip
    return {
        "chip": chip,
        "map": chip.map,
        "noise": chip.noise,
        "controller": chip.controller,
        "debug": chip.debug,
        "probe": probe.firmware,
    }


def _dump_devices(chip: Microcontroller, now: float) -> Optional[dict[str, Any]]:
    """Return the peripherals; None if nothing was executed yet, so that they are as after power-on."""
    if not chip.has_executed:
        return None
    return {name: device.STATE.dump(device, now) for name, device in chip.processor.board.named.items()}


def _restore_devices(chip: Microcontroller, document: Mapping[str, Any], now: float, path: Path) -> None:
    named = chip.processor.board.named
    check_devices(path, document, {name: device.STATE.rules for name, device in named.items()})
    for name, device in named.items():
        try:
            device.STATE.restore(device, document["devices"][name], now)
        except ValueError as exc:
            raise damaged(path, f": devices.{name}.{exc}") from exc


def _memories(chip: Microcontroller) -> list[Memory]:
    return [memory for memory in (chip.flash, chip.eeprom, chip.options.memory, chip.ram) if memory is not None]


def _dump_memory(memory: Memory) -> dict[str, Any]:
    return {"data": bytes(memory.data).hex(), "wear": memory.wear}


def _check_writable(path: Path) -> None:
    """Raise UsageError if a board could not be saved after its use; not if the file does not exist."""
    try:
        if os.path.exists(path):
            files.check_whole(path, board=True)
    except OSError as exc:
        raise _not_written(path, exc) from exc


def _not_written(path: Path, exc: OSError) -> UsageError:
    return UsageError(f"cannot write {path}: {exc.strerror}", hint=files.hint_for(exc, path))


def _save(path: Path, document: Mapping[str, Any]) -> None:
    """Write the whole file or nothing."""
    try:
        files.write_whole(path, json.dumps(document, separators=(",", ":")).encode("ascii"), durable=False, board=True)
    except OSError as exc:
        raise _not_written(path, exc) from exc


def _vendor_program(size: int) -> bytes:
    """Return a fictional program: 32 vectors, an endless loop, then bytes that look like code in most of the memory."""
    vectors = b"".join(b"\x82\x00" + (0x8080 + 4 * n).to_bytes(2, "big") for n in range(32))
    seed, code = 1, bytearray(b"\x20\xfe")
    while len(vectors) + len(code) < size * 3 // 4:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        code.append(seed >> 16 & 0xFF)
    return (vectors + bytes(code))[:size]
