"""A chip file that another program wrote: read within bounds, checked field by field, and refused by a sentence."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import stm8tool
from stm8tool.errors import ToolError, UsageError
from stm8tool.parts.table import find_part
from stm8tool.sim import bus, chip_file
from stm8tool.sim.store import create, describe
from stm8tool.support import files

PAGE = Path(__file__).parents[2] / "docs" / "chip-file.md"
PARTS = ("stm8s103f3", "stm8l151k4", "stm8l101f3", "stm8af5288")
ODD: list[Any] = [
    *(None, True, False, -1, 0, 1, 2, 3, 255, 256, 65536, 1 << 31, 1 << 64, 1.5, -0.0, 1e308, "", "x", "0", "00" * 11),
    *("stm8s105c6", "STM8S003F3", "v1", "v9", [], [0], ["unpowered"], ["dead-block=0x1"], ["loader"], ["old-firmware"]),
    *({}, {"a": 1}, "\ud800", "\0", "a" * 10_000, [[]], ["a", 1], ["clone-buffer=1"], ["wedged-for-good"], "true"),
]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "board.chip"
    create(path, find_part("stm8s103f3"), "v3")
    return path


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the way to every value of a document; of a long list only to its ends."""
    yield here
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*here, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*here, 0))
        yield from places(value[-1], (*here, len(value) - 1))


def changed(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    """Return `document` with another value at one place; a place that is to be ... is left out."""
    if not way:
        return value
    found = document.copy()
    if value is ... and len(way) == 1:
        del found[way[0]]
    else:
        found[way[0]] = changed(
            document.get(way[0]) if isinstance(document, dict) else document[way[0]], way[1:], value
        )
    return found


def use(path: Path, part: str) -> None:
    """Do with a board what a user does; what is refused must be refused by a ToolError."""
    with suppress(ToolError):
        describe(path)
    with suppress(ToolError):
        stm8tool.list_probes(f"sim:{path}")
    with suppress(ToolError), stm8tool.open(f"sim:{path}", part=part) as chip:
        chip.read()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", range(4))
def test_no_single_value_of_a_file_is_more_than_an_error(tmp_path: Path, part: str, seed: int) -> None:
    path = tmp_path / "board.chip"
    create(path, find_part(part), ["v1", "v2", "v21", "v3"][seed], locked=bool(seed % 2))
    document = json.loads(path.read_bytes())
    dice = random.Random(f"{part} {seed}")
    ways = list(places(document))[1:]
    for _ in range(40):
        way, value = dice.choice(ways), dice.choice([*ODD, ...])
        path.write_text(json.dumps(changed(document, way, value)))
        use(path, part)


@pytest.mark.parametrize("way", [("chip", "csr"), ("controller", "pukr_step"), ("probe", "mode"), ("noise", "sent")])
@pytest.mark.parametrize("value", [-1, 1 << 64, 1.5, True, "1", None, [], ...])
def test_a_value_out_of_its_range_is_named(board: Path, way: tuple[str, ...], value: Any) -> None:
    board.write_text(json.dumps(changed(json.loads(board.read_bytes()), way, value)))
    with pytest.raises(UsageError, match=rf"damaged(: {way[0]}\.{way[1]} |$)") as refused:
        describe(board)
    assert refused.value.hint


def test_memories_are_those_of_the_part(board: Path) -> None:
    document = json.loads(board.read_bytes())
    for way, value, said in (
        (("part",), "STM8S105C6", "memories.flash.data must be 65536 hex digits"),
        (("memories", "flash", "wear"), [0] * 127, "memories.flash.wear must be a list of 128 counts"),
        (("memories", "eeprom"), ..., "memories.eeprom is missing"),
        (("memories", "more"), {}, "memories.'more' is not a field of this version"),
        (("loaded_options", "ubc_end"), 0xA001, "must be a whole number from 32768 to 40960"),
        (("faults",), ["dead-block=0x9000000"], "faults: "),
        (("faults",), ["open-firmware"], "the fault open-firmware needs the probe v2"),
    ):
        board.write_text(json.dumps(changed(document, way, value)))
        with pytest.raises(UsageError) as refused:
            describe(board)
        assert said in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"format":"stm8tool simulated chip","version":' + b"9" * 1_000_000 + b"}",
        b'{"format":"stm8tool simulated chip","version":NaN}',
        b'{"format":"stm8tool simulated chip","version":2,"version":2}',
        b" " * (files.BOARD_LIMIT + 1),
    ],
    ids=["deep list", "deep object", "long number", "no number", "double name", "too large"],
)
def test_a_file_without_bounds_is_refused_within_bounds(board: Path, content: bytes) -> None:
    board.write_bytes(content)
    for job in (describe, bus.attach):
        with pytest.raises(UsageError, match="not a chip file"):
            job(str(board))


def test_of_a_huge_file_no_more_than_the_limit_is_read(board: Path) -> None:
    with board.open("r+b") as file:
        file.truncate(1 << 26)
    with pytest.raises(UsageError, match="more than 2097152 bytes"):
        describe(board)


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs and devices there")
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(board: Path) -> None:
    fifo, device = board.with_name("fifo"), board.with_name("zero.chip")
    os.mkfifo(fifo)
    device.symlink_to("/dev/zero")
    for path in (fifo, device):
        for job in (describe, bus.attach, chip_file.load):
            with pytest.raises(UsageError, match="it is not a regular file"):
                job(path if job is chip_file.load else str(path))  # type: ignore[operator]
        with pytest.raises(UsageError, match="it is not a regular file"):
            create(path, find_part("stm8s103f3"), "v2", overwrite=True)


def test_one_bad_file_hides_no_other_board(board: Path) -> None:
    for number, value in enumerate(ODD):
        document = changed(json.loads(board.read_bytes()), ("faults",), value)
        board.with_name(f"odd{number}.chip").write_text(json.dumps(document))
    board.with_name("deep.chip").write_bytes(b"[" * 200_000)
    rows = stm8tool.list_probes(f"sim:{board.parent}")
    assert len(rows) == len(ODD) + 2
    assert sum(row.problem is None for row in rows) >= 1


def test_another_version_is_told_which_way_to_go(board: Path) -> None:
    document = json.loads(board.read_bytes())
    for version, hint in ((4, "newer stm8tool"), (2, "sim create")):
        board.write_text(json.dumps({**document, "version": version}))
        with pytest.raises(UsageError, match=f"version {version}") as refused:
            describe(board)
        assert hint in str(refused.value.hint)


LOADING = {"mode": 0x01, "start": 0x8040, "size": 64, "data": "00" * 8, "by_program": False}
OPERATION = {"memory": "flash", "address": 0x8040, "data": "00" * 64}


def of_controller(board: Path, **fields: Any) -> None:
    document = json.loads(board.read_bytes())
    document["controller"] |= fields
    board.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        {"mode": 0x11},
        {"mode": 0x40},
        {"size": 128},
        {"size": 4},
        {"start": 0x8001},
        {"start": 0x7FC0},
        {"start": 0xA000},
        {"start": 0x4800},
        {"data": ""},
        {"data": "00" * 64},
    ],
)
def test_a_block_that_no_chip_can_be_loading_is_refused(board: Path, change: dict[str, Any]) -> None:
    of_controller(board, loading_now=LOADING)
    describe(board)
    of_controller(board, loading_now={**LOADING, **change})
    with pytest.raises(UsageError, match=r"damaged: controller\.loading_now must be a part of a unit") as refused:
        describe(board)
    assert refused.value.hint


@pytest.mark.parametrize(
    "change",
    [
        {"address": 0x8001},
        {"address": 0xA000},
        {"address": 0x7FC0},
        {"data": ""},
        {"data": "00" * 63},
        {"data": "00" * 128},
        {"memory": None},
        {"memory": "eeprom"},
        {"memory": "options"},
    ],
)
def test_an_operation_that_no_array_can_be_doing_is_refused(board: Path, change: dict[str, Any]) -> None:
    of_controller(board, operation_now=OPERATION, began=0.0, ends=0.003)
    describe(board)
    of_controller(board, operation_now={**OPERATION, **change})
    with pytest.raises(UsageError, match=r"damaged: controller\.operation_now must be a byte, word or block"):
        describe(board)


def test_an_operation_in_a_memory_that_the_part_lacks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "board.chip"
    create(path, find_part("stm8l101f3"), "v2")
    of_controller(path, operation_now={**OPERATION, "memory": "eeprom"}, began=0.0, ends=0.003)
    with pytest.raises(
        UsageError, match=r"controller\.operation_now must be a byte, word or block that STM8L101F3 has"
    ):
        describe(path)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"operation_now": OPERATION, "began": None, "ends": 1.0}, "began must be null if"),
        ({"operation_now": OPERATION, "began": 0.0, "ends": None}, "ends must be null if"),
        ({"operation_now": None, "began": 0.0}, "began must be null if"),
        ({"operation_now": OPERATION, "began": 0.0, "ends": -1.0}, "ends must not be before began"),
        (
            {"operation_now": OPERATION, "began": 0.0, "ends": 1.0, "loading_now": LOADING},
            "loading_now and operation_now exclude each other",
        ),
    ],
)
def test_what_a_controller_does_and_its_times_fit_together(board: Path, fields: dict[str, Any], said: str) -> None:
    of_controller(board, **fields)
    with pytest.raises(UsageError, match=rf"damaged: controller\.{said}"):
        describe(board)


def test_the_page_about_the_format_names_every_field(board: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for way in places(json.loads(board.read_bytes())):
        names = [str(name) for name in way if isinstance(name, str)]
        name = ".".join(names) if names[:1] != ["memories"] or len(names) < 3 else f"memories.NAME.{names[2]}"
        assert not names or f"`{name}`" in text, name
    assert f"version {chip_file.VERSION}" in text
