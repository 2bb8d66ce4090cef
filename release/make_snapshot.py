"""The list of files and folders in the archive, tests/platform/golden/archive.txt: a review sees what is new in it.

    python3 dev.py generate

Without git the list stays as it is. The lines of tool/_vendor stay in any case: they come from the wheels, and
tests/platform/test_release.py compares them.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOT = ROOT / "tests" / "platform" / "golden" / "archive.txt"
VENDORED = "tool/_vendor/"
ALONE = ("platformio.ini", "py.typed")  # files that are listed by their name, as those of the root and of tool/ are


def line(name: str) -> str:
    """Return the line that a file is listed under: another board, module or example is no news, a new folder is."""
    path = PurePosixPath(name)
    if path.name in ALONE or len(path.parts) == 1 or path.parent == PurePosixPath("tool"):
        return line_of_folder(path, path.name)
    return line_of_folder(path, f"*{path.suffix}")


def line_of_folder(path: PurePosixPath, file: str) -> str:
    """Return the line of a file in that folder; an example's name, and folders in its sources, are no news either."""
    folders = list(path.parts[:-1])
    if folders[:1] == ["examples"]:
        folders[1:] = ["*", *folders[2:3], *("*" for _ in folders[3:])]
    return "/".join([*folders, file])


def files() -> dict[Path, bytes]:
    """Return the list."""
    exported = json.loads((ROOT / "platform.json").read_text(encoding="utf-8"))["export"]["include"]
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
