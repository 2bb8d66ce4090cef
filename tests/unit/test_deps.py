"""The private package folder, filled by real processes with real pip from a folder of wheels, without a network."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from patience import ended
from stm8tool.errors import AccessError
from stm8tool.support import bundle, deps
from unit.checkout import FETCHING, LIBUSB, LIBUSB_WHEEL, PACKAGES, SCRIPT, TOOL, Checkout, checkout, fetched, warm

__all__ = ["checkout", "fetched", "warm"]  # fixtures

own_library = pytest.mark.skipif(not bundle.of_this_process(), reason="no archive has a libusb for this machine")


def test_four_cold_processes_at_once_all_succeed_and_one_of_them_fetches(checkout: Checkout) -> None:
    processes = [checkout.start("usb") for _ in range(4)]
    results = [ended(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert sorted(stderr for _, stderr in results) == ["", "", "", FETCHING]
    (folder,) = checkout.filled()
    expected = [str(folder / "usb" / "__init__.py"), str(folder / "libusb_package" / LIBUSB)]
    assert [stdout.splitlines() for stdout, _ in results] == [expected] * 4


def test_a_warm_folder_needs_neither_pip_nor_wheels(warm: Checkout) -> None:
    first, _ = warm.run()
    for wheel in warm.wheels.iterdir():
        wheel.unlink()
    assert warm.run() == (first, "")


def test_a_machine_without_a_libusb_wheel_gets_the_other_packages(checkout: Checkout) -> None:
    (checkout.wheels / LIBUSB_WHEEL).unlink()
    (module, library), stderr = checkout.run("usb", "-S")  # without what this interpreter has installed
    assert Path(module).parent.parent == checkout.filled()[0]
    assert library == ""
    gap = "stm8tool: libusb-package has no library for this machine; the system's libusb is used\n"
    assert stderr == FETCHING + gap
    assert checkout.run("usb", "-S") == ([module, ""], "")


@pytest.mark.skipif(sys.platform == "win32", reason="shlex reads the command line of a POSIX shell")
def test_offline_and_cold_it_names_a_command_that_fills_the_folder(checkout: Checkout) -> None:
    stdout, stderr = checkout.run(PIP_FIND_LINKS=str(checkout.cache))
    assert stdout == []
    assert checkout.filled() == []
    _, error, hint = stderr.splitlines()
    assert error.startswith(f"error: the Python packages {PACKAGES} are missing and pip cannot")
    prefix = "hint: with a network connection, run once: "
    assert hint.startswith(prefix)

    source = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(checkout.wheels)}
    subprocess.run(shlex.split(hint[len(prefix) :]), env={**os.environ, **source}, check=True, capture_output=True)
    (module, _), stderr = checkout.run(PIP_FIND_LINKS=str(checkout.cache))
    assert Path(module).parent.parent == checkout.filled()[0]
    assert stderr == ""


def test_a_wheel_with_another_hash_is_refused(checkout: Checkout) -> None:
    checkout.add_wheel("intelhex", "9.9.1", {"intelhex/__init__.py": "tampered = True"})
    stdout, stderr = checkout.run()
    assert (stdout, checkout.filled()) == ([], [])
    assert "error: " in stderr


def test_settings_of_the_user_for_pip_do_not_stop_it(checkout: Checkout) -> None:
    stdout, stderr = checkout.run(PIP_USER="1", PIP_REQUIRE_VIRTUALENV="1", VIRTUAL_ENV="")
    assert (len(stdout), stderr) == (2, FETCHING)


# -- no home -----------------------------------------------------------------------------------------------------------

HOMELESS = (
    f"import os, pwd\ndef unknown(_): raise KeyError\npwd.getpwuid = unknown\nos.environ.pop('HOME', 0)\n{SCRIPT}"
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such table of users")


@posix
def test_without_home_and_user_entry_a_checkout_fills_its_own_folder(checkout: Checkout) -> None:
    stdout, stderr = checkout.run(script=HOMELESS, XDG_CACHE_HOME="")
    assert (Path(stdout[0]).parent.parent, stderr) == (checkout.filled()[0], FETCHING)


@posix
def test_without_home_and_a_folder_to_write_the_error_names_what_to_set(checkout: Checkout) -> None:
    (checkout.tool / "_deps").touch()
    stdout, stderr = checkout.run(script=HOMELESS, XDG_CACHE_HOME="")
    error, hint = stderr.splitlines()
    assert stdout == []
    assert error.startswith("error: no folder for the tool's Python packages can be written: ")
    variable = "HOME" if sys.platform == "darwin" else "XDG_CACHE_HOME"
    assert hint == (
        f"hint: make {checkout.tool / '_deps'} writable, or set {variable} to a writable folder: "
        "this user has no home directory"
    )


@pytest.fixture
def release(warm: Checkout) -> Checkout:
    """What a release archive holds; beside it a folder that has all the packages, as an interpreter may."""
    vendor = warm.tool / "_vendor"
    vendor.mkdir()
    (filled,) = warm.filled()
    shutil.copytree(filled, warm.tool.parent / "site")
    filled.rename(vendor / "python")
    for part in (vendor / "python").glob("libusb_package*"):
        shutil.rmtree(part)
    for folder, (system, _, _) in bundle.FOLDERS.items():
        library = vendor / "libusb" / folder / bundle.FILES[system]
        library.parent.mkdir(parents=True)
        library.write_text(f"for {folder}")
    return warm


@own_library
def test_a_release_archive_uses_what_it_carries_for_this_process(release: Checkout) -> None:
    (module, library), stderr = release.run("usb")
    vendor = release.tool / "_vendor"
    assert Path(module).parent.parent == vendor / "python"
    assert library == str(vendor / "libusb" / bundle.of_this_process()[0] / LIBUSB)
    assert (stderr, release.filled()) == ("", [])


@own_library
def test_the_library_of_the_archive_comes_before_one_that_the_interpreter_has(release: Checkout) -> None:
    installed = release.tool.parent / "site"
    (module, library), _ = release.run("usb", PYTHONPATH=str(installed))
    assert Path(module).parent.parent == installed
    assert library == str(release.tool / "_vendor" / "libusb" / bundle.of_this_process()[0] / LIBUSB)


@posix
def test_a_release_archive_needs_no_home(release: Checkout) -> None:
    stdout, stderr = release.run("usb", script=HOMELESS, XDG_CACHE_HOME="")
    assert (Path(stdout[0]).parent.parent, stderr) == (release.tool / "_vendor" / "python", "")


def test_a_damaged_release_archive_fetches_or_says_so(release: Checkout) -> None:
    (release.tool / "_vendor" / "python" / "usb" / "core.py").unlink()
    stdout, stderr = release.run("usb", PIP_FIND_LINKS=str(release.cache))
    assert stdout == []
    assert f"damaged ({release.tool / '_vendor' / 'python'}: usb/core.py is missing)" in stderr
    assert "are damaged and pip cannot fetch them" in stderr
    stdout, _ = release.run("usb")
    assert Path(stdout[0]).parent.parent == release.filled()[0]


@own_library
def test_a_library_that_is_missing_in_the_archive_is_still_named(release: Checkout) -> None:
    library = release.tool / "_vendor" / "libusb" / bundle.of_this_process()[0] / LIBUSB
    library.unlink()
    assert release.run("usb")[0][1] == str(library)


def test_a_release_archive_has_a_folder_for_each_version_of_a_package_that_has_several(release: Checkout) -> None:
    vendor = release.tool / "_vendor"
    this, other = ("<", ">=") if sys.version_info < (3, 10) else (">=", "<")
    lock = release.tool / "requirements.lock"
    older = release.add_wheel("pyelftools", "9.9.0", {"elftools/__init__.py": "older = True"})
    pins = re.search(r"pyelftools==9\.9\.1.*\n.*\n", lock.read_text())
    assert pins
    marked = [
        text.replace(" \\", f" ; python_full_version {sign} '3.10' \\", 1)
        for sign, text in ((this, pins[0]), (other, older))
    ]
    lock.write_text(lock.read_text().replace(pins[0], "".join(marked)))
    for version in ("9.9.1", "9.9.0"):
        with zipfile.ZipFile(release.wheels / f"pyelftools-{version}-py3-none-any.whl") as wheel:
            wheel.extractall(vendor / f"pyelftools-{version}")
    for part in (vendor / "python").glob("*elftools*"):
        shutil.rmtree(part)
    assert release.run("elftools") == (
        [str(vendor / "pyelftools-9.9.1" / "elftools" / "__init__.py"), *_library(release)],
        "",
    )
    assert Path(release.run("usb")[0][0]).parent.parent == vendor / "python"
    assert release.filled() == []


def _library(release: Checkout) -> list[str]:
    """Return what a process prints of the library that the archive has for it."""
    return release.run("intelhex")[0][1:]


def test_packages_of_an_older_lock_are_not_used(warm: Checkout) -> None:
    (old, _), _ = warm.run()
    lock = warm.tool / "requirements.lock"
    newer = warm.add_wheel("intelhex", "9.9.4", {"intelhex/__init__.py": ""})
    lock.write_text(re.sub(r"intelhex==9\.9\.1.*\n.*\n", lambda _: newer, lock.read_text()))
    (new, _), stderr = warm.run()
    assert stderr == FETCHING
    assert new != old
    assert (Path(new).parent.parent / "intelhex-9.9.4.dist-info").is_dir()


def test_a_read_only_checkout_uses_the_users_cache(checkout: Checkout) -> None:
    (checkout.tool / "_deps").write_text("a file here: nothing can be created below, even by root")
    (module, _), stderr = checkout.run(HOME=str(checkout.cache))
    assert checkout.cache in Path(module).parents
    assert stderr == FETCHING
    assert checkout.run(HOME=str(checkout.cache))[1] == ""


@posix
def test_a_cache_folder_that_cannot_be_looked_at_is_one_that_cannot_be_used(checkout: Checkout) -> None:
    """As the home of another user, which a container may have in HOME; here by a name too long for root, too."""
    unseen = f"/{'x' * 300}"
    stdout, stderr = checkout.run(XDG_CACHE_HOME=unseen, HOME=unseen)
    assert (Path(stdout[0]).parent.parent, stderr) == (checkout.filled()[0], FETCHING)


def test_what_a_killed_process_left_is_replaced(warm: Checkout) -> None:
    (first, _), _ = warm.run()
    (folder,) = warm.filled()
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir()
    (partial / "half").touch()
    shutil.rmtree(folder / "pyusb-9.9.2.dist-info")
    (second, _), stderr = warm.run()
    damage = f"its Python packages are damaged ({folder}: usb/__init__.py does not belong there)"
    assert (second, stderr) == (first, f"stm8tool: {damage}\n{FETCHING.replace('once', 'again')}")
    assert warm.filled() == [folder]
    assert (folder / "pyusb-9.9.2.dist-info" / "METADATA").is_file()
    assert not (folder / "half").exists()


def test_an_interpreter_that_has_the_pinned_versions_is_used_as_it_is(warm: Checkout) -> None:
    installed = warm.tool.parent / "site"
    warm.filled()[0].rename(installed)
    (module, library), stderr = warm.run("usb", PYTHONPATH=str(installed))
    assert Path(module).parent.parent == installed
    assert Path(library).parent.parent == installed
    assert (stderr, warm.filled()) == ("", [])


def test_an_interpreter_that_has_another_version_is_not_used(checkout: Checkout) -> None:
    site = checkout.tool.parent / "site"
    (site / "intelhex").mkdir(parents=True)
    (site / "intelhex" / "__init__.py").touch()
    (site / "intelhex-1.0.dist-info").mkdir()
    (module, _), _ = checkout.run(PYTHONPATH=str(site))
    assert Path(module).parent.parent == checkout.filled()[0]


def test_installed_by_pip_a_missing_package_is_named(checkout: Checkout) -> None:
    (checkout.tool / "requirements.lock").unlink()
    code = SCRIPT.replace(
        "import sys\n", "import sys\nsys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(checkout.tool), "usb"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"error: the package pyusb is missing\nhint: {sys.executable} -m pip install pyusb\n"


def test_installed_by_pip_a_package_that_is_half_there_is_named(warm: Checkout) -> None:
    site = warm.tool.parent / "site"
    warm.filled()[0].rename(site)
    (warm.tool / "requirements.lock").unlink()
    (site / "usb" / "__init__.py").write_text("# changed by its user\n")
    assert warm.run("usb", PYTHONPATH=str(site))[0][0] == str(site / "usb" / "__init__.py")
    (site / "usb" / "core.py").unlink()
    error, hint = warm.run("usb", PYTHONPATH=str(site))[1].splitlines()
    assert error == f"error: the package pyusb in {site} is damaged: usb/core.py is missing"
    assert hint == f"hint: {sys.executable} -m pip install --force-reinstall pyusb"
    shutil.rmtree(site / "usb")
    (site / "usb").mkdir()
    assert warm.run("usb", "-S", PYTHONPATH=str(site))[1].startswith("error: the package pyusb is missing\n")


def test_a_lock_that_is_never_released_is_an_error_not_a_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deps, "_LOCK_LIMIT_S", -1.0)
    path = tmp_path / "lock"
    with path.open("w") as mine, path.open("w") as other:
        deps._wait_for(mine)
        with pytest.raises(AccessError, match="for too long") as raised:
            deps._wait_for(other)
    assert raised.value.hint is not None
    assert str(path) in raised.value.hint


def test_importing_deps_loads_nothing_heavy() -> None:
    code = (
        "import sys, stm8tool.support.deps; "
        "print(*sorted({'hashlib', 'subprocess', 'shutil', 'sysconfig'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(TOOL)!r}); {code}"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == "\n"


def test_the_lock_file_pins_what_the_package_depends_on() -> None:
    project = (TOOL / "pyproject.toml").read_text(encoding="utf-8")
    dependencies = re.findall(r'^    "([\w-]+)>=', project, re.MULTILINE)
    pins = deps.pinned()
    assert {pin.name for pin in deps.listed()} == set(dependencies)
    assert pins[-1].name == "libusb-package"  # the others must have been found before its absence means anything
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}$", pin.text.rstrip()) for pin in pins)


PYTHONS = [(3, minor) for minor in range(9, 16)]


@pytest.mark.parametrize("python", PYTHONS, ids=lambda version: ".".join(map(str, version)))
def test_each_python_has_one_pin_for_a_package_and_it_is_the_one_of_development(python: tuple[int, int]) -> None:
    pins = [pin for pin in deps.listed() if pin.is_for(python)]
    every = dict.fromkeys(pin.name for pin in deps.listed())
    assert [pin.name for pin in pins] == [name for name in every if name != "tomli" or python < (3, 11)]
    development = (TOOL.parent / "requirements-dev.lock").read_text(encoding="utf-8")
    (elftools,) = [pin for pin in pins if pin.name == "pyelftools"]
    assert elftools.text.splitlines()[0] in development.splitlines()
    (digest,) = re.findall(r"sha256:[0-9a-f]{64}", elftools.text)
    assert digest in development


def test_every_marker_in_the_lock_file_is_understood() -> None:
    marked = [pin for pin in deps.listed() if ";" in pin.text]
    assert len(marked) == 3
    assert all(pin.below or pin.since for pin in marked)
    assert len({pin.vendor_folder for pin in deps.listed()}) == 4
