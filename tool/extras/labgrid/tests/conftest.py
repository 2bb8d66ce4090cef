"""One farm for all tests of a session, and a board without a farm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boards import board, loop, save, talking
from farm import Farm, simulated

BOARDS = ("blank", "locked", "absent", "odd", "shared")


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A coordinator and the exporter `lab`, with a place for each of BOARDS; loop.hex and talking.hex to load.

    The user ann holds every place. The probe of `odd` has a parameter too many.
    """
    folder = tmp_path_factory.mktemp("farm")
    save(folder / "loop.hex", loop(1))
    save(folder / "talking.hex", talking())
    made = Farm(folder)
    try:
        chips = {name: folder / f"{name}.chip" for name in BOARDS}
        for name, chip in chips.items():
            board(chip, *(["unpowered"] if name == "absent" else []), locked=name == "locked")
        groups = {name: simulated(chip) for name, chip in chips.items()}
        groups["odd"]["NetworkStm8Probe"]["socket"] = "left"
        made.export("lab", groups)
        made.places(*BOARDS, exporter="lab")
        for name in BOARDS:
            made.write_environment(name)
        yield made
    finally:
        made.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the simulated board board.chip, and locks of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("LG_")]:
        monkeypatch.delenv(name)
    board(tmp_path / "board.chip")
    save(tmp_path / "loop.hex", loop(1))
    save(tmp_path / "talking.hex", talking())
    return tmp_path


@pytest.fixture
def target(desk: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that makes a target from the options of the driver, and from its resources."""
    from labgrid import Environment

    made: list[Any] = []

    def make(
        options: str = "", resources: str = "NetworkStm8Probe: {address: sim:board.chip, part: stm8s103f3}"
    ) -> Any:
        file = desk / f"local{len(made)}.yaml"
        file.write_text(
            f"imports: [stm8tool_labgrid]\nimages: {{firmware: loop.hex, talk: talking.hex}}\ntargets:\n  main:\n"
            f"    resources: {{{resources}}}\n    drivers: {{Stm8ToolDriver: {{{options}}}}}\n",
            encoding="utf-8",
        )
        made.append(Environment(str(file)).get_target())
        return made[-1]

    yield make
    for each in made:
        each.cleanup()
