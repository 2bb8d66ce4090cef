"""Source files in the client's words: it has absolute paths, and SDCC keeps the names that it was given."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Optional

from ...errors import UsageError
from ..program import SourceProgram
from .messages import ClientArguments


class Sources:
    """The source files of a program.

    Args:
        program: The program.
    """

    def __init__(self, program: SourceProgram) -> None:
        self._program = program
        self._paths: dict[str, Optional[Path]] = {}

    def shown(self, file: str) -> dict[str, Any]:
        """Return a file as the protocol describes one. It has no path if the file is not found."""
        path = self._path_of(file)
        name = PurePosixPath(file.replace("\\", "/")).name
        return {"name": name} if path is None else {"name": path.name, "path": str(path)}

    def file_of(self, source: ClientArguments) -> str:
        """Return the name in the program of a file that the client names.

        Raises:
            UsageError: No code comes from such a file, or it may be one of several.
        """
        given = source.text("path", "") or source.text("name", "")
        files = self._program.lines.files
        wanted = _resolved(Path(given))
        for file in files:
            path = self._path_of(file)
            if path is not None and wanted is not None and path == wanted:
                return file
        parts = _parts(given)
        alike = [file for file in files if _parts(file) == parts[-len(_parts(file)) :]]
        longest = max((len(_parts(file)) for file in alike), default=0)
        found = [file for file in alike if len(_parts(file)) == longest]
        if len(found) == 1:
            return found[0]
        known = ", ".join(files[:8]) or "none"
        if found:
            raise UsageError(f"{parts[-1]} may be one of several files", hint=f"they are: {', '.join(found)}")
        name = parts[-1] if parts else "without a name"
        raise UsageError(f"no code comes from the file {name}", hint=f"files with code: {known}")

    def _path_of(self, file: str) -> Optional[Path]:
        if file not in self._paths:
            found = self._program.path_of(file)
            self._paths[file] = None if found is None else _resolved(found)
        return self._paths[file]


def _resolved(path: Path) -> Optional[Path]:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, or links in a circle
        return None


def _parts(name: str) -> tuple[str, ...]:
    pure = PureWindowsPath(name) if "\\" in name else PurePosixPath(name)
    return tuple(part for part in pure.parts if part not in (".", pure.anchor))
