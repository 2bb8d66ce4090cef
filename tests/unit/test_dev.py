"""The parts of dev.py that need neither a network nor PlatformIO."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest

import interpreters
from pio import ROOT, dev_module

DOORS = ("dev.py", "dev/__init__.py")

checking, core, debian, environments = map(dev_module, ("checking", "core", "debian", "environments"))
system, testing = map(dev_module, ("system", "testing"))
HELP = sys.modules["dev"].__doc__ or ""


@pytest.mark.parametrize("version", [(3, 6), (3, 8)])
def test_an_older_python_gets_as_far_as_the_sentence(version: tuple[int, int]) -> None:
    door, package = (ast.parse((ROOT / name).read_text(), feature_version=version) for name in DOORS)
    assert [ast.unparse(node) for node in door.body if isinstance(node, ast.Import)] == [
        "import os",
        "import runpy",
        "import sys",
    ]
    docstring, first, refusal = package.body
    assert isinstance(docstring, ast.Expr)
    assert ast.unparse(first) == "import sys"
    assert ast.unparse(refusal).startswith("if sys.version_info < (3, 9):\n    sys.exit(")


def test_the_door_lists_the_commands_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "dev.py", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: dev.py [-h] COMMAND ...\n")
    assert HELP.strip() in done.stdout


@pytest.mark.parametrize(("registry", "upstream"), [("4.41101.0", "4.11.1"), ("4.40801.0", "4.8.1")])
def test_registry_versions_name_the_scons_they_pack(registry: str, upstream: str) -> None:
    assert core.upstream_version(registry) == upstream


def test_the_compilers_banner_gives_the_registry_version() -> None:
    assert core.package_version("SDCC : mcs51/stm8/pdk15 4.2.0 #13081 (Linux)\npublished under") == "1.40200.0"
    assert core.package_version("SDCC : mcs51/mos65c02 TD- 4.10.12 #9 (Mac OS X x86_64)") == "1.41012.0"
    with pytest.raises(system.SetupError):
        core.package_version("")


BANNER = "SDCC : stm8/f8 TD- {} #1 (Linux)"


@pytest.mark.parametrize(
    ("on_path", "newer", "taken", "told"),
    [
        ("4.2.0", "4.5.0", "newer", "dev.py takes SDCC 4.5.0 of Debian trixie: it makes less wrong code than 4.2"),
        ("4.5.0", "4.5.0", "", ""),
        ("4.6.1", "4.5.0", "", ""),
        (None, "4.5.0", "newer", "dev.py takes SDCC 4.5.0"),
        ("4.2.0", None, "", "A newer SDCC than the one on PATH is not at hand: this machine is not a Debian."),
    ],
)
def test_a_better_sdcc_is_taken_where_it_is_at_hand(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    on_path: Optional[str],
    newer: Optional[str],
    taken: str,
    told: str,
) -> None:
    def at_hand() -> str:
        if newer is None:
            raise system.SetupError("this machine is not a Debian")
        return "newer"

    versions = {"own": on_path, "newer": newer}
    monkeypatch.setattr(core.shutil, "which", lambda name: on_path and "own")
    monkeypatch.setattr(core, "ask", lambda path, _: BANNER.format(versions[path]))
    monkeypatch.setattr(core, "newer_sdcc", at_hand)
    assert core.better_sdcc() == taken
    assert capsys.readouterr().out.startswith(told)
    assert bool(told) or capsys.readouterr().out == ""


def test_a_package_for_an_address_is_known_by_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pioarduino's core asks for SCons by the address of an archive."""
    address = "https://code.example/scons-local-4.11.1.tar.gz"
    filled: list[str] = []

    def fill(folder: Path) -> None:
        filled.append(folder.name)
        (folder / "scons.py").touch()

    monkeypatch.setattr(core, "VENV", tmp_path)
    folders = [core.package("tool-scons", "4.41101.0", Path("scons.py"), fill, uri) for uri in (None, address, address)]
    assert folders[0] != folders[1] == folders[2]
    assert len(filled) == 2
    specs = [json.loads((folder / ".piopm").read_text())["spec"] for folder in folders]
    assert [spec["uri"] for spec in specs] == [None, address, address]


@pytest.mark.skipif(os.name == "nt", reason="Debian's packages are for Linux, and Windows starts no shell script")
def test_a_program_of_another_debian_is_started_by_its_own_loader(tmp_path: Path) -> None:
    made, final = tmp_path / "partial", tmp_path / "made it"
    for name in ("usr/bin/sdcc", "usr/libexec/sdcc/cc1"):
        (made / name).parent.mkdir(parents=True)
        (made / name).write_bytes(b"\x7fELF " + name.encode())
        (made / name).chmod(0o755)
    (made / "usr/bin/script").write_text("#!/bin/sh\n")
    (made / "usr/bin/link").symlink_to("sdcc")
    loader = made / "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    loader.parent.mkdir(parents=True)
    loader.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    loader.chmod(0o755)
    debian._start_by_own_loader(made, final)
    made.replace(final)
    script = final / "usr/bin/sdcc"
    told = subprocess.run([script, "-mstm8", "a b.c"], capture_output=True, text=True, check=True).stdout.splitlines()
    libraries = str(final / "usr/lib/x86_64-linux-gnu")
    start = ["--argv0", str(script), "--library-path", libraries, str(final / "elf/usr/bin/sdcc")]
    assert told == [*start, "-mstm8", "a b.c"]
    assert (final / "elf/usr/bin/sdcc").read_bytes() == b"\x7fELF usr/bin/sdcc"
    assert (final / "usr/libexec/sdcc/cc1").read_text().startswith("#!/bin/sh\n")
    assert (final / "usr/bin/script").read_text() == "#!/bin/sh\n"
    with pytest.raises(system.SetupError, match="no C library"):
        debian._start_by_own_loader(tmp_path / "nothing", final)


def test_another_core_needs_a_python_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "virtual_environment", lambda: Path(sys.executable))
    monkeypatch.setattr(testing, "version_of", lambda _: (3, 9))
    assert testing.test(["--pioarduino", "-q"]) == testing.NOT_HERE


def test_the_farm_needs_a_python_that_its_packages_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "version_of", lambda _: (3, 10))
    assert testing.test(["--farm", "-q"]) == testing.NOT_HERE
    assert capsys.readouterr().out == "not run: labgrid and jumpstarter need Python 3.11 or newer; this one is older\n"


def test_each_package_of_the_farm_has_a_run_of_its_own_and_a_failure_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folders, runs = environments.extras(), []

    def ran(_python: Path, *words: str) -> int:
        runs.append(words)
        return int(len(runs) == 1)

    monkeypatch.setattr(testing, "with_farm", lambda: Path(sys.executable))
    monkeypatch.setattr(testing, "pytest_in_one_process", ran)
    assert testing.test(["--farm", "-x"]) == 1
    assert runs == [("-x", str(folder / "tests")) for folder in folders]
    assert ROOT / "tool" / "extras" / "labgrid" in folders
    runs.clear()
    testing.test(["--farm", "tool/extras/labgrid/tests", "-q"])
    assert runs == [("-q", "tool/extras/labgrid/tests")]


def test_the_programs_of_the_farm_keep_their_compiled_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []

    def ran(_python: Path, *_words: str) -> int:
        kept.append("PYTHONDONTWRITEBYTECODE" not in os.environ)
        return 0

    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(testing, "with_farm", lambda: Path(sys.executable))
    monkeypatch.setattr(testing, "pytest_in_one_process", ran)
    assert testing.test(["--farm"]) == 0
    assert kept == [True] * len(environments.extras())


def test_the_packages_of_the_farm_are_pinned_and_each_is_named_with_its_reason() -> None:
    lock = environments.FARM_LOCK.read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z][\w.-]*)==([\w.]+)", lock, re.MULTILINE))
    rows = environments.FARM_LOCK.with_suffix(".in").read_text(encoding="utf-8").splitlines()
    wanted = [re.fullmatch(r"([\w-]+)(?:==([\w.]+)|>=\d+) +# .+", row) for row in rows if not row.startswith("#")]
    assert wanted
    assert [row and (row[2] or pinned[row[1]]) == pinned[row[1]] for row in wanted] == [True] * len(wanted)
    tool = re.findall(r"^(pyusb)==([\w.]+)", environments.TOOL_LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(name, pinned[name]) for name, _ in tool] == tool


def test_the_packages_of_another_core_are_pinned() -> None:
    for option in testing.OTHER_CORES:
        rows = (environments.CORES / f"{option[2:]}.lock").read_text(encoding="utf-8").split("\n")
        packages = [row for row in rows if re.match(r"[a-z]", row)]
        assert packages
        assert all(re.fullmatch(r"[\w.-]+==[\w.]+ \\", row) for row in packages), packages
        assert sum(row.strip().startswith("--hash=sha256:") for row in rows) == len(packages)


def test_a_link_replaces_what_was_there(tmp_path: Path) -> None:
    old, new, target = tmp_path / "old", tmp_path / "new", tmp_path / "core" / "package"
    old.mkdir()
    new.mkdir()
    (new / "file").write_text("new")
    core.link(old, target)
    old.rmdir()
    core.link(new, target)  # over a link to nowhere
    assert (target / "file").read_text() == "new"


def test_a_shim_that_cannot_run_is_no_interpreter(tmp_path: Path) -> None:
    assert environments.version_of(sys.executable) == sys.version_info[:2]
    shim = tmp_path / "python3.9"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    if os.name != "nt":
        assert environments.version_of(shim) == (0, 0)


def test_no_variable_of_the_users_own_platformio_reaches_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", "elsewhere")
    monkeypatch.setenv("PLATFORMIO_PACKAGES_DIR", "elsewhere")
    environment = core.pio_environment(tmp_path)
    assert environment["PLATFORMIO_CORE_DIR"] == str(tmp_path)
    assert "elsewhere" not in environment.values()


def test_pip_does_not_put_packages_elsewhere_for_a_variable_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(environments, "must", lambda *command, env: given.append(env))
    monkeypatch.setenv("PIP_DRY_RUN", "1")
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example/simple")
    environments.pip_install(Path("python"), "x")
    assert {name for name in given[0] if name in ("PIP_DRY_RUN", "PIP_TARGET", "PIP_INDEX_URL")} == {"PIP_INDEX_URL"}


@pytest.mark.parametrize(
    ("vm", "wine", "code"), [(77, 77, 77), (77, 1, 1), (1, 77, 1), (3, 77, 3)], ids=lambda code: str(code)
)
def test_a_failure_on_one_machine_is_not_hidden_by_another_that_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, vm: int, wine: int, code: int
) -> None:
    makers = {}
    for option, outcome in (("--vm", vm), ("--wine", wine)):
        script = tmp_path / f"{option}.py"
        script.write_text(f"import sys\nif '--missing' not in sys.argv: sys.exit({outcome})\n")
        makers[option] = (tmp_path, [script])
    monkeypatch.setattr(testing, "MACHINES", makers)
    monkeypatch.setattr(testing, "virtual_environment", lambda: Path(sys.executable))
    assert testing.test(["--vm", "--wine", "-q"]) == code


# -- what a commit has to pass ---------------------------------------------------------------------------------------


def test_a_commit_runs_every_check_and_no_hook_of_another_repository() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^ *- repo: (.*)$", hooks, re.MULTILINE) == ["local"]
    assert re.findall(r"^ *entry: python3 dev\.py check (\w+)$", hooks, re.MULTILINE) == list(checking.CHECKS)
    assert set(re.findall(r"^ *language: (.*)$", hooks, re.MULTILINE)) == {"system"}


def test_a_check_that_there_is_not_is_an_error_that_lists_those_there_are() -> None:
    with pytest.raises(system.SetupError, match="no check rust; there are ruff, types, generated"):
        checking.check(["ruff", "rust"])


def test_one_failing_check_fails_and_the_others_run_too(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    checks = {name: lambda name=name: done.append(name) or int(name == "types") for name in ("types", "ruff")}
    monkeypatch.setattr(checking, "CHECKS", checks)
    assert checking.check() == 1
    assert done == ["types", "ruff"]


# -- which tests run where -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("main", "others"),
    [
        ((3, 11), {(3, 9): testing.ON_THE_OLDEST, (3, 13): testing.ON_THE_NEWEST}),
        ((3, 9), {(3, 13): testing.ON_THE_NEWEST}),
        ((3, 13), {(3, 9): testing.ON_THE_OLDEST}),
    ],
)
def test_the_oldest_and_the_newest_interpreter_run_what_the_main_one_cannot_show(
    main: tuple[int, int], others: dict[tuple[int, int], str]
) -> None:
    assert testing.on_other_interpreters([(3, 9), (3, 11), (3, 13)], main) == others


@pytest.mark.parametrize(("main", "oldest", "code"), [(0, 0, 0), (1, 0, 1), (0, 1, 1)])
def test_a_suite_that_fails_on_one_interpreter_fails_all_and_its_output_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], main: int, oldest: int, code: int
) -> None:
    python, base = Path("main", "python"), Path("3.9", "python")
    monkeypatch.setattr(testing, "virtual_environment", lambda *of: base if of else python)
    monkeypatch.setattr(testing, "interpreters", lambda: {(3, 9): "python3.9", (3, 11): "python3.11"})
    monkeypatch.setattr(testing, "version_of", lambda _: (3, 11))
    monkeypatch.setattr(testing, "run", lambda program, *_, **options: main if program == python else 99)
    done = subprocess.CompletedProcess((), oldest, "12 passed", "and a warning")
    monkeypatch.setattr(testing, "capture", lambda program, *_, **options: done if program == base else None)
    assert testing.test_on_every_interpreter(python) == code
    assert "12 passed" in capsys.readouterr().out


def test_one_interpreter_alone_runs_everything_once() -> None:
    assert testing.on_other_interpreters([(3, 11)], (3, 11)) == {}


@pytest.mark.parametrize(
    ("arguments", "one"),
    [
        ("tests/unit/test_dev.py", True),
        ("-x tests/unit/test_dev.py -k words", True),
        ("tests/unit/test_dev.py::test_a tests/unit/test_docs.py::test_b", True),
        ("tests/unit/test_dev.py tests/unit/test_docs.py", False),
        ("tests/unit/test_dev.py tests/unit", False),
        ("tests/unit", False),
        ("-k words", False),
        (" ".join(f"tests/unit/{name}.py::test_a" for name in ["test_dev", *["test_docs"] * 8]), False),
    ],
)
def test_one_file_or_a_few_tests_need_no_more_than_one_process(arguments: str, one: bool) -> None:
    assert testing.in_one_process(arguments.split()) == one


@pytest.mark.parametrize("entry", [*interpreters.DEPENDING, *interpreters.SWEEPS])
def test_what_the_tables_of_interpreters_name_is_there(entry: str) -> None:
    file, _, name = entry.partition("::")
    path = ROOT / "tests" / file
    assert path.is_file()
    assert not name or re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_a_test_gets_the_markers_of_its_file_and_of_its_name() -> None:
    assert interpreters.markers("unit/test_deps.py::test_x[a]") == ["interpreter"]
    assert interpreters.markers("session/test_option_cuts.py::test_x") == ["sweep", "inner"]
    assert interpreters.markers("session/test_upload.py::test_x") == ["inner"]
    assert interpreters.markers("session/test_library.py::test_x") == ["interpreter"]
    assert interpreters.markers("cli/test_upload.py::test_x") == []
    assert interpreters.markers(f"{interpreters.SWEEPS[0]}[v1-stm8s103f3]") == ["sweep"]
    assert interpreters.markers("session/test_faults.py::test_x") == ["inner"]


def test_a_process_in_a_test_that_the_newest_python_does_not_run_is_refused(tmp_path: Path) -> None:
    code = "import subprocess, sys\ndef test_it(): subprocess.run([sys.executable, '-c', ''])\n"
    (tmp_path / "test_it.py").write_text(code)
    words = ["-m", "pytest", "-q", "-c", os.devnull, "-p", "conftest", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "this test starts a process: name its file in DEPENDING, in tests/interpreters.py" in done.stdout


# -- what GitHub runs ------------------------------------------------------------------------------------------------

WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_the_workflow_calls_commands_that_dev_py_has() -> None:
    known = set(re.findall(r"python3 dev\.py (\w+)", HELP))
    assert {"test", "check", "demo", "release"} <= set(re.findall(r"python3? dev\.py (\w+)", WORKFLOW)) <= known


def test_the_workflow_runs_the_oldest_and_the_newest_python_on_every_system() -> None:
    project = (ROOT / "tool" / "pyproject.toml").read_text(encoding="utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    oldest = re.search(r'requires-python = ">=(.*)"', project)
    newest = re.search(r"Python 3\.9 to (3\.\d+)", contributing)
    assert oldest
    assert newest
    assert f'        python: ["{oldest[1]}", "{newest[1]}"]\n' in WORKFLOW
    systems = re.search(r"^        os: \[(.*)\]$", WORKFLOW, re.MULTILINE)
    assert systems
    assert [system.split("-")[0] for system in systems[1].split(", ")] == ["ubuntu", "windows", "macos"]


def test_the_workflow_runs_every_suite_that_needs_another_machine() -> None:
    suites = re.search(r"^        suite: \[(.*)\]$", WORKFLOW, re.MULTILINE)
    assert suites
    assert sorted(f"--{suite}" for suite in suites[1].split(", ")) == sorted([*testing.MACHINES, testing.FARM])
