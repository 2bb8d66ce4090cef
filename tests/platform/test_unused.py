"""`board_build.remove_unused`: a real build with PlatformIO, its report, and what stays as it was."""

from __future__ import annotations

import configparser
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from pio import ROOT, Core, Project, Result, loaded_bytes, run_at_once, stm8tool
from stm8build.linker_files import program
from unused import difference

pytestmark = pytest.mark.platform

ON = "\nboard_build.remove_unused = yes"
SAID = re.compile(
    r"^remove_unused: (\d+) of (\d+) bytes of flash are dropped: (\d+) functions? and (\d+) constants?", re.M
)

MAIN = """
#include <stdio.h>
#include "part.h"
#define REGISTER(address) (*(volatile unsigned char *)(address))
static const char *const names[] = { "zero", "one", "two" };
const char version_text[] = "version 7";
int putchar(int c) { while (!(REGISTER(0x5230) & 0x80)) ; REGISTER(0x5231) = c; return c; }
void only_a_name(void) __naked { }
void spare(void) { puts("spare"); part_of_spare(3); }
void main(void)
{
    unsigned char i;
    REGISTER(0x50C6) = 0;
    REGISTER(0x5233) = 0x0B; REGISTER(0x5232) = 0x08; REGISTER(0x5235) = 0x08;
    for (i = 0; i < 3; i++) { puts(names[i]); putchar('0' + part(i) % 10); }
    puts("end");
    for (;;) ;
}
"""
PART_H = "unsigned char part(unsigned char v);\nvoid part_of_spare(unsigned char v);\n"
PART_C = """
#include "part.h"
static unsigned char help(unsigned char v) { return v * 3; }
static const unsigned char steps[] = { 4, 9, 6 };
static const unsigned char more_steps[] = { 1, 2, 3, 4, 5, 6 };
volatile unsigned char seen;
unsigned char part(unsigned char v) { return help(v) + steps[v]; }
void part_of_spare(unsigned char v) { seen = more_steps[v]; }
"""


@pytest.fixture
def program_of_two(project: Project) -> Project:
    """A project with a program and a library of its own."""
    project.source(MAIN)
    library = project.folder / "lib" / "part"
    library.mkdir(parents=True)
    (library / "part.h").write_text(PART_H)
    (library / "part.c").write_text(PART_C)
    return project


def report(project: Project, environment: str = "stm8sblue") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.built("unused.json", environment).read_text(encoding="utf-8"))
    return found


def said(result: Result) -> tuple[int, int]:
    """Return what the build says of flash: the bytes that are dropped, and those before."""
    found = SAID.search(result.output)
    assert found, result.output
    return int(found[1]), int(found[2])


def symbols(project: Project) -> set[str]:
    return set(program.read(project.built("firmware.elf").read_bytes()).symbols)


def test_a_build_drops_lists_keeps_by_name_and_takes_it_back(program_of_two: Project) -> None:
    project = program_of_two
    plain = project.run()
    assert plain.code == 0, plain.output
    assert "remove_unused" not in plain.output
    before = loaded_bytes(project.built("firmware.hex").read_text())
    assert {"_spare", "_part_of_spare", "_version_text"} <= symbols(project)

    project.configure(f"stm8sblue{ON}")
    result = project.run(options=("-v",))
    assert result.code == 0, result.output
    assert "warning" not in result.output.lower()
    saved, whole = said(result)
    after = loaded_bytes(project.built("firmware.hex").read_text())
    assert (whole, whole - saved) == (len(before), len(after))
    dropped = {
        (one["symbol"], one["kind"], one["size"], Path(one["file"]).as_posix()) for one in report(project)["dropped"]
    }
    assert ("_version_text", "constant", 10, "src/main.c") in dropped
    assert ("_more_steps", "constant", 6, "lib/part/part.c") in dropped
    assert ("_only_a_name", "function", 0, "src/main.c") in dropped  # not told: it has no byte
    assert "_only_a_name" not in result.output
    functions = sum(size > 0 and kind == "function" for _, kind, size, _ in dropped)
    assert f" dropped: {functions} functions and " in result.output
    names = {symbol for symbol, *_ in dropped}
    assert {"_spare", "_part_of_spare"} <= names
    assert names.isdisjoint({"_main", "_putchar", "_part", "_help", "_steps", "_names"})
    assert names.isdisjoint(symbols(project))
    assert sum(size for _, _, size, _ in dropped) == saved
    assert re.search(r"^ +\d+  function  _spare  src.main\.c$", result.output, re.MULTILINE)
    assert "in one piece: stm8.lib(puts.rel): this build has not compiled it from C" in result.output

    again = project.run()  # nothing to do
    assert said(again) == (saved, whole)
    assert "Linking" not in again.output

    project.configure(f"stm8sblue{ON}\nboard_build.keep_unused = version_text, nothing")
    kept = project.run()
    assert "warning: board_build.keep_unused: the program has no function or constant `nothing`" in kept.output
    assert said(kept) == (saved - 10, whole)
    assert "_version_text" in symbols(project)

    project.configure("stm8sblue")
    assert project.run().code == 0
    assert loaded_bytes(project.built("firmware.hex").read_text()) == before
    assert not project.built("unused.json").exists()


def test_the_program_prints_the_same_and_a_change_of_a_line_arrives(program_of_two: Project) -> None:
    project = program_of_two
    printed = {}
    for on in ("", ON):
        project.configure(f"stm8sblue{on}\nupload_protocol = stlinkv3\nupload_port = sim:board.chip")
        made = stm8tool("sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3", cwd=project.folder)
        assert made.code == 0, made.output
        assert project.run("upload").code == 0
        ran = stm8tool("sim", "run", "board.chip", "--until-uart", "end", cwd=project.folder)
        printed[on] = ran.output.splitlines()[:-1]
        (project.folder / "board.chip").unlink()
    assert printed[""] == printed[ON]
    assert any("two" in line for line in printed[ON])
    project.source(MAIN.replace('puts("end");', 'spare(); puts("end");'))
    changed = project.run()
    assert changed.code == 0, changed.output
    names = {one["symbol"] for one in report(project)["dropped"]}
    assert names.isdisjoint({"_spare", "_part_of_spare", "_more_steps"})
    assert {"_spare", "_part_of_spare"} <= symbols(project)


def test_a_debugger_finds_what_stays_at_its_place_and_what_is_dropped_at_0(program_of_two: Project) -> None:
    project = program_of_two
    project.configure(f"stm8sblue{ON}\nbuild_type = debug")
    result = project.run()
    assert result.code == 0, result.output
    found = program.read(project.built("firmware.elf").read_bytes()).symbols
    data = ELFFile(io.BytesIO(project.built("firmware.elf").read_bytes())).get_dwarf_info()
    places = {}
    lines = []
    for unit in data.iter_CUs():
        for entry in unit.iter_DIEs():
            if entry.tag == "DW_TAG_subprogram" and "DW_AT_low_pc" in entry.attributes:
                places[entry.attributes["DW_AT_name"].value.decode()] = entry.attributes["DW_AT_low_pc"].value
        table = data.line_program_for_CU(unit)
        assert table is not None
        lines += [row.state.address for row in table.get_entries() if row.state and not row.state.end_sequence]
    for name in ("main", "putchar", "part"):
        assert places[name] == found[f"_{name}"]
    assert places["spare"] == places["part_of_spare"] == 0
    assert all(address == 0 or address >= 0x8000 for address in lines)
    assert found["_main"] in lines


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("unsigned char part(unsigned char v) { return v; }\nvoid part_of_spare(unsigned char v) { v; }\n", None),
        ("void spare(void) { }\n", "Multiple definition of _spare"),
        ("void nowhere(void);\nvoid dead(void) { nowhere(); }\n", "Undefined Global '_nowhere'"),
    ],
    ids=["a user's definition wins over a library's", "two definitions", "a missing definition in dead code"],
)
def test_the_linker_decides_as_without_the_option(program_of_two: Project, code: str, error: str) -> None:
    project = program_of_two
    project.source(code, "other.c")
    project.configure(f"stm8sblue{ON}")
    result = project.run()
    if error:
        assert result.code == 1
        assert error in result.output
        assert not project.built("unused.json").exists()
    else:
        assert result.code == 0, result.output
        assert "_help" not in {one["symbol"] for one in report(project)["dropped"]}  # its file is not linked at all
        assert ("_part_of_spare", "src/other.c") in {
            (one["symbol"], Path(one["file"]).as_posix()) for one in report(project)["dropped"]
        }


def test_objects_from_the_cache_are_cut_and_changed_ones_are_not(program_of_two: Project) -> None:
    project = program_of_two
    project.configure(f"stm8sblue{ON}")
    ini = project.folder / "platformio.ini"
    ini.write_text(f"[platformio]\nbuild_cache_dir = cache\n{ini.read_text(encoding='utf-8')}", encoding="utf-8")
    first = project.run()
    shutil.rmtree(project.folder / ".pio")
    second = project.run()
    assert "Retrieved" in second.output
    assert said(second) == said(first)
    script = (
        'Import("env")\n'
        "def change(source, target, env):\n"
        "    path = str(source[0])\n"
        '    text = open(path).read().replace("T ", "T  ", 1)\n'
        '    open(path, "w").write(text)\n'
        'env.AddPreAction("$BUILD_DIR/${PROGNAME}.elf", change)\n'
    )
    (project.folder / "change.py").write_text(script)
    shutil.rmtree(project.folder / ".pio")
    project.configure(f"stm8sblue{ON}\nextra_scripts = post:change.py")
    changed = project.run(options=("-v",))
    assert changed.code == 0, changed.output
    assert "in one piece: src" in changed.output
    assert "main.c: its assembler does not give its object" in changed.output
    assert "_spare" in symbols(project)


def test_main_in_a_library_stays_and_a_library_of_dead_code_goes(core: Core, tmp_path: Path) -> None:
    project = Project(core, tmp_path)
    project.source("int work(void) { return 5; }\nint not_called(void) { return 6; }\n", "work.c")
    for name, code in (
        (
            "start",
            "int work(void);\nvoid gone(void);\nint result;\nvoid dead(void) { gone(); }\n"
            "void main(void) { result = work(); for (;;) ; }\n",
        ),
        ("other", "void gone(void) { }\nvoid gone_too(void) { }\n"),
    ):
        folder = tmp_path / "lib" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.h").write_text("extern int nothing_at_all;\n")
        (folder / f"{name}.c").write_text(code)
    project.source('#include "start.h"\n#include "other.h"\n', "headers.c")
    project.configure(f"stm8sblue{ON}")
    result = project.run()
    assert result.code == 0, result.output
    assert {one["symbol"] for one in report(project)["dropped"]} == {"_not_called", "_dead", "_gone", "_gone_too"}
    assert {"_main", "_work"} <= symbols(project)


EXAMPLES = [path.name for path in sorted((ROOT / "examples").iterdir()) if not path.name.startswith("native")]
STEPS = 20_000


@pytest.fixture(scope="module")
def examples(frameworks: Core, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Project, Result]]:
    """Each example that has a framework, built for its first board with the option and without it."""
    folder = tmp_path_factory.mktemp("unused")
    projects = []
    for example in EXAMPLES:
        shutil.copytree(ROOT / "examples" / example, folder / example, ignore=shutil.ignore_patterns(".pio"))
        given = configparser.ConfigParser()
        given.read(folder / example / "platformio.ini", encoding="utf-8")
        first = next(name for name in given.sections() if name.startswith("env:"))
        common = given["env"].items() if given.has_section("env") else ()
        options = {**dict(common), **given[first]}
        made = configparser.ConfigParser()
        made["env:without"] = options
        made["env:with"] = {**options, "board_build.remove_unused": "yes"}
        with (folder / example / "platformio.ini").open("w", encoding="utf-8") as file:
            made.write(file)
        projects.append(Project(frameworks, folder / example))
    return dict(zip(EXAMPLES, zip(projects, run_at_once(projects))))


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_smaller_and_executes_the_same_instructions(
    example: str, examples: dict[str, tuple[Project, Result]]
) -> None:
    project, result = examples[example]
    assert result.code == 0, result.output
    assert "warning" not in result.output.lower()
    saved, whole = said(result)
    print(f"{example}: {whole} bytes, {whole - saved} without what it does not reach")
    assert 0 < saved < whole
    images = [loaded_bytes(project.built("firmware.hex", name).read_text()) for name in ("without", "with")]
    assert [len(image) for image in images] == [whole, whole - saved]
    assert difference(*images, STEPS) == ""
