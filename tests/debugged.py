"""Programs with data for a debugger, compiled by a real SDCC."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from patience import LIMIT_S

MEDIUM, LARGE = "medium", "large"
MODELS = (MEDIUM, LARGE)


def build(sdcc: str, folder: Path, sources: Mapping[str, str], *options: str, model: str = MEDIUM) -> Path:
    """Compile sources and link them; return the ELF. The first file comes first in the program."""
    flags = ["-mstm8", "--debug", "--out-fmt-elf", "--std-c11", *options]
    if model == LARGE:
        flags.append("--model-large")
    for name, text in sources.items():
        source = folder / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text, encoding="utf-8")
    objects = []
    for name in sources:
        source = folder / name
        made = Path(name).with_suffix(".rel")
        if source.suffix == ".c":
            _run([sdcc, *flags, "-c", name, "-o", str(made)], folder)
        elif source.suffix == ".s":
            assembler = str(Path(sdcc).with_name("sdasstm8"))
            _run([assembler, "-plosgffwy", str(made), name], folder)
        else:
            continue
        objects.append(str(made))
    _run([sdcc, *flags, *objects, "-o", "program.elf"], folder)
    return folder / "program.elf"


def line_of(text: str, words: str) -> int:
    """Return the number of the one line of a source that has these words."""
    found = [number for number, line in enumerate(text.splitlines(), 1) if words in line]
    assert len(found) == 1, (words, found)
    return found[0]


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
