"""Assemble the routines for the boot ROM with `sdasstm8` and its linker, which come with SDCC 4.2.0.

python3 tests/uart_routines.py        write tool/stm8tool/uart/routines/code.csv anew
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

TOOL = Path(__file__).parents[1] / "tool"
sys.path.insert(0, str(TOOL))

from stm8tool.uart import routines  # noqa: E402

SOURCE = Path(str(routines.__file__)).parent


def assemble(version: int, folder: Path, bin_folder: str = "") -> bytes:
    """Return the bytes for a version of the ROM, from routines.START on; ValueError if they do not fit."""
    prefix = f"{bin_folder}/" if bin_folder else ""
    (folder / "routines.s").write_bytes((SOURCE / "routines.s").read_bytes())
    lines = [f"{symbol} = 0x{value:X}" for symbol, value in routines.VERSIONS[version].symbols().items()]
    (folder / "main.s").write_text("\n".join([*lines, '\t.include "routines.s"', ""]))
    subprocess.run([f"{prefix}sdasstm8", "-los", "main.rel", "main.s"], cwd=folder, check=True)
    subprocess.run([f"{prefix}sdldstm8", "-i", "main.ihx", "main.rel"], cwd=folder, check=True, capture_output=True)
    memory: dict[int, int] = {}
    for line in (folder / "main.ihx").read_text().split():
        record = bytes.fromhex(line[1:])
        address = int.from_bytes(record[1:3], "big")
        if record[3] == 0:
            for at, byte in enumerate(record[4:-1], address):
                if at in memory:
                    raise ValueError(f"version {version:02X}: the erase routine does not end before the write routine")
                memory[at] = byte
    if min(memory) != routines.START or max(memory) >= routines.END:
        raise ValueError(f"version {version:02X}: its code is at 0x{min(memory):03X}..0x{max(memory):03X}")
    return bytes(memory.get(address, 0) for address in range(routines.START, max(memory) + 1))


def main() -> None:
    with (SOURCE / "code.csv").open("w", encoding="ascii", newline="") as table:
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["version", "code"])
        for version in routines.VERSIONS:
            with tempfile.TemporaryDirectory() as folder:
                code = assemble(version, Path(folder))
            rows.writerow([f"{version:02X}", code.hex()])
            print(f"{version:02X}: {len(code)} bytes, up to 0x{routines.START + len(code) - 1:03X}")


if __name__ == "__main__":
    main()
