"""Make tests/platform/golden/archive.txt, the list of files and folders in the archive. A review sees new ones there.

    python3 dev.py generate

Without git the list does not change. The lines of tool/_vendor never change: they come from the wheels, and
tests/platform/test_release.py compares them.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOT = ROOT / "tests" / "platform" / "golden" / "archive.txt"
VENDORED = "tool/_vendor/"
ALONE = ("platformio.ini", "py.typed")  # listed by name, like the files of the root and of tool/


def line(name: str) -> str:
    """Return the line for a file. A new folder gets a line; a new board, module or example does not."""
    path = PurePosixPath(name)
    if path.name in ALONE or len(path.parts) == 1 or path.parent == PurePosixPath("tool"):
        return line_of_folder(path, path.name)
    return line_of_folder(path, f"*{path.suffix}")


def line_of_folder(path: PurePosixPath, file: str) -> str:
    """Return the line for a file in examples. The example's name and the folders of its sources get no line."""
    folders = list(path.parts[:-1])
    if folders[:1] == ["examples"]:
        folders[1:] = ["*", *folders[2:3], *("*" for _ in folders[3:])]
    return "/".join([*folders, file])


def files() -> dict[Path, bytes]:
    """Return the list."""
    export = json.loads((ROOT / "platform.json").read_text(encoding="utf-8"))["export"]
    exported = [*export["include"], *(f":(exclude){name}" for name in export["exclude"])]
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *exported]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        return {}
    if done.returncode:
        return {}
    vendored = [row for row in SNAPSHOT.read_text(encoding="utf-8").splitlines() if row.startswith(VENDORED)]
    present = [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]
    lines = sorted({*vendored, *map(line, present)})
    return {SNAPSHOT: "".join(f"{row}\n" for row in lines).encode()}
