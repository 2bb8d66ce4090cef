"""Assemble the machine code that the tool sends to a chip, with `sdasstm8` and its linker of SDCC 4.2.0.

python3 tests/assembled.py        write the file `code.csv` of each program anew
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TOOL = Path(__file__).parents[1] / "tool"
sys.path.insert(0, str(TOOL))

from stm8tool.chip.flash.loader import variants  # noqa: E402
from stm8tool.uart import loader as uart_loader  # noqa: E402
from stm8tool.uart import routines  # noqa: E402

ASSEMBLER, LINKER = "sdasstm8", "sdldstm8"


class Variant(NamedTuple):
    """How a program is assembled: the symbols of its source, and the addresses between which it must fit."""

    symbols: Mapping[str, int]
    start: int
    end: int


class Program(NamedTuple):
    """Machine code of our own: the source in a folder of the tool, and its variants by their names in `code.csv`."""

    folder: Path
    source: str
    column: str
    variants: Mapping[str, Variant]
    included: Sequence[Path] = ()  # files of other folders

    def assemble(self, name: str, folder: Path, bin_folder: str = "") -> bytes:
        """Return the bytes of a variant from its start on; ValueError if they do not fit, or lie over each other."""
        prefix = f"{bin_folder}/" if bin_folder else ""
        variant = self.variants[name]
        for source in (*self.folder.glob("*.s"), *self.included):
            (folder / source.name).write_bytes(source.read_bytes())
        lines = [f"{symbol} = 0x{value:X}" for symbol, value in variant.symbols.items()]
        (folder / "main.s").write_text("\n".join([*lines, f'\t.include "{self.source}"', ""]))
        subprocess.run([f"{prefix}{ASSEMBLER}", "-los", "main.rel", "main.s"], cwd=folder, check=True)
        subprocess.run([f"{prefix}{LINKER}", "-i", "main.ihx", "main.rel"], cwd=folder, check=True, capture_output=True)
        memory = _bytes_of(folder / "main.ihx", name)
        end = max(memory) + 1
        if end > variant.end or min(memory) != variant.start:
            raise ValueError(
                f"{name}: its code is at 0x{min(memory):03X}..0x{end - 1:03X}, which does not fit "
                f"0x{variant.start:03X}..0x{variant.end - 1:03X}"
            )
        return bytes(memory.get(address, 0) for address in range(variant.start, end))

    def write_table(self) -> None:
        """Write `code.csv` anew."""
        with (self.folder / "code.csv").open("w", encoding="ascii", newline="") as table:
            rows = csv.writer(table, lineterminator="\n")
            rows.writerow([self.column, "code"])
            for name, variant in self.variants.items():
                with tempfile.TemporaryDirectory() as folder:
                    code = self.assemble(name, Path(folder))
                rows.writerow([name, code.hex()])
                print(f"{self.source} {name}: {len(code)} bytes, up to 0x{variant.start + len(code) - 1:03X}")


def _bytes_of(file: Path, name: str) -> dict[int, int]:
    memory: dict[int, int] = {}
    for line in file.read_text().split():
        record = bytes.fromhex(line[1:])
        address = int.from_bytes(record[1:3], "big")
        if record[3] == 0:
            for at, byte in enumerate(record[4:-1], address):
                if at in memory:
                    raise ValueError(f"{name}: a part of it does not end before the next one begins")
                memory[at] = byte
    return memory


def _folder(module: object) -> Path:
    return Path(str(vars(module)["__file__"])).parent


SWIM_LOADER = Program(
    _folder(variants),
    "loader.s",
    "variant",
    {name: Variant(row.symbols(), variants.START, row.base) for name, row in variants.VARIANTS.items()},
)
ROM_ROUTINES = Program(
    _folder(routines),
    "routines.s",
    "version",
    {f"{n:02X}": Variant(row.symbols(), routines.START, routines.END) for n, row in routines.VERSIONS.items()},
)
UART_LOADER = Program(
    _folder(uart_loader),
    "loader.s",
    "variant",
    {name: Variant(row.symbols(), uart_loader.START, uart_loader.BLOCK) for name, row in uart_loader.VARIANTS.items()},
    [_folder(variants) / "crc_entry.s"],
)
PROGRAMS = (SWIM_LOADER, ROM_ROUTINES, UART_LOADER)


if __name__ == "__main__":
    for program in PROGRAMS:
        program.write_table()
