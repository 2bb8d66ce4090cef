"""Folders of packages that are damaged, and how they heal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from patience import ended
from unit.checkout import FETCHING, LIBUSB, PACKAGES, Checkout, checkout, fetched, warm

__all__ = ["checkout", "fetched", "warm"]  # fixtures


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "module missing": lambda folder: (folder / "usb" / "core.py").unlink(),
    "module cut short": lambda folder: (folder / "usb" / "core.py").write_text(""),
    "module changed": lambda folder: (folder / "usb" / "__init__.py").write_text("raise ImportError"),
    "package missing": lambda folder: shutil.rmtree(folder / "usb"),
    "library changed": lambda folder: (folder / "libusb_package" / LIBUSB).write_text("a Library"),
    "library missing": lambda folder: (folder / "libusb_package" / LIBUSB).unlink(),
    "folder in a module's place": lambda folder: ((folder / "usb/core.py").unlink(), (folder / "usb/core.py").mkdir()),
    "metadata missing": lambda folder: shutil.rmtree(folder / "pyusb-9.9.2.dist-info"),
    "record missing": lambda folder: (folder / "pyusb-9.9.2.dist-info" / "RECORD").unlink(),
    "record cut short": lambda folder: (folder / "pyusb-9.9.2.dist-info" / "RECORD").write_text("usb/__init__.py,"),
    "record not text": lambda folder: (folder / "pyusb-9.9.2.dist-info" / "RECORD").write_bytes(b"\xff\0"),
    "record empty": lambda folder: (folder / "pyusb-9.9.2.dist-info" / "RECORD").write_text(""),
    "record of another file": lambda folder: (folder / "pyusb-9.9.2.dist-info" / "RECORD").write_text("a,sha256=b,1\n"),
    "module of another program": lambda folder: (folder / "ctypes.py").write_text("raise ImportError"),
    "module in a package": lambda folder: (folder / "usb" / "core.so").touch(),
    "other package's record": lambda folder: (folder / "intelhex-9.9.1.dist-info" / "RECORD").write_text("x"),
    "empty": empty,
    "a file": a_file,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_heals(warm: Checkout, damage: str) -> None:
    (module, library), _ = warm.run("usb")
    (folder,) = warm.filled()
    DAMAGES[damage](folder)
    stdout, stderr = warm.run("usb")
    assert stdout == [module, library]
    damaged, fetching_again = stderr.splitlines()
    assert damaged.startswith(f"stm8tool: its Python packages are damaged ({folder}: ")
    assert f"{fetching_again}\n" == FETCHING.replace("once", "again")
    assert warm.run("usb") == ([module, library], "")
    assert warm.filled() == [folder]


def test_a_damaged_folder_is_a_sentence_offline_and_stays_as_it_is(warm: Checkout) -> None:
    (folder,) = warm.filled()
    (folder / "usb" / "core.py").unlink()
    stdout, stderr = warm.run("usb", PIP_FIND_LINKS=str(warm.cache))
    assert stdout == []
    *_, error, hint = stderr.splitlines()
    assert error.startswith(f"error: the Python packages {PACKAGES} are damaged and pip cannot")
    assert hint.startswith("hint: repeat the command with a network connection")
    assert warm.filled() == [folder]
    assert (folder / "usb" / "__init__.py").is_file()


@pytest.mark.parametrize("damage", ["library changed", "library missing"])
def test_a_damaged_libusb_stops_nothing_offline_as_another_one_may_serve(warm: Checkout, damage: str) -> None:
    """A virus scanner takes it away, and the user names another in STM8TOOL_LIBUSB."""
    (module, library), _ = warm.run("usb")
    (folder,) = warm.filled()
    DAMAGES[damage](folder)
    stdout, stderr = warm.run("usb", PIP_FIND_LINKS=str(warm.cache))
    assert stdout == [module, library]  # libusb.py looks at the file before it loads it
    assert f"damaged ({folder}: libusb_package/{LIBUSB} " in stderr
    assert stderr.endswith("; going on without the damaged libusb-package\n")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_the_folders_place_is_replaced_and_what_it_leads_to_is_not(warm: Checkout) -> None:
    (folder,) = warm.filled()
    mine = warm.tool.parent / "mine"
    mine.mkdir()
    (mine / "letter").touch()
    for target in (mine, warm.cache / "nowhere"):
        shutil.rmtree(folder)
        folder.symlink_to(target)
        stdout, _ = warm.run("usb")
        assert Path(stdout[0]).parent.parent == folder
        assert not folder.is_symlink()
    assert (mine / "letter").exists()


def test_what_python_and_the_system_leave_in_a_folder_is_no_damage(warm: Checkout) -> None:
    first = warm.run("usb")[0]
    (folder,) = warm.filled()
    (folder / ".DS_Store").touch()
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)
    assert warm.run("usb", "-O") == (first, "")
    assert warm.run("usb") == (first, "")


def test_four_processes_heal_one_folder_and_one_of_them_fetches(warm: Checkout) -> None:
    (folder,) = warm.filled()
    (folder / "usb" / "core.py").unlink()
    processes = [warm.start("usb") for _ in range(4)]
    results = [ended(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert sorted(len(stderr.splitlines()) for _, stderr in results) == [0, 0, 0, 2]
    assert {stdout.splitlines()[0] for stdout, _ in results} == {str(folder / "usb" / "__init__.py")}


def test_a_damaged_folder_that_cannot_be_replaced_is_passed_over(warm: Checkout) -> None:
    (folder,) = warm.filled()
    (folder / "usb" / "core.py").unlink()
    lock = folder.with_name(f"{folder.name}.lock")
    lock.unlink()
    lock.mkdir()  # it cannot be opened, as another user's, even by root
    stdout, _ = warm.run("usb", HOME=str(warm.cache))
    assert warm.cache in Path(stdout[0]).parents
    assert not (folder / "usb" / "core.py").exists()


def test_packages_of_the_interpreter_that_are_damaged_are_not_used(warm: Checkout) -> None:
    site = warm.tool.parent / "site"
    shutil.copytree(warm.filled()[0], site)
    (site / "usb" / "core.py").unlink()
    stdout, stderr = warm.run("usb", PYTHONPATH=str(site))
    assert (Path(stdout[0]).parent.parent, stderr) == (warm.filled()[0], "")


def test_packages_of_a_distribution_have_no_record_and_are_used(warm: Checkout) -> None:
    site = warm.tool.parent / "site"
    shutil.copytree(warm.filled()[0], site)
    (site / "intelhex-9.9.1.dist-info" / "RECORD").unlink()
    stdout, _ = warm.run("intelhex", PYTHONPATH=str(site))
    assert Path(stdout[0]).parent.parent == site
