"""Keep the picture of the layers true: imports point one way, and each outside library has one door."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stm8tool
from stm8tool import oldest

PACKAGE = Path(stm8tool.__file__).parent
LEAVES = {"errors", "words", "support", "parts", "image"}

# What a folder, or a module at the top, may import of the others. `sim` takes nothing of `probe` and `chip`: it is a
# second reading of the facts.
LAYERS: dict[str, set[str]] = {
    "words": set(),
    "codes": {"words"},
    "errors": {"codes", "words"},
    "support": {"errors", "words"},
    "parts": {"errors"},
    "image": {"errors", "words", "support", "parts"},
    "transport": {"errors", "words", "support"},
    "probe": {"errors", "words", "support", "transport"},
    "chip": {*LEAVES, "transport", "probe"},
    "sim": {"errors", "words", "support", "parts", "transport"},
    "selector": {"transport", "probe", "sim"},
    "session": {*LEAVES, "transport", "probe", "chip"},
    "api": {*LEAVES, "probe", "chip", "selector", "session"},
    "doctor": {*LEAVES, "transport", "probe", "chip", "selector", "session"},
    "cli": {*LEAVES, "transport", "probe", "chip", "sim", "selector", "session", "doctor"},
    "__init__": {"errors", "parts", "image", "probe", "chip", "session", "api"},
    "oldest": set(),
    "__main__": {"oldest", "cli"},
}

DOORS = {"usb": {"transport/usb.py", "transport/libusb.py"}, "intelhex": {"image/intel_hex.py"}}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(source: Path) -> str:
    return source.relative_to(PACKAGE).as_posix()


def nodes(source: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(source.read_text(encoding="utf-8")))


def imported(source: Path) -> Iterator[str]:
    """Yield every module that a file names in an import, wherever it stands, as an absolute dotted name."""
    package = ("stm8tool", *source.relative_to(PACKAGE).parent.parts)
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from . import image` names a module, `from . import __version__` does not.
            yield from (f"{module}.{alias.name}" if module == "stm8tool" else module for alias in node.names)


@pytest.mark.parametrize("source", sources(), ids=name_of)
def test_imports_point_one_way(source: Path) -> None:
    layer = source.relative_to(PACKAGE).with_suffix("").parts[0]
    used = {name.split(".")[1] for name in imported(source) if name.startswith("stm8tool.")}
    assert used <= LAYERS[layer] | {layer, "__version__"}


def test_no_module_imports_itself_by_way_of_others() -> None:
    """What only a type checker imports does not count."""
    modules = {".".join(("stm8tool", *source.relative_to(PACKAGE).with_suffix("").parts)) for source in sources()}

    def needed(module: str) -> set[str]:
        source = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
        tree = ast.parse(source.read_text(encoding="utf-8"))
        unseen = [
            node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        ]
        skipped = {id(node) for block in unseen for node in ast.walk(block)}
        package = module.split(".")[:-1]
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level and id(node) not in skipped:
                base = [*package[: len(package) - node.level + 1], *([node.module] if node.module else [])]
                found |= {".".join([*base, alias.name]) for alias in node.names} | {".".join(base)}
        return found & modules

    graph = {module: needed(module) for module in modules}
    left = dict(graph)
    while left:
        free = {module for module, imports in left.items() if not imports & left.keys()}
        if not free:
            break
        left = {module: imports for module, imports in left.items() if module not in free}
    assert sorted(left) == []


def test_the_walk_sees_an_import_inside_a_function() -> None:
    assert "stm8tool.session" in set(imported(PACKAGE / "cli/probes.py"))


@pytest.mark.parametrize("library", DOORS)
def test_an_outside_library_has_one_door(library: str) -> None:
    users = {name_of(source) for source in sources() if library in {name.split(".")[0] for name in imported(source)}}
    assert users == DOORS[library]


def test_only_the_console_prints_and_only_the_command_line_ends_the_process() -> None:
    def users(*names: str) -> set[str]:
        return {
            name_of(source)
            for source in sources()
            for node in nodes(source)
            if isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node) in names
        }

    assert users("print", "sys.stdout") <= {"cli/process.py", "cli/console.py"}
    assert users("sys.exit", "os._exit", "SystemExit") == {"oldest.py", "cli/process.py"}


def test_option_bytes_are_written_in_one_place_and_rop_in_two_more() -> None:
    """`options.write_values` refuses what ruins a chip; a lock and an unlock write nothing but the ROP byte."""
    calls: dict[str, set[str]] = {"begin_options": set(), "write_option": set(), "write_rop": set()}
    for source in sources():
        for node in nodes(source):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in calls:
                address = ast.unparse(node.args[0]) if node.args else ""
                calls[node.func.attr].add(f"{name_of(source)}: {address}")
    assert calls["write_option"] == {
        "chip/options/bytes.py: option.address",
        "chip/options/bytes.py: option.address + 1",
        "chip/options/writing.py: reg.ROP_ADDRESS",
    }
    assert {call.partition(":")[0] for call in calls["write_rop"]} == {"chip/options/protection.py"}
    assert {call.partition(":")[0] for call in calls["begin_options"]} == {
        "chip/options/bytes.py",
        "chip/options/writing.py",
        "chip/options/protection.py",
    }


def test_the_package_asserts_nothing() -> None:
    assert {name_of(source) for source in sources() for node in nodes(source) if isinstance(node, ast.Assert)} == set()


@pytest.mark.parametrize("version", [(3, 6), (3, 8)])
@pytest.mark.parametrize("start", ["__main__.py", "stm8flash.py", "stm8tool/__main__.py"])
def test_a_python_that_is_too_old_reads_what_runs_before_its_version_is_looked_at(
    start: str, version: tuple[int, int]
) -> None:
    sources = {
        name: (PACKAGE.parent / name).read_text() for name in (start, "stm8tool/__init__.py", "stm8tool/oldest.py")
    }
    for name, text in sources.items():
        tree = ast.parse(text, feature_version=version)
        future = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        assert not future, name
        subscripted = {ast.unparse(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
        assert not subscripted & {"dict", "frozenset", "list", "set", "tuple", "type"}, name  # new in 3.9
    statements = [ast.unparse(node) for node in ast.parse(sources[start]).body]
    assert "oldest" in statements[1]
    assert statements[2] == "oldest.check()"


def test_a_python_that_is_too_old_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 7, 9))
    with pytest.raises(SystemExit) as ended:
        oldest.check()
    assert ended.value.code == 7
    assert capsys.readouterr().err.splitlines()[-1] == "error: stm8tool needs Python 3.9 or newer; this is Python 3.7"
