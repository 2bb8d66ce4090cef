"""The target memory-map: what fills the memories of the chip. Here the pure modules meet SCons."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Optional

from .. import elf
from ..linker_files import linked_objects, maps, program
from ..refusal import refuse
from . import memory_report, object_pieces, owners

TARGET = "memory-map"
PICTURE, DATA = "memory-map.svg", "memory-map.json"  # in the build directory
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
        removed = memory_report.read_removed(linked.with_name(DROPPED))
        symbols = program.read(linked.read_bytes()).symbols
        try:
            modules = self._modules(node, map_file.read_text("utf-8", "replace"), symbols, removed.objects)
        except linked_objects.UnknownError as exc:
            sys.stderr.write(f"warning: sizes by file and function are not known: {exc}\n")
            modules = []
        found = owners.items(sections, modules)
        wrong = memory_report.misplaced(found, symbols)
        if wrong:
            sys.stderr.write(f"warning: {map_file} says that {wrong} lies elsewhere: sizes by function may be wrong\n")
        rows = memory_report.uses(found, memories)
        picture = linked.with_name(PICTURE)
        title = f"{linked.name}, {env['PIOENV']}"
        picture.write_text(memory_report.picture(title, rows, removed.dropped), encoding="utf-8")
        data = json.dumps(memory_report.data(rows, removed.dropped, str(picture))) + "\n"
        linked.with_name(DATA).write_text(data, encoding="utf-8")  # with -s, PlatformIO throws stdout away
        if "--json" in env.get("PROGRAM_ARGS", []):
            sys.stdout.write(data)
        else:
            sys.stdout.write(f"{memory_report.table(rows, removed.dropped)}picture: {picture}\n")
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

    def _modules(
        self, node: Any, map_text: str, symbols: Collection[str], remade: Mapping[str, str]
    ) -> list[tuple[str, list[object_pieces.Piece]]]:
        """Return (file, its pieces) of each object, in the order of linking.

        Args:
            node: The program.
            map_text: The linker's map.
            symbols: Those of the program.
            remade: The sources of the objects without unused functions, by their paths.
        """
        origins = [
            linked_objects.Origin(Path(str(child)), str(child.sources[0].srcnode() if child.sources else child), None)
            for child, _ in self.objects(node)
        ]
        again = [linked_objects.Origin(Path(path), file, None) for path, file in remade.items()]
        units = linked_objects.units(maps.listed(map_text), symbols, [*origins, *again], lambda _: origins)
        return [
            (
                unit.file,
                object_pieces.pieces(
                    unit.content.decode("utf-8", "replace"), _beside(unit.made, ".sym"), _beside(unit.made, ".asm")
                ),
            )
            for unit in units
        ]


def _beside(made: Optional[Path], suffix: str) -> str:
    """Return a text that SDCC has left beside an object."""
    file = made.with_suffix(suffix) if made else None
    return file.read_text("utf-8", "replace") if file and file.is_file() else ""
