"""Read the output of the target memory-map, and compare it with the ELF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pio import Result
from stm8build import elf
from stm8build.linker_files import program
from stm8build.memory_map import owners


def data(result: Result) -> Any:
    assert result.code == 0, result.output
    assert "warning: " not in result.output
    return json.loads(next(line for line in result.output.splitlines() if line.startswith('{"memories"')))


def check(made: Any, firmware: Path, ram_size: int) -> None:
    """Compare with the ELF: sums, addresses of names, and no byte without a file."""
    content = [row for row in elf.sections(firmware.read_bytes(), ram_size) if row.name != elf.STACK_AREA]
    used = {memory["name"]: memory["used"] for memory in made["memories"]}
    assert used["RAM"] == sum(len(row.data) for row in content if row.memory == "ram")
    assert sum(used.values()) == sum(len(row.data) for row in content)
    held = [(item["address"] + n) for item in made["items"] for n in range(item["size"])]
    assert sorted(held) == sorted(row.address + n for row in content for n in range(len(row.data)))
    assert owners.NO_FILE not in {item["file"] for item in made["items"]}
    symbols = program.read(firmware.read_bytes()).symbols
    places = {(f"_{item['name']}", item["address"]) for item in made["items"]}
    inside = {row.address + n for row in content for n in range(len(row.data)) if row.name in ("CODE", "DATA")}
    missing = {name for name, at in symbols.items() if name[0] == "_" and at in inside and (name, at) not in places}
    assert missing == set()
