"""Every module compiles and can be imported without a warning, on each Python that the tests run on."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Optional

import pytest

from pio import ROOT

FOLDERS = ("tool", "builder", "boards", "docs", "misc", "release", "dev", "examples")
SOURCES = [ROOT / "platform.py", ROOT / "dev.py", *(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))]
SEARCHED = ("tool", "builder", "release", "tests")  # where pytest finds modules
IMPORTERS = (*FOLDERS, "tests", "findings")
NOT_OURS = {"_deps", "_vendor", "build", ".pio"}


def sources() -> list[Path]:
    return [path for path in SOURCES if not NOT_OURS & set(path.relative_to(ROOT).parts)]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_compiles_without_a_warning(path: Path) -> None:
    assert compile(path.read_text(encoding="utf-8"), str(path), "exec")


def test_every_module_of_the_tool_is_imported_without_a_warning() -> None:
    names = [
        ".".join(path.relative_to(ROOT / "tool").with_suffix("").parts)
        for path in sources()
        if path.is_relative_to(ROOT / "tool" / "stm8tool") and not path.name.startswith("__")
    ]
    assert "stm8tool.api" in names
    code = f"import importlib, sys\nsys.path.insert(0, sys.argv[1])\nfor name in {names}: importlib.import_module(name)"
    words = [sys.executable, "-W", "error", "-I", "-c", code, str(ROOT / "tool")]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# -- names that files import from each other -------------------------------------------------------------------------


def module_file(name: str) -> Optional[Path]:
    """Return the file of a module of this checkout, the folder of a package without an __init__.py, or None."""
    for place in SEARCHED:
        path = ROOT.joinpath(place, *name.split("."))
        for file in (path / "__init__.py", path.with_suffix(".py"), path):
            if file.exists():
                return file
    return None


@cache
def defined(file: Path) -> frozenset[str]:
    """Return the names that a module has, as its text shows them, also below `if` and `try`."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))] if file.is_file() else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.Name):
            found.add(node.id)
        waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def imports_that_fail(file: Path) -> Iterator[str]:
    """Yield each name of this checkout that a file imports and that is not there."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.level or not node.module:
            continue
        module = module_file(node.module)
        if module is None and module_file(node.module.partition(".")[0]):
            yield f"{file.relative_to(ROOT)}:{node.lineno}: {node.module}"
        for alias in node.names if module else []:
            assert module
            if alias.name not in defined(module) and not module_file(f"{node.module}.{alias.name}"):
                yield f"{file.relative_to(ROOT)}:{node.lineno}: {node.module}.{alias.name}"


def test_every_name_that_a_file_imports_from_a_module_of_the_checkout_is_there() -> None:
    # Plain `dev.py test` does not import the tests of another machine, such as tests/sdcc. This test reads them, too.
    files = [
        path
        for name in IMPORTERS
        for path in (ROOT / name).rglob("*.py")
        if not NOT_OURS & {*path.relative_to(ROOT).parts}
    ]
    assert ROOT / "tests" / "sdcc" / "machine.py" in files
    assert [line for file in sorted(files) for line in imports_that_fail(file)] == []
