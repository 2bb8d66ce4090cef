"""The parts of dev.py that need neither a network nor PlatformIO."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "dev.py"


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_older_python_gets_as_far_as_the_sentence() -> None:
    text = FILE.read_text(encoding="utf-8")
    first, second, refusal, *_ = ast.parse(text, feature_version=(3, 6)).body
    assert isinstance(first, ast.Expr)  # the docstring
    assert ast.unparse(second) == "import sys"
    assert ast.unparse(refusal).startswith("if sys.version_info < (3, 9):\n    sys.exit(")


@pytest.mark.parametrize(("registry", "upstream"), [("4.41101.0", "4.11.1"), ("4.40801.0", "4.8.1")])
def test_registry_versions_name_the_scons_they_pack(dev: ModuleType, registry: str, upstream: str) -> None:
    assert dev.upstream_version(registry) == upstream


def test_the_compilers_banner_gives_the_registry_version(dev: ModuleType) -> None:
    assert dev.package_version("SDCC : mcs51/stm8/pdk15 4.2.0 #13081 (Linux)\npublished under") == "1.40200.0"
    assert dev.package_version("SDCC : mcs51/mos65c02 TD- 4.10.12 #9 (Mac OS X x86_64)") == "1.41012.0"
    with pytest.raises(dev.SetupError):
        dev.package_version("")


def test_a_link_replaces_what_was_there(dev: ModuleType, tmp_path: Path) -> None:
    old, new, target = tmp_path / "old", tmp_path / "new", tmp_path / "core" / "package"
    old.mkdir()
    new.mkdir()
    (new / "file").write_text("new")
    dev.link(old, target)
    old.rmdir()
    dev.link(new, target)  # over a link to nowhere
    assert (target / "file").read_text() == "new"


def test_a_shim_that_cannot_run_is_no_interpreter(dev: ModuleType, tmp_path: Path) -> None:
    assert dev.version_of(sys.executable) == sys.version_info[:2]
    shim = tmp_path / "python3.9"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    if os.name != "nt":
        assert dev.version_of(shim) == (0, 0)


def test_no_variable_of_the_users_own_platformio_reaches_ours(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", "elsewhere")
    monkeypatch.setenv("PLATFORMIO_PACKAGES_DIR", "elsewhere")
    environment = dev.pio_environment(tmp_path)
    assert environment["PLATFORMIO_CORE_DIR"] == str(tmp_path)
    assert "elsewhere" not in environment.values()


def test_pip_does_not_put_packages_elsewhere_for_a_variable_of_the_user(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    monkeypatch.setattr(dev, "must", lambda *command, env: given.append(env))
    monkeypatch.setenv("PIP_DRY_RUN", "1")
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example/simple")
    dev.pip_install(Path("python"), "x")
    assert {name for name in given[0] if name in ("PIP_DRY_RUN", "PIP_TARGET", "PIP_INDEX_URL")} == {"PIP_INDEX_URL"}


@pytest.mark.parametrize(
    ("vm", "wine", "code"), [(77, 77, 77), (77, 1, 1), (1, 77, 1), (3, 77, 3)], ids=lambda code: str(code)
)
def test_a_failure_on_one_machine_is_not_hidden_by_another_that_cannot_be_had(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, vm: int, wine: int, code: int
) -> None:
    makers = {}
    for option, outcome in (("--vm", vm), ("--wine", wine)):
        makers[option] = tmp_path / f"{option}.py"
        makers[option].write_text(f"import sys\nif '--missing' not in sys.argv: sys.exit({outcome})\n")
    monkeypatch.setattr(dev, "MACHINES", makers)
    monkeypatch.setattr(dev, "virtual_environment", lambda: Path(sys.executable))
    assert dev.test(["--vm", "--wine", "-q"]) == code


# -- what GitHub runs ------------------------------------------------------------------------------------------------

WORKFLOW = (FILE.parent / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_the_workflow_calls_commands_that_dev_py_has(dev: ModuleType) -> None:
    known = set(re.findall(r"python3 dev\.py (\w+)", dev.__doc__ or ""))
    assert {"test", "check", "demo", "release"} <= set(re.findall(r"python3? dev\.py (\w+)", WORKFLOW)) <= known


def test_the_workflow_runs_the_oldest_and_the_newest_python_on_every_system() -> None:
    project = (FILE.parent / "tool" / "pyproject.toml").read_text(encoding="utf-8")
    contributing = (FILE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    oldest = re.search(r'requires-python = ">=(.*)"', project)
    newest = re.search(r"Python 3\.9 to (3\.\d+)", contributing)
    assert oldest
    assert newest
    assert f'        python: ["{oldest[1]}", "{newest[1]}"]\n' in WORKFLOW
    systems = re.search(r"^        os: \[(.*)\]$", WORKFLOW, re.MULTILINE)
    assert systems
    assert [system.split("-")[0] for system in systems[1].split(", ")] == ["ubuntu", "windows", "macos"]
