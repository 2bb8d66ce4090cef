"""Every piece of the simulator's state says whether a chip file keeps it, and what is kept comes back."""

from __future__ import annotations

import dataclasses
import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.bench import OK, Bench
from stm8tool.sim import store
from stm8tool.sim.clock import VirtualClock
from stm8tool.sim.state import State

BUSY = (
    "35055347 35205348 35015343 35015340"  # TIM4: PSCR, ARR, IER, CR1
    "350C50C6 35AA5200 350F5002"  # CKDIVR; SPI_CR1, which is not modelled; a port
    "35CC50E0 355550E0 350450E1"  # IWDG: start, access, prescaler
    "35FF5233 35FF5232 35085235 35415231 35425231"  # UART1: BRR2, BRR1, CR2.TEN, two bytes
    "3556506235AE5062 35559000"  # keys, a byte to flash
    "5C 20FD"  # INCW X for ever
)
PARTS = ("stm8s103f3", "stm8s105c6", "stm8l151k4", "stm8l101f3", "stm8af5288", "stm8s001j3")


def executing(part: str = "stm8s103f3", model: str = "v2") -> Bench:
    """Return a bench on which everything is under way."""
    bench = Bench(part, model).connect(fast=True)
    bench.chip.flash.write(0x9000, b"\1")
    code = bytes.fromhex(BUSY)
    assert bench.write(0x30, *code) == OK
    assert bench.write(0x7F01, 0, 0, 0x30) == OK
    assert bench.write(0x7F99, 0x09) == OK
    assert bench.write(0x7F99, 0x01) == OK
    bench.chip.settle(bench.clock.now())
    return bench


def attributes(owner: object) -> dict[str, Any]:
    """Return what an object holds, by vars or by slots."""
    found = dict(getattr(owner, "__dict__", {}))
    for kind in type(owner).__mro__:
        found |= {name: getattr(owner, name) for name in getattr(kind, "__slots__", ()) if hasattr(owner, name)}
    return found


def is_value(owner: object) -> bool:
    """Tell whether an object cannot change: what is frozen has no state."""
    parameters = getattr(type(owner), "__dataclass_params__", None)
    return isinstance(owner, tuple) or (parameters is not None and parameters.frozen)


def objects(root: object) -> Iterator[tuple[str, object]]:
    """Yield every object of the simulator that can be reached, with the way to it."""
    seen: set[int] = set()
    waiting: deque[tuple[str, object]] = deque([("probe", root)])
    while waiting:
        way, here = waiting.popleft()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, dict):
            waiting.extend((f"{way}[{key!r}]", value) for key, value in here.items())
        elif isinstance(here, (list, tuple, set, frozenset, deque)):
            waiting.extend((f"{way}[{at}]", value) for at, value in enumerate(here))
        elif type(here).__module__.startswith("stm8tool.sim.") and not isinstance(here, type):
            yield way, here
            waiting.extend((f"{way}.{name}", value) for name, value in attributes(here).items())


# What is reached and has no state of its own: what it is made of is not changed after it was made.
STATELESS = {"VirtualClock", "Breakpoints", "_Block", "MemoryLayout", "Row", "Instruction", "_Stage"}


def with_state(root: object) -> list[tuple[str, Any]]:
    return [
        (way, owner) for way, owner in objects(root) if not is_value(owner) and type(owner).__name__ not in STATELESS
    ]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("model", ["v1", "v3"])
def test_every_attribute_says_whether_it_is_saved(part: str, model: str) -> None:
    bench = Bench(part, model)
    assert bench.chip.processor.execution  # with all that is around a CPU
    for way, owner in with_state(bench.probe):
        assert isinstance(getattr(owner, "STATE", None), State), f"{way}: {type(owner).__name__} declares nothing"
        declared = {*owner.STATE.saved, *owner.STATE.times, *owner.STATE.left}
        assert attributes(owner).keys() - declared == set(), f"{way}: {type(owner).__name__} has more than it declares"
        assert all(owner.STATE.left.values())


def test_the_walk_reaches_the_cpu_the_peripherals_and_the_probe() -> None:
    bench = executing()
    names = {type(owner).__name__ for _, owner in with_state(bench.probe)}
    assert {
        "Microcontroller",
        "Cpu",
        "Execution",
        "FlashController",
        "DebugModule",
        "Timer",
        "Uart",
        "Firmware",
    } <= names
    assert {"IndependentWatchdog", "WindowWatchdog", "ClockControl", "Ports", "Unmodelled", "Memory", "Noise"} <= names


def test_an_attribute_that_nobody_declared_is_found() -> None:
    bench = executing()
    bench.chip.debug.__dict__["forgotten"] = 1
    debug = next(owner for _, owner in with_state(bench.probe) if type(owner).__name__ == "DebugModule")
    declared = {*debug.STATE.saved, *debug.STATE.times, *debug.STATE.left}
    assert attributes(debug).keys() - declared == {"forgotten"}


def test_what_is_saved_comes_back_while_everything_is_under_way(tmp_path: Path) -> None:
    bench = executing()
    assert bench.chip.controller.busy
    now = bench.clock.now()
    document = store._document(bench.probe, "v2", "0" * 24, seconds=0.0)
    later = VirtualClock()
    later.sleep(123.0)
    revived = store._revive(json.loads(json.dumps(document)), later, str(tmp_path))
    before, after = dict(with_state(bench.probe)), dict(with_state(revived))
    compared = 0
    for way, owner in before.items():
        if not any(getattr(owner, name) is not None for name in (*owner.STATE.saved, *owner.STATE.times)):
            continue
        twin = after[way]
        for name in owner.STATE.saved:
            assert getattr(twin, name) == getattr(owner, name), f"{way}.{name}"
            compared += 1
        for name in owner.STATE.times:
            was, is_now = getattr(owner, name), getattr(twin, name)
            assert (was is None) == (is_now is None), f"{way}.{name}"
            assert was is None or is_now - later.now() == pytest.approx(was - now, abs=1e-9), f"{way}.{name}"
            compared += 1
    assert compared > 50
    assert dict(document["devices"]["UART1"])["waiting"] == 0x42
    assert document["controller"]["operation_now"]["data"] == "55"


def test_the_next_command_sees_what_the_same_command_would_have_seen(tmp_path: Path) -> None:
    """One board goes on at once, the other one by way of a file; after the same time both are the same."""
    bench = executing()
    document = json.loads(json.dumps(store._document(bench.probe, "v2", "0" * 24, seconds=0.0)))
    clock = VirtualClock()
    revived = store._revive(document, clock, str(tmp_path)).chip
    bench.clock.sleep(0.2)
    clock.sleep(0.2)
    for chip, now in ((bench.chip, bench.clock.now()), (revived, clock.now())):
        chip.settle(now)
    assert revived.ram.data == bench.chip.ram.data
    assert revived.flash.data == bench.chip.flash.data
    assert revived.debug.registers == bench.chip.debug.registers
    assert revived.processor.board.uarts["UART1"].sent == b"AB"


def test_a_frozen_class_is_taken_for_a_value_and_an_open_one_is_not() -> None:
    @dataclasses.dataclass(frozen=True)
    class Frozen:
        number: int = 0

    @dataclasses.dataclass
    class Open:
        number: int = 0

    assert is_value(Frozen())
    assert not is_value(Open())
