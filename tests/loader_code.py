"""Assemble the RAM loader with `sdasstm8` and its linker, which come with SDCC 4.2.0.

python3 tests/loader_code.py        write tool/stm8tool/chip/flash/loader/code.csv anew
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

TOOL = Path(__file__).parents[1] / "tool"
sys.path.insert(0, str(TOOL))

from stm8tool.chip.flash.loader import variants  # noqa: E402

SOURCE = TOOL / "stm8tool/chip/flash/loader"
ASSEMBLER, LINKER = "sdasstm8", "sdldstm8"


def assemble(name: str, folder: Path, bin_folder: str = "") -> bytes:
    """Return the bytes of a variant, from variants.START on; ValueError if they do not end before the buffers."""
    prefix = f"{bin_folder}/" if bin_folder else ""
    variant = variants.VARIANTS[name]
    for source in SOURCE.glob("*.s"):
        (folder / source.name).write_bytes(source.read_bytes())
    lines = [f"{symbol} = 0x{value:X}" for symbol, value in variant.symbols().items()]
    (folder / "main.s").write_text("\n".join([*lines, '\t.include "loader.s"', ""]))
    subprocess.run([f"{prefix}{ASSEMBLER}", "-los", "main.rel", "main.s"], cwd=folder, check=True)
    subprocess.run([f"{prefix}{LINKER}", "-i", "main.ihx", "main.rel"], cwd=folder, check=True, capture_output=True)
    memory: dict[int, int] = {}
    for line in (folder / "main.ihx").read_text().split():
        record = bytes.fromhex(line[1:])
        address = int.from_bytes(record[1:3], "big")
        if record[3] == 0:
            memory.update(enumerate(record[4:-1], address))
    end = max(memory) + 1
    if end > variant.base or min(memory) != variants.START:
        raise ValueError(f"{name}: its code is at 0x{min(memory):03X}..0x{end - 1:03X}; its base is 0x{variant.base:X}")
    return bytes(memory.get(address, 0) for address in range(variants.START, end))


def main() -> None:
    with (SOURCE / "code.csv").open("w", encoding="ascii", newline="") as table:
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["variant", "code"])
        for name in variants.VARIANTS:
            with tempfile.TemporaryDirectory() as folder:
                code = assemble(name, Path(folder))
            rows.writerow([name, code.hex()])
            print(f"{name}: {len(code)} bytes, up to 0x{variants.START + len(code) - 1:03X}")


if __name__ == "__main__":
    main()
