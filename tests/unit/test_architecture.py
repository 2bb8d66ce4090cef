"""Keep the picture of the layers true: imports point one way, and each outside library has one door."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stm8tool
from pio import ROOT
from stm8tool import oldest
from stm8tool.support import deps

PACKAGE = Path(stm8tool.__file__).parent
BUILDER = ROOT / "builder" / "stm8build"
LEAVES = {"errors", "words", "support", "parts", "image"}

# What a folder, or a module at the top, may import of the others. `sim` takes nothing of `probe` and `chip`: it is a
# second reading of the facts.
LAYERS: dict[str, set[str]] = {
    "words": set(),
    "codes": {"words"},
    "error_value": {"codes", "words"},
    "errors": {"codes", "error_value", "words"},
    "support": {"errors", "words"},
    "parts": {"errors"},
    "image": {"errors", "words", "support", "parts"},
    "dwarf": {"errors", "words", "support", "image"},
    "transport": {"errors", "words", "support"},
    "probe": {"errors", "words", "support", "transport"},
    "chip": {*LEAVES, "dwarf", "probe"},
    "sim": {"errors", "words", "support", "parts", "transport"},
    "selector": {"errors", "words", "support", "transport", "probe", "sim"},
    "session": {*LEAVES, "probe", "chip"},
    "connected": {*LEAVES, "probe", "chip", "session"},
    "api": {*LEAVES, "dwarf", "probe", "chip", "connected"},
    "uart": {*LEAVES, "transport", "probe", "chip", "session", "api"},
    "library": {*LEAVES, "probe", "chip", "selector", "session", "api", "uart"},
    "production": {*LEAVES, "probe", "chip", "sim", "selector", "session", "api"},
    "debugger": {*LEAVES, "dwarf", "probe", "chip", "sim", "api"},
    "doctor": {*LEAVES, "transport", "probe", "chip", "selector", "session", "api", "uart"},
    "cli": {
        *LEAVES,
        "dwarf",
        "transport",
        "probe",
        "chip",
        "sim",
        "selector",
        "session",
        "api",
        "uart",
        "doctor",
        "debugger",
        "production",
    },
    "__init__": {"errors", "parts", "image", "probe", "chip", "api", "library", "uart"},
    "oldest": set(),
    "__main__": {"oldest", "cli"},
}

# What a folder of the builder may import: other folders, and modules at the top.
BUILDER_LAYERS: dict[str, set[str]] = {
    "linker_files": set(),
    "wrong_code": {"refusal"},
    "unused": {"linker_files", "elf"},
    "memory_map": {"linker_files", "elf", "refusal"},
    "link": {"linker_files", "unused", "flags", "refusal", "sdcc"},
}

DOORS = {
    "usb": {"transport/usb.py", "transport/usb_errors.py", "transport/libusb.py"},
    "intelhex": {"image/intel_hex.py"},
    "elftools": {"dwarf/reading.py"},
    "serial": {"transport/serial_port.py"},
    "tomli": {"production/toml_text.py"},
}


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


def imports_in(folder: Path) -> dict[str, set[str]]:
    """Return each module of a package with those that it needs. What only a type checker imports does not count."""
    files = {
        ".".join((folder.name, *path.relative_to(folder).with_suffix("").parts)): path for path in folder.rglob("*.py")
    }

    def needed(module: str) -> set[str]:
        tree = ast.parse(files[module].read_text(encoding="utf-8"))
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
        return found & files.keys()

    return {module: needed(module) for module in files}


@pytest.mark.parametrize("folder", [PACKAGE, BUILDER], ids=lambda folder: folder.name)
def test_no_module_imports_itself_by_way_of_others(folder: Path) -> None:
    left = imports_in(folder)
    assert sum(map(len, left.values())) > 50
    while left:
        free = {module for module, imports in left.items() if not imports & left.keys()}
        if not free:
            break
        left = {module: imports for module, imports in left.items() if module not in free}
    assert sorted(left) == []


@pytest.mark.parametrize("room", sorted(path.parent.name for path in BUILDER.glob("*/__init__.py")))
def test_imports_of_the_builder_point_one_way(room: str) -> None:
    used = set()
    for module, imports in imports_in(BUILDER).items():
        if module.startswith(f"stm8build.{room}."):
            used |= {name.split(".")[1] for name in imports}
    assert used - {room} <= BUILDER_LAYERS[room]


def test_the_modules_at_the_top_of_the_builder_import_no_folder() -> None:
    top = {module: imports for module, imports in imports_in(BUILDER).items() if module.count(".") == 1}
    assert len(top) > 10
    assert {name for imports in top.values() for name in imports if name.count(".") > 1} == set()


def test_the_picture_names_every_module_of_the_builder() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = text[text.index("builder/stm8build/") : text.index("builder/stm8serial/")]
    words = set(re.findall(r"[\w*]+", picture))
    families = tuple(word[:-1] for word in words if word.endswith("_*"))
    names = {path.parent.name if path.stem == "__init__" else path.stem for path in BUILDER.rglob("*.py")}
    assert {name for name in names if name not in words and not name.startswith(families)} == set()


def test_the_walk_sees_an_import_inside_a_function() -> None:
    assert "stm8tool.session" in set(imported(PACKAGE / "cli/request.py"))


@pytest.mark.parametrize("library", deps.PACKAGES)
def test_an_outside_library_has_one_door(library: str) -> None:
    assert library in DOORS, f"tests/unit/test_architecture.py: add a row for {library} to DOORS"
    users = {name_of(source) for source in sources() if library in {name.split(".")[0] for name in imported(source)}}
    assert users == DOORS[library]


def _is_below_the_seam(source: Path) -> bool:
    """Tell whether a file may know how one make of probe is reached, and what it answers."""
    return name_of(source) != "probe/base.py" and name_of(source).startswith(("transport/", "probe/", "sim/"))


def test_a_session_and_all_of_chip_see_no_more_of_a_probe_than_its_link() -> None:
    above = [source for source in sources() if name_of(source).startswith(("session.py", "probe/base.py", "chip/"))]
    below = ("stm8tool.transport", "stm8tool.probe", "stm8tool.sim", "stm8tool.selector")
    seen = {(name_of(source), module) for source in above for module in imported(source) if module.startswith(below)}
    assert {module for _, module in seen} == {"stm8tool.probe.base"}
    assert len(above) > 20


def test_how_usb_fails_is_known_below_the_probe_seam_only() -> None:
    names = {"EndpointStallError", "TransferSizeError", "clear_halt", "bulk_only_reset"}
    users = {
        name_of(source)
        for source in sources()
        for node in nodes(source)
        if not _is_below_the_seam(source)
        if names & {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", "")}
    }
    assert users == {"errors.py"}  # which has the two classes


def _names_a_status(node: ast.AST) -> bool:
    """Tell whether `node` has a byte 0 of READSTATUS, as a field of an error or as a table of those bytes."""
    if isinstance(node, (ast.Tuple, ast.Set, ast.List, ast.Dict)):
        values = node.keys if isinstance(node, ast.Dict) else node.elts
        numbers = [value.value for value in values if isinstance(value, ast.Constant)]
        return len(numbers) == len(values) and len(set(numbers)) > 1 and set(numbers) <= {0x04, 0x05, 0x10, 0x16}
    if isinstance(node, ast.Compare) and any(isinstance(c, ast.Constant) for c in node.comparators):
        return isinstance(node.left, ast.Attribute) and node.left.attr == "status"
    return isinstance(node, ast.keyword) and node.arg == "status"


@pytest.mark.parametrize(
    "text", ["_REFUSED = (0x04, 0x05)", "_STUCK = {16, 22}", "a = {4: 'x', 5: 'y'}", "e.status == 4", "E('', status=4)"]
)
def test_the_walk_knows_a_status_number(text: str) -> None:
    assert any(_names_a_status(node) for node in ast.walk(ast.parse(text)))


def test_the_status_bytes_of_an_st_link_are_known_below_the_probe_seam_only() -> None:
    above = [source for source in sources() if not _is_below_the_seam(source)]
    assert [name_of(source) for source in above if "READSTATUS" in source.read_text(encoding="utf-8")] == []
    assert [name_of(source) for source in above if any(map(_names_a_status, nodes(source)))] == []
    driver = PACKAGE / "probe/stlink/status.py"
    assert any(map(_names_a_status, nodes(driver)))


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
    """`options.write_values` refuses values that ruin a chip. A lock and an unlock only write the ROP byte."""
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


def test_no_two_classes_have_one_name() -> None:
    """A reader knows the class from its name, without a look at the imports."""
    rooms: dict[str, list[str]] = {}
    for source in sources():
        for node in nodes(source):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                rooms.setdefault(node.name, []).append(name_of(source))
    assert {name: files for name, files in rooms.items() if len(files) > 1} == {}
    assert len(rooms) > 100


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
