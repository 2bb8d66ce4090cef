"""How long a debugger takes over the simulated probes, by the model of time."""

from __future__ import annotations

from collections.abc import Iterator

from session.bench import image_of
from session.debug_bench import board_with
from speed.cases import MODELS
from speed.processes import Figure
from stm8tool.debugger.target import Target

STEP_S = {"v2": 0.025, "v3": 0.008}
READ_S = {"v2": None, "v3": 0.1}
LOAD_RATIO = 1.1
STEP_RATIO = 1.5  # at least: a step of OpenOCD, over ours
_STEPS = 20


def step_s(model: str) -> float:
    """Return how long one step takes, with the registers after it."""
    board = board_with(model=model)
    with board.open() as chip, Target(chip) as target:
        target.attach(reset=True)
        target.step()
        began = target.clock.now()
        for _ in range(_STEPS):
            target.step()
        return (target.clock.now() - began) / _STEPS


def read_s(model: str) -> float:
    """Return how long 4 KiB of memory take."""
    board = board_with(model=model)
    with board.open() as chip, Target(chip) as target:
        target.attach(reset=True)
        began = target.clock.now()
        target.read(0x8000, 4096)
        return target.clock.now() - began


def load_ratio(model: str) -> float:
    """Return how much longer a load of the whole flash takes than a write of it."""
    board = board_with(model=model)
    image = image_of(board.part, 5)
    with board.open() as chip, Target(chip) as target:
        target.attach(reset=True)
        began = target.clock.now()
        target.load(image)
        load_s = target.clock.now() - began
    board = board_with(model=model)
    with board.open() as chip:
        began = board.probe.clock.now()
        chip.write(image)
        return load_s / (board.probe.clock.now() - began)


def figures() -> Iterator[Figure]:
    """Yield the times of a debugger."""
    for model in MODELS:
        target = READ_S[model]
        yield Figure(
            f"debugger, {model}: a single step", f"{step_s(model) * 1e3:.1f} ms", f"{STEP_S[model] * 1e3:.0f} ms"
        )
        yield Figure(
            f"debugger, {model}: 4 KiB of memory",
            f"{read_s(model) * 1e3:.0f} ms",
            f"{target * 1e3:.0f} ms" if target else "-",
        )
        yield Figure(f"debugger, {model}: load, over write", f"{load_ratio(model):.2f}", f"{LOAD_RATIO}")
