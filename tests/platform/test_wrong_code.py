"""A build tells of SDCC's wrong code. Which code is wrong, and that it is found, shows tests/sdcc/test_kinds.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pio import Project
from small_programs import BORROWING

pytestmark = pytest.mark.platform


# A project's own way to start SDCC: it knows no --dump-ast, as an older SDCC, or it starts no shell.
OWN_SPAWN = """
Import("env")
import shlex, subprocess
before = env["SPAWN"]
def refuses(shell, escape, command, words, variables):
    return 1 if "--dump-ast" in words else before(shell, escape, command, words, variables)
def without_shell(shell, escape, command, words, variables):
    return subprocess.call(shlex.split(" ".join(words)), env=variables)
refuses.__module__ = before.__module__
env.Replace(SPAWN={name})
"""


def test_a_build_names_the_line_what_comes_out_wrong_and_what_is_right(project: Project) -> None:
    project.source(BORROWING)
    result = project.run()
    assert result.code == 0, result.output
    (warning,) = [line for line in result.output.splitlines() if "makes wrong code" in line]
    assert warning == (
        "src/main.c:5: warning: SDCC 4.2.0 makes wrong code here: the difference loses the borrow from its low byte "
        "(lost-borrow); add the complement instead: v + ~(unsigned long)a + 1"
    )
    again = project.run()
    assert warning in again.output


def test_a_build_ends_where_the_project_wants_an_error(project: Project) -> None:
    project.source(BORROWING)
    project.configure("stm8sblue\nboard_build.wrong_code = error")
    result = project.run()
    assert result.code == 1
    assert result.errors == ["error: SDCC makes wrong code in 1 place (board_build.wrong_code = error)"]
    (hint,) = [line for line in result.output.splitlines() if line.startswith("hint: ")]
    assert Path(hint[len("hint: ") : hint.index(" explains each kind;")]).is_file()
    assert not project.built("firmware.hex").exists()


def test_a_comment_silences_its_line(project: Project) -> None:
    kind = BORROWING.replace("by;", "by;  /* wrong-code: ok lost-borrow */").replace("main", "f").replace("step", "g")
    project.source(BORROWING.replace("by;", "by;  // wrong-code: ok"))
    project.source(kind.replace("total", "count"), "other.c")
    project.configure("stm8sblue\nboard_build.wrong_code = error")
    result = project.run()
    assert result.code == 0, result.output
    assert "wrong code" not in result.output


HEADER = """
static inline unsigned long {name}(unsigned char by, unsigned long from) { return from - by; }
"""


def test_a_header_of_several_sources_is_named_once_and_that_of_a_library_counts_as_the_library(
    project: Project,
) -> None:
    library = project.folder / "lib" / "borrower"
    library.mkdir(parents=True)
    (library / "borrower.h").write_text(HEADER.replace("{name}", "theirs"), encoding="utf-8")
    (project.folder / "src" / "own.h").write_text(HEADER.replace("{name}", "ours"), encoding="utf-8")
    both = "return n ? ours(n, v) : theirs(n, v);"
    head = '#include <borrower.h>\n#include "own.h"\n'
    code = f"{head}unsigned long NAME(unsigned char n, unsigned long v) {{ {both} }}\n"
    project.source(code.replace("NAME", "other").replace("own.h", "../src/own.h"), "other.c")
    rest = "unsigned long other(unsigned char n, unsigned long v);\nvoid main(void) { f(1, 256); other(1, 256); }\n"
    project.source(code.replace("NAME", "f") + rest)
    told = [line for line in project.run().output.splitlines() if "makes wrong code" in line]
    assert [line.partition(" makes")[0] for line in told] == ["src/own.h:2: warning: SDCC 4.2.0", "warning: SDCC"]
    assert "1 place of borrower:" in told[1]
    assert "2 places in 2 files compiled by SDCC 4.2.0" in project.run("check-compiler").output


def test_the_project_s_own_file_is_its_own_also_inside_of_the_library_that_it_is_an_example_of(
    project: Project,
) -> None:
    library = project.folder / "borrower"
    example = Project(project.core, library / "examples" / "demo")
    (library / "src").mkdir(parents=True)
    (library / "src" / "borrower.h").write_text(HEADER.replace("{name}", "theirs"), encoding="utf-8")
    (library / "library.json").write_text('{"name": "borrower", "version": "1.0.0"}', encoding="utf-8")
    example.source(BORROWING + "#include <borrower.h>\n")
    example.configure("stm8sblue\nlib_deps = borrower=symlink://../..")
    told = [line for line in example.run().output.splitlines() if "makes wrong code" in line]
    assert [line.partition(" makes")[0] for line in told] == ["src/main.c:5: warning: SDCC 4.2.0", "warning: SDCC"]
    assert "1 place of borrower:" in told[1]


def test_the_target_lists_every_place_for_people_and_as_json(project: Project) -> None:
    project.source(BORROWING)
    listed = project.run("check-compiler")
    assert listed.code == 0, listed.output
    assert "src/main.c:5: warning: SDCC 4.2.0" in listed.output
    assert "1 place in 1 file compiled by SDCC 4.2.0" in listed.output
    told = project.run("check-compiler", options=("-a", "--json"))
    file = project.built("check-compiler.json")
    assert file.read_text(encoding="utf-8") in told.output
    file.unlink()
    silent = project.run("check-compiler", options=("-s", "-a", "--json"))
    assert silent.code == 0, silent.output
    assert file.read_text(encoding="utf-8") in told.output  # with -s, PlatformIO throws stdout away
    assert "src/main.c:5: warning: SDCC 4.2.0" in project.run("check-compiler", options=("-s",)).output
    data = json.loads(next(line for line in told.output.splitlines() if line.startswith("{")))
    assert [(place["file"], place["line"], place["kind"]) for place in data["findings"]] == [
        ("src/main.c", 5, "lost-borrow")
    ]


def test_the_target_with_nobuild_says_that_it_needs_a_build(project: Project) -> None:
    project.source(BORROWING)
    for targets in (("nobuild", "check-compiler"), ("check-compiler", "nobuild")):
        result = project.run(*targets, options=("-a", "--json"))
        assert result.code == 1
        assert result.errors == [
            "error: check-compiler looks at the objects of a build, and nobuild builds nothing; "
            "leave one of the two out"
        ]


def test_an_object_out_of_a_cache_is_looked_at_as_well(project: Project) -> None:
    project.source(BORROWING)
    project.run()
    for suffix in (".tree", ".asm", ".messages", ".wrong"):
        project.built("src/main.rel").with_suffix(suffix).unlink()
    assert "src/main.c:5: warning: SDCC 4.2.0" in project.run().output


def test_the_tree_changes_nothing_in_the_program_and_a_project_can_leave_it_out(project: Project) -> None:
    project.source(BORROWING)
    project.run()
    with_it = project.built("firmware.hex").read_bytes()
    project.configure("stm8sblue\nboard_build.wrong_code = off")
    project.run("clean")
    result = project.run()
    assert result.code == 0, result.output
    assert "wrong code" not in result.output
    assert not project.built("src/main.tree").exists()
    assert project.built("firmware.hex").read_bytes() == with_it


def test_what_sdcc_says_reaches_the_user(project: Project) -> None:
    project.source("unsigned char c;\nint f(void) { return 1 - (c >> 9); }\nvoid main(void) { f(); }\n")
    assert "src/main.c:2: warning 116" in project.run().output
    project.configure("stm8sblue\nbuild_flags = --use-stdout")
    result = project.run()
    assert "src/main.c:2: warning 116" in result.output
    assert "makes wrong code here" in result.output
    project.source("void main(void) { nothing; }\n")
    failed = project.run()
    assert failed.code == 1
    assert "src/main.c:1: error 20: Undefined identifier 'nothing'" in failed.output


@pytest.mark.parametrize("name", ["refuses", "without_shell"])
def test_a_build_that_starts_sdcc_in_its_own_way_stays_right_and_is_looked_at(project: Project, name: str) -> None:
    project.source(BORROWING)
    (project.folder / "own.py").write_text(OWN_SPAWN.replace("{name}", name), encoding="utf-8")
    project.configure("stm8sblue\nextra_scripts = pre:own.py")
    result = project.run()
    assert result.code == 0, result.output
    assert "src/main.c:5: warning: SDCC 4.2.0" in result.output


def test_a_fault_of_the_search_is_one_warning(project: Project) -> None:
    project.source(BORROWING)
    project.run("buildprog")
    project.built("src/main.wrong").unlink()
    project.built("src/main.wrong").mkdir()  # where the findings are kept
    result = project.run()
    assert result.code == 0, result.output
    (warning,) = [line for line in result.output.splitlines() if "search for wrong code" in line]
    assert warning.startswith("warning: the search for wrong code ends here: IsADirectoryError")
    assert project.built("firmware.hex").exists()
