"""Produce many simulated boards, cut power and kill the process at random moments, and look at what is left.

    python3 tests/random_production.py --count 10000

A *shop* is a folder with a job, a log and a counter. It has some *lives*: processes that produce boards in several
sockets at once. Most lives end by SIGKILL: at a call to the disk, or at a transfer to a probe. Some of these are
power cuts of the computer: then what the disk was not asked to keep may be lost. Boards lose their supply, probes are
pulled, and links are noisy. The memories of all chips are in a file that outlives the process, as real chips do.

After its last life a shop must show this:

    no serial number is on two boards, and no number is in two lines that passed
    each number below the counter is on one board that passed, or is logged as a gap, and not both
    each board that passed holds the image, its number, its option bytes, and is locked if the job says so
    each board that was shown as passed has its line, and each line of the log is whole

A seed that ends wrong is printed with its reason, and the exit code is 1. It needs Linux or macOS: it forks.
"""

from __future__ import annotations

import argparse
import json
import logging
import mmap
import os
import random
import re
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tool")]

from stm8tool.api import Chip  # noqa: E402
from stm8tool.image import Image, Segment, save  # noqa: E402
from stm8tool.parts.table import find_part, option_table  # noqa: E402
from stm8tool.probe.stlink.swim import Stlink  # noqa: E402
from stm8tool.production import job as jobs  # noqa: E402
from stm8tool.production import line  # noqa: E402
from stm8tool.production.chip_run import ChipRecord  # noqa: E402
from stm8tool.production.starts import AtOnce  # noqa: E402
from stm8tool.production.worker import SocketState  # noqa: E402
from stm8tool.session import Session  # noqa: E402
from stm8tool.sim.chip.microcontroller import Microcontroller  # noqa: E402
from stm8tool.sim.probe.stlink import SimStlink  # noqa: E402

_PART = find_part("stm8s103f3")
_SIZES = (_PART.flash.size, _PART.eeprom.size if _PART.eeprom else 0, _PART.options.size)
_SLOT = sum(_SIZES) + 1  # memories of a chip, and whether it was shown as passed
_SYNCED, _RENAMED, _HEAD = 0, 8, 64  # at the start of the file: the size of the log on the disk; the counter before
_SERIAL_AT, _SERIAL = 0x4010, re.compile(rb"SN([0-9]{6})")
_AFR = next(option for option in option_table(_PART) if option.name == "AFR")
_MODELS = ("v2", "v21", "v3")
_ONCE = {"unplug-after": 150, "stall-after": 150, "timeout-after": 150, "drop-link-after": 150, "power-switch": 120}
_EVERY = ("nak-every", "bit-flip-every")
_EVERY_S = 30.0  # between two lines of progress


class Plan(NamedTuple):
    """How one life goes."""

    sockets: int
    chips: int
    kill_at_file: Optional[int]
    kill_at_transfer: Optional[int]
    power_cut: bool
    seed: int


class Shop:
    """A folder with a job, and the file with the memories of its chips."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        rng = self.rng
        code = bytes.fromhex("82008004 20FE") + rng.randbytes(rng.randrange(20, 500))
        save(folder / "firmware.hex", [Segment(_PART.flash.start, code)])
        self.image = Image([Segment(_PART.flash.start, code)])
        self.afr = rng.choice((None, None, 0x01))
        self.locks = rng.random() < 0.3
        (folder / "next.txt").write_text("1\n", encoding="ascii")
        self.sockets = rng.randrange(1, 5)
        options = "" if self.afr is None else f'[options]\nset = ["AFR=0x{self.afr:02X}"]\n'
        sockets = "".join(f'[[socket]]\nname = "S{n}"\nprobe = "usb:1-{n}"\n' for n in range(self.sockets))
        (folder / "job.toml").write_text(
            f'part = "{_PART.name}"\nimage = "firmware.hex"\nlog = "log.jsonl"\nlock = {str(self.locks).lower()}\n'
            f'{options}[serial_number]\naddress = {_SERIAL_AT}\nformat = "SN%06d"\nfile = "next.txt"\n{sockets}',
            encoding="utf-8",
        )
        self.used = 0  # slots that earlier lives may have used
        with (folder / "chips").open("wb") as file:
            file.truncate(_HEAD)
        self.map = self._mapped()

    def _mapped(self) -> mmap.mmap:
        with (self.folder / "chips").open("r+b") as file:
            return mmap.mmap(file.fileno(), 0)

    def make_room(self, chips: int) -> None:
        """Have slots for further chips."""
        os.truncate(self.folder / "chips", _HEAD + (self.used + chips) * _SLOT)
        self.map = self._mapped()

    def memories(self, slot: int) -> list[memoryview]:
        """Return flash, EEPROM and option bytes of a chip, and the byte that says that it was shown as passed."""
        at = _HEAD + slot * _SLOT
        whole, found = memoryview(self.map), []
        for size in (*_SIZES, 1):
            found.append(whole[at : at + size])
            at += size
        return found

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    def plan(self) -> Plan:
        """Return the plan of the next life."""
        rng = self.rng
        chips = rng.randrange(1, 9)
        kind = rng.choice(("whole", "file", "file", "transfer"))
        return Plan(
            self.sockets,
            chips,
            rng.randrange(1, 14 * chips * self.sockets) if kind == "file" else None,
            rng.randrange(1, 120 * chips * self.sockets) if kind == "transfer" else None,
            rng.random() < 0.5,
            rng.randrange(1 << 30),
        )


class Killer:
    """Ends this process at the n-th call to the disk, or at the n-th transfer to a probe."""

    def __init__(self, shop: Shop, plan: Plan) -> None:
        self._shop = shop
        self._plan = plan
        self._rng = random.Random(plan.seed)
        self._calls = self._transfers = 0
        self._lock = threading.Lock()

    def patch(self) -> None:
        """Stand between this process and the disk."""
        write, fsync, replace = os.write, os.fsync, os.replace

        def killing_write(descriptor: int, data: bytes) -> int:
            if self._is_next():
                write(descriptor, data[: self._rng.randrange(len(data) + 1)])
                os.kill(os.getpid(), signal.SIGKILL)
            return write(descriptor, data)

        def killing_fsync(descriptor: int) -> None:
            self._step()
            fsync(descriptor)
            about = os.fstat(descriptor)
            with_log = self._shop.log.exists() and os.path.samestat(about, self._shop.log.stat())
            if with_log:
                struct.pack_into("<Q", self._shop.map, _SYNCED, about.st_size)
            elif os.path.samestat(about, self._shop.folder.stat()):
                self._shop.map[_RENAMED : _RENAMED + 8] = bytes(8)
            self._step()

        def killing_replace(source: Any, target: Any, **more: Any) -> None:
            self._step()
            if Path(target).name == "next.txt":
                held = Path(target).read_bytes()
                self._shop.map[_RENAMED : _RENAMED + 8] = held.ljust(8, b"\0")[:8]
            replace(source, target, **more)
            self._step()

        os.write, os.fsync, os.replace = killing_write, killing_fsync, killing_replace  # type: ignore[assignment]

    def transfer(self) -> None:
        """Count a transfer."""
        with self._lock:
            self._transfers += 1
            if self._transfers == self._plan.kill_at_transfer:
                os.kill(os.getpid(), signal.SIGKILL)

    def _is_next(self) -> bool:
        with self._lock:
            self._calls += 1
            return self._calls == self._plan.kill_at_file

    def _step(self) -> None:
        if self._is_next():
            os.kill(os.getpid(), signal.SIGKILL)


class CountedStlink(SimStlink):
    """A simulated probe that tells each of its transfers."""

    def __init__(self, *args: Any, told: Callable[[], None], **keywords: Any) -> None:
        self._told = told
        super().__init__(*args, **keywords)

    def write(self, data: bytes, timeout_s: float) -> None:
        self._told()
        super().write(data, timeout_s)


class Notebook:
    """Marks the chips that were shown as passed, as a user sees them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def note(self, text: str) -> None:
        """See a line."""

    def chip(self, record: ChipRecord, passed: int, failed: int) -> None:
        """See a chip."""
        if record.passed and record.uid:
            self._shop.memories(int(record.uid, 16))[3][0] = 1

    def draw(self, states: Mapping[str, SocketState]) -> None:
        """See the sockets."""


class NoKeys:
    """A user who presses no key."""

    def interrupts(self) -> int:
        return 0

    def next_line(self) -> Optional[str]:
        return None

    def has_ended(self) -> bool:
        return True


def live(shop: Shop, plan: Plan) -> None:
    """Produce boards until the plan ends this process, or all are done."""
    killer = Killer(shop, plan)
    rng, lock = random.Random(plan.seed), threading.Lock()
    chips: dict[str, CountedStlink] = {}
    slots = iter(range(shop.used, shop.used + plan.chips * plan.sockets))

    def put_in(socket: str) -> None:
        with lock:
            slot = next(slots)
            chips[socket] = _new_board(shop, slot, rng, killer.transfer)

    def begin(socket: jobs.JobSocket, progress: Any) -> Chip:
        probe = chips[socket.name]
        return Chip(lambda: Session(Stlink(probe), _PART), _PART, progress)

    job = jobs.load(str(shop.folder / "job.toml"))
    killer.patch()
    line.produce(
        job,
        Notebook(shop),
        NoKeys(),
        starts=lambda socket, shared: AtOnce(shared.closing, plan.chips, lambda: put_in(socket.name)),
        begin=begin,
        places={},
    )


def _new_board(shop: Shop, slot: int, rng: random.Random, told: Callable[[], None]) -> CountedStlink:
    """Return a probe with a new chip, which keeps its memories in the slot."""
    chip = Microcontroller(_PART, unique_id=slot.to_bytes(12, "big"), locked=rng.random() < 0.1)
    for memory, kept in zip((chip.flash, chip.eeprom, chip.options.memory), shop.memories(slot)):
        if memory is not None:
            kept[:] = memory.data
            memory.data = kept  # type: ignore[assignment]
    faults = []
    if rng.random() < 0.3:
        name = rng.choice(list(_ONCE))
        faults.append(f"{name}={rng.randrange(_ONCE[name])}")
    if rng.random() < 0.15:
        faults.append(f"{rng.choice(_EVERY)}={int(10 ** rng.uniform(2, 4))}")
    if rng.random() < 0.03:
        faults.append(f"dead-block={_PART.flash.start + rng.randrange(600)}")
    return CountedStlink(chip, rng.choice(_MODELS), faults=faults, path=f"sim:{slot}", told=told)


def cut_power(shop: Shop, rng: random.Random) -> None:
    """Lose what the disk was not asked to keep, at random."""
    if shop.log.exists():
        size = shop.log.stat().st_size
        (synced,) = struct.unpack_from("<Q", shop.map, _SYNCED)
        if synced < size:
            kept = rng.randrange(synced, size + 1)
            os.truncate(shop.log, kept)
            if rng.random() < 0.3:  # some file systems have the size before the data
                with shop.log.open("ab") as file:
                    file.write(bytes(size - kept))
    before = bytes(shop.map[_RENAMED : _RENAMED + 8]).rstrip(b"\0")
    if before and rng.random() < 0.5:
        (shop.folder / "next.txt").write_bytes(before)


def run_life(shop: Shop, plan: Plan) -> str:
    """Let a process live; return how it ended."""
    shop.make_room(plan.chips * plan.sockets)
    shop.map[:_HEAD] = bytes(_HEAD)
    if shop.log.exists():
        struct.pack_into("<Q", shop.map, _SYNCED, shop.log.stat().st_size)
    child = os.fork()
    if not child:
        code = 1
        try:
            live(shop, plan)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    shop.used += plan.chips * plan.sockets
    if os.WIFSIGNALED(status):
        if plan.power_cut:
            cut_power(shop, shop.rng)
            return "power cut"
        return "killed"
    if os.WEXITSTATUS(status):
        raise AssertionError("a life ended with a traceback")
    return "whole"


def run_shop(seed: int, lives: int) -> Counter[str]:
    """Run a shop, and look at what is left; return what happened, and how often."""
    folder = Path(tempfile.mkdtemp(prefix="production-"))
    try:
        shop = Shop(folder, seed)
        found = Counter(run_life(shop, shop.plan()) for _ in range(lives))
        run_life(shop, Plan(shop.sockets, 0, None, None, False, 0))  # it only mends what the others left
        found += examine(shop)
        return found
    finally:
        shutil.rmtree(folder)


def examine(shop: Shop) -> Counter[str]:
    """Raise AssertionError if a promise is broken; return the counts of a shop."""
    events = [json.loads(text) for text in shop.log.read_bytes().split(b"\n")[:-1]]
    assert shop.log.read_bytes().endswith(b"\n")
    chips = [event for event in events if event["event"] == "chip"]
    passed = [event for event in chips if event["result"] == "pass"]
    gaps = [event["serial"] for event in events if event["event"] == "gap"]
    serials = [event["serial"] for event in passed]
    _check_numbers(shop, serials, gaps)
    on_boards = _numbers_on_boards(shop)
    twice = [number for number, count in Counter(on_boards.values()).items() if count > 1]
    assert not twice, f"numbers on two boards: {twice}"
    for event in passed:
        _check_board(shop, event, on_boards)
    lost = {number for slot, number in on_boards.items()} - set(serials) - set(gaps)
    assert not lost, f"numbers on boards, but neither passed nor gaps: {lost}"
    logged = {int(event["uid"], 16) for event in passed}
    shown = {slot for slot in range(shop.used) if shop.memories(slot)[3][0]}
    assert shown <= logged, f"shown as passed, but not in the log: {shown - logged}"
    return Counter(
        {
            "chips": len(chips),
            "passed": len(passed),
            "gaps": len(gaps),
            "torn lines": sum(event["event"] == "repaired" for event in events),
        }
    )


def _check_numbers(shop: Shop, serials: Sequence[int], gaps: Sequence[int]) -> None:
    assert len(serials) == len(set(serials)), "a number passed twice"
    assert len(gaps) == len(set(gaps)), "a gap is logged twice"
    assert not set(serials) & set(gaps), "a number passed and is a gap"
    following = int((shop.folder / "next.txt").read_bytes())
    assert {*serials, *gaps} == set(range(1, following)), "a number is neither passed nor a gap"


def _numbers_on_boards(shop: Shop) -> dict[int, int]:
    """Return the whole number that is on each board, by slot."""
    found = {}
    for slot in range(shop.used):
        eeprom = shop.memories(slot)[1]
        match = _SERIAL.fullmatch(bytes(eeprom[0x10:0x18]))
        if match:
            found[slot] = int(match[1])
    return found


def _check_board(shop: Shop, event: Mapping[str, Any], on_boards: Mapping[int, int]) -> None:
    slot = int(event["uid"], 16)
    flash, _, options, _ = shop.memories(slot)
    (segment,) = shop.image.segments
    assert bytes(flash[: len(segment.data)]) == segment.data, f"slot {slot} passed with another program"
    assert on_boards.get(slot) == event["serial"], f"slot {slot} passed with another number"
    if shop.afr is not None:
        at = _AFR.address - _PART.options.start
        assert bytes(options[at : at + 2]) == bytes([shop.afr, shop.afr ^ 0xFF]), f"slot {slot}: its AFR is wrong"
    assert (options[0] == 0xAA) == shop.locks, f"slot {slot}: its lock is wrong"


def main(words: Optional[list[str]] = None) -> int:
    """Run shops until enough chips were begun; return 1 if one of them ended wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many chips")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first shop")
    parser.add_argument("--lives", type=int, default=6, help="of each shop")
    options = parser.parse_args(words)
    logging.disable(logging.WARNING)
    total: Counter[str] = Counter()
    seed = options.first
    began = said = time.monotonic()
    while total["chips"] < options.count:
        try:
            total += run_shop(seed, options.lives)
        except AssertionError as exc:
            print(f"seed {seed}: {exc}", flush=True)
            total["wrong"] += 1
            if total["wrong"] > 5:
                break
        seed += 1
        if time.monotonic() - said > _EVERY_S:
            said = time.monotonic()
            print(f"{total['chips']} chips after {said - began:.0f} s", flush=True)
    print(f"{seed - options.first} shops, {time.monotonic() - began:.0f} s")
    for name, count in total.most_common():
        print(f"{count:8} {name}")
    return int(total["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
