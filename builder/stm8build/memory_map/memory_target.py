"""The target memory-map: what fills the memories of the chip. Here the pure modules meet SCons."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .. import elf
from ..linker_files import maps, program
from ..refusal import refuse
from . import linked_modules, memory_report, owners

TARGET = "memory-map"
PICTURE = "memory-map.svg"
DROPPED = "unused.json"  # beside the program, if unused functions were removed


class MemoryMap:
    """The map of one environment of platformio.ini."""

    def __init__(self, objects: Callable[[Any], Iterable[tuple[Any, bool]]]) -> None:
        """Keep the function that gives the objects of a program."""
        self.objects = objects

    def show(self, target: Any, source: Any, env: Any) -> int:
        """Print the table or JSON, and draw the picture. The action of the target."""
        node = env["PIOMAINPROG"][0]
        linked = Path(str(node))
        map_file = linked.with_suffix(".map")
        if not map_file.is_file():
            return refuse(f"{map_file}: the linker wrote no map", "remove an option that leaves it out, such as -Wl-m")
        upload = env.BoardConfig().get("upload")
        memories = self._memories(env, upload)
        content = elf.sections(linked.read_bytes(), upload["maximum_ram_size"])
        sections = [
            owners.Section(row.name, row.address, len(row.data), self._memory(row, memories))
            for row in content
            if row.name != elf.STACK_AREA
        ]
        found = owners.items(sections, self._modules(env, node, map_file.read_text("utf-8", "replace")))
        wrong = memory_report.misplaced(found, program.read(linked.read_bytes()).symbols)
        if wrong:
            sys.stderr.write(f"warning: {map_file} says that {wrong} lies elsewhere: sizes by function may be wrong\n")
        rows = memory_report.uses(found, memories)
        dropped = memory_report.read_dropped(linked.with_name(DROPPED))
        picture = linked.with_name(PICTURE)
        picture.write_text(memory_report.picture(f"{linked.name}, {env['PIOENV']}", rows, dropped), encoding="utf-8")
        if "--json" in env.get("PROGRAM_ARGS", []):
            sys.stdout.write(json.dumps(memory_report.data(rows, dropped, str(picture))) + "\n")
        else:
            sys.stdout.write(f"{memory_report.table(rows, dropped)}picture: {picture}\n")
        return 0

    def _memories(self, env: Any, upload: Any) -> list[owners.Memory]:
        part = upload.get("part") or upload.get("stm8flash_target") or env.BoardConfig().get("build.mcu")
        held = program.memories(part, upload["maximum_size"]) or [
            program.Memory("flash", program.FLASH_START, program.FLASH_START + upload["maximum_size"])
        ]
        own = [owners.Memory(memory.name, memory.start, memory.end - memory.start) for memory in held]
        return [*own[:1], owners.Memory("RAM", 0, upload["maximum_ram_size"]), *own[1:]]

    def _memory(self, section: elf.Section, memories: list[owners.Memory]) -> str:
        if section.memory == "ram":
            return "RAM"
        held = (m.name for m in memories if m.name != "RAM" and m.start <= section.address < m.start + m.size)
        return next(held, "flash")

    def _modules(self, env: Any, node: Any, map_text: str) -> Iterable[tuple[str, list[linked_modules.Piece]]]:
        sources = {
            Path(str(child)).resolve(): str(child.sources[0].srcnode()) if child.sources else str(child)
            for child, _ in self.objects(node)
        }
        objects = linked_modules.Objects(sources)
        for module in maps.listed(map_text):
            path, relocatable, listed = objects.read(module)
            file = linked_modules.source_of(path, sources) if path else f"{Path(module.path).name}: {module.member}"
            yield file, linked_modules.pieces(relocatable, listed)
