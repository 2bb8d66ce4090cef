"""Make the report of `pio run -t sizedata` (Project Inspect) for programs that SDCC builds.

PlatformIO's own report needs GNU's addr2line, section flags and symbol sizes. SDCC's ELF has none of these. This report
takes functions and variables from DWARF. Format: version 1 of sizedata.json, as PlatformIO Core 6.2 writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional

from elftools.elf.elffile import ELFFile  # PlatformIO Core depends on it

DW_OP_ADDR = 3


class Symbol(NamedTuple):
    """A function or variable; `file` is the path that the compiler got."""

    name: str
    address: int
    size: int
    file: str
    is_function: bool
    is_global: bool
    line: int


def symbols(elf: ELFFile) -> Iterator[Symbol]:
    """Yield the functions and variables that have an address. Library modules without DWARF are left out."""
    dwarf = elf.get_dwarf_info()
    units = [(unit, list(unit.iter_DIEs())) for unit in dwarf.iter_CUs()]
    # If the optimizer removed a function's end label, SDCC leaves its end out. It ends at the next address in use.
    borders = {die.attributes["DW_AT_low_pc"].value for _, dies in units for die in dies if is_function(die)}
    borders |= {
        symbol["st_value"]
        for symbol in elf.get_section_by_name(".symtab").iter_symbols()
        if symbol.name.startswith("_")
    }
    borders |= {section["sh_addr"] + section.data_size for section in elf.iter_sections()}
    for unit, dies in units:
        file = text(unit.get_top_DIE(), "name") or "unknown"
        lines = line_numbers(dwarf, unit)
        for die in filter(is_function, dies):
            start = die.attributes["DW_AT_low_pc"].value
            given = die.attributes.get("DW_AT_high_pc")
            end = given.value if given else min((border for border in borders if border > start), default=start)
            yield Symbol(text(die, "name"), start, end - start, file, True, is_global(die), lines.get(start, 0))
        for die in dies:
            address = static_address(die)
            if address is not None:
                yield Symbol(text(die, "name"), address, type_size(die), file, False, is_global(die), 0)


def line_numbers(dwarf: Any, unit: Any) -> dict[int, int]:
    """Return address -> line of the unit's source. If several lines begin at an address, the first one counts."""
    found: dict[int, int] = {}
    for entry in dwarf.line_program_for_CU(unit).get_entries():
        if entry.state and not entry.state.end_sequence:
            found.setdefault(entry.state.address, entry.state.line)
    return found


def is_function(die: Any) -> bool:
    """Tell whether it is a function that has code."""
    return die.tag == "DW_TAG_subprogram" and "DW_AT_low_pc" in die.attributes


def is_global(die: Any) -> bool:
    """Tell whether other modules see it. For a static, SDCC writes the attribute with the value zero."""
    return "DW_AT_external" in die.attributes and bool(die.attributes["DW_AT_external"].value)


def text(die: Any, name: str) -> str:
    """Return a textual attribute, or an empty text."""
    attribute = die.attributes.get(f"DW_AT_{name}")
    return attribute.value.decode("utf-8", "replace") if attribute else ""


def static_address(die: Any) -> Optional[int]:
    """Return a variable's fixed address. None: it is on the stack or in a register, or the entry is something else."""
    if die.tag != "DW_TAG_variable" or "DW_AT_declaration" in die.attributes:
        return None
    location = die.attributes.get("DW_AT_location")
    block = location.value if location else None
    if not isinstance(block, list) or len(block) != 5 or block[0] != DW_OP_ADDR:
        return None
    return int.from_bytes(bytes(block[1:]), "big")


def type_size(die: Any) -> int:
    """Return the size in bytes of a variable's type, looking through const, volatile and typedef."""
    while "DW_AT_type" in die.attributes and "DW_AT_byte_size" not in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_type")
    size = die.attributes.get("DW_AT_byte_size")
    return int(size.value) if size else 0


def report(path: str, areas: Mapping[str, str], board: Any) -> dict[str, Any]:
    """Return the whole report.

    Args:
        path: The ELF of a debug build.
        areas: Section name -> "ram", "flash" or "data", from `elf.py`.
        board: PlatformIO's board configuration.
    """
    device = {
        "mcu": board.get("build.mcu"),
        "cpu": board.get("build.cpu"),
        "frequency": int(str(board.get("build.f_cpu")).rstrip("UuLl")),
        "flash": board.get("upload.maximum_size"),
        "ram": board.get("upload.maximum_ram_size"),
    }
    with Path(path).open("rb") as file:
        return {"version": 1, "device": device, "memory": memory(ELFFile(file), areas)}


def memory(elf: ELFFile, areas: Mapping[str, str]) -> dict[str, Any]:
    """Return the "memory" object of the report: sums, sections, and the functions and variables of each file."""
    sections = {
        section.name: {
            "name": section.name,
            "size": section.data_size,
            "start_addr": section["sh_addr"],
            "type": section["sh_type"],
            "flags": "A",
            "in_flash": areas[section.name] == "flash",
            "in_ram": areas[section.name] == "ram",
        }
        for section in elf.iter_sections()
        if section.name in areas
    }
    files: dict[str, dict[str, Any]] = {}
    for symbol in symbols(elf):
        home = next((s for s in sections.values() if 0 <= symbol.address - s["start_addr"] < s["size"]), None)
        file = files.setdefault(symbol.file, {"path": symbol.file, "ram_size": 0, "flash_size": 0, "symbols": []})
        if home:
            file["ram_size"] += symbol.size * home["in_ram"]
            file["flash_size"] += symbol.size * home["in_flash"]
        file["symbols"].append(
            {
                "name": symbol.name,
                "addr": symbol.address,
                "size": symbol.size,
                "type": "STT_FUNC" if symbol.is_function else "STT_OBJECT",
                "bind": "STB_GLOBAL" if symbol.is_global else "STB_LOCAL",
                "section": home["name"] if home else "unknown",
                "file": symbol.file,
                "line": symbol.line,
            }
        )
    total = {
        "ram_size": sum(s["size"] for s in sections.values() if s["in_ram"]),
        "flash_size": sum(s["size"] for s in sections.values() if s["in_flash"]),
        "sections": sections,
    }
    return {"total": total, "files": list(files.values())}
