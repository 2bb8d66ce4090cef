"""stm8tool as a Windows user meets it: real Windows Python, real Windows libusb, simulated boards."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.desk import PATIENT, hex_text, program
from stm8tool.transport.libusb import OVERRIDE
from windows.conftest import Checkout
from windows.wine import (
    NEWEST,
    Wine,
    finish,
    interpreter,
    interpreter_with_pip,
    wheel_files,
    wheels,
    windows_path,
)

FLASH = ("--probe", "sim:board.chip", "--part", "stm8s103f3")


def test_help_is_shown(cold: Checkout) -> None:
    result = cold.run("--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("usage: stm8tool ")


def test_cold_it_names_the_command_that_fetches_its_packages_and_then_finds_them_by_full_path(cold: Checkout) -> None:
    refusal = cold.run("list")
    assert refusal.code == 7
    assert refusal.reason.endswith("No module named pip [E-PACKAGES]")
    found = re.fullmatch(
        r"hint: .*: py -I -m pip .* --target \"(Z:.*?)\" .*--require-hashes -r \"(Z:.*?)\"", refusal.hint
    )
    assert found, refusal.hint
    assert found[2] == windows_path(cold.tool / "requirements.lock")
    cold.fill(Path(found[1][2:].replace("\\", "/")))
    result = cold.run("-v", "list")
    assert (result.code, result.out) == (0, "no ST-LINK is attached\n")
    assert result.err == f"USB library: {windows_path(cold.library)}\n"


def test_with_pip_it_fetches_its_packages_by_itself_once(wine: Wine, tmp_path: Path) -> None:
    checkout = Checkout(wine, interpreter_with_pip(), tmp_path)
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": windows_path(wheel_files()), "PIP_CONFIG_FILE": "nul"}
    first = checkout.run("-v", "list", **offline)
    assert (first.code, first.out) == (0, "no ST-LINK is attached\n")
    assert "fetching its Python packages once (intelhex, pyelftools, pyserial, pyusb, libusb-package)" in first.err
    (library,) = checkout.tool.glob("_deps/*/libusb_package/libusb-1.0.dll")
    assert f"USB library: {windows_path(library)}\n" in first.err
    assert checkout.run("-v", "list").err == f"USB library: {windows_path(library)}\n"


def test_a_locked_board_is_looked_at_written_and_read_back(checkout: Checkout) -> None:
    image = program(1000)
    (checkout.folder / "firmware.hex").write_text(hex_text((0x8000, image)))
    assert checkout.run("sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3", "--locked").code == 0
    assert "protection: ON" in checkout.run(*FLASH, "info").out
    written = checkout.run(*FLASH, "write", "firmware.hex")
    assert (written.code, written.out.splitlines()[-1]) == (0, "the program runs")
    assert "warning: the chip is read-protected" in written.err
    assert "protection: off" in checkout.run(*FLASH, "info").out
    assert checkout.run(*FLASH, "--region", "0x8000:1000", "read", "gelesen ü.bin").code == 0
    assert (checkout.folder / "gelesen ü.bin").read_bytes() == image
    assert "nothing to do" in checkout.run(*FLASH, "write", "firmware.hex").out


def test_doctor_finds_the_library_by_full_path_and_goes_on(checkout: Checkout) -> None:
    result = checkout.run("doctor", "--part", "stm8s103f3", "--report", "report.json")
    assert (result.code, result.reason) == (3, "error: no ST-LINK is attached [E-NO-PROBE]")
    assert f" USB library  {windows_path(checkout.library)} (libusb-package)\n" in result.out
    findings = json.loads((checkout.folder / "report.json").read_text(encoding="utf-8"))["findings"]
    assert [f["key"] for f in findings] == ["python", "tool", "packages", "usb-library", "probe", "part"]
    checkout.run("sim", "create", "board.chip", "--part", "stm8s103f3")
    assert checkout.run(*FLASH, "doctor", PYTHONIOENCODING="cp1252").out.endswith(
        "\nno problem found; writing was not tried\n"
    )


def test_a_locked_board_is_unlocked(checkout: Checkout) -> None:
    checkout.run("sim", "create", "board.chip", "--part", "stm8s103f3", "--locked")
    assert checkout.run(*FLASH, "--unlock", "never", "erase").code == 5
    assert checkout.run(*FLASH, "unlock").out.startswith("unlocked: read protection is off")
    assert re.search(r"^  protection +off$", checkout.run("sim", "show", "board.chip").out, re.MULTILINE)


def test_two_uploads_at_once_wait_for_each_other(checkout: Checkout) -> None:
    (checkout.folder / "firmware.hex").write_text(hex_text((0x8000, program(8192))))
    checkout.run("sim", "create", "board.chip", "--part", "stm8s103f3")
    (checkout.folder / "patient.py").write_text(PATIENT)
    words = ("patient.py", checkout.tool, *FLASH, "write", "firmware.hex")
    both = [checkout.wine.start(checkout.python, *words, cwd=checkout.folder) for _ in range(2)]
    ended = [finish(process) for process in both]
    assert [result.code for result in ended] == [0, 0], ended
    assert sum("nothing to do" in result.out for result in ended) == 1


def test_a_name_that_the_output_cannot_spell_does_no_harm(checkout: Checkout) -> None:
    missing = checkout.run("--probe", "sim:плата.chip", "info", PYTHONIOENCODING="ascii")
    assert missing.code == 2
    assert missing.reason == r"error: there is no chip file \u043f\u043b\u0430\u0442\u0430.chip [E-USAGE]"


# -- libusb ----------------------------------------------------------------------------------------------------------


def test_a_stray_dll_in_the_current_folder_or_on_path_is_never_taken(checkout: Checkout) -> None:
    elsewhere = checkout.folder / "on path"
    elsewhere.mkdir()
    for stray in (checkout.folder, elsewhere):
        shutil.copy(checkout.library, stray)
    path = windows_path(elsewhere)
    assert windows_path(checkout.library) in checkout.run("-v", "list", WINEPATH=path).err
    checkout.library.unlink()
    refusal = checkout.run("list", WINEPATH=path)
    assert refusal.code == 7
    assert refusal.details == [f"libusb-package: {windows_path(checkout.library)}: there is no such file"]


def cut_short(library: Path) -> str:
    content = library.read_bytes()
    library.write_bytes(content[:70000])
    return f"the file is cut short (70000 bytes, it should have {len(content)} or more)"


def emptied(library: Path) -> str:
    library.write_bytes(b"")
    return "the file is empty"


def removed(library: Path) -> str:
    library.unlink()
    return "there is no such file"


def of_the_other_pointer_size(library: Path) -> str:
    shutil.copy(wheels("win32") / "libusb_package" / library.name, library)
    return "a 32-bit library, and this Python is 64-bit"


def something_else(library: Path) -> str:
    library.write_bytes(b"<html>Please log in to this network</html>")
    return "it is not a library for this machine (WinError 193)"


def another_library(library: Path) -> str:
    shutil.copy(interpreter(NEWEST).with_name("sqlite3.dll"), library)
    return "is not libusb-1.0"


def without_what_it_needs(library: Path) -> str:
    """Let it import a DLL that no machine has; the name has the same length."""
    content = library.read_bytes()
    assert content.count(b"KERNEL32.dll") == 1
    library.write_bytes(content.replace(b"KERNEL32.dll", b"NOWHERE0.dll"))
    return "a library that it needs is missing (WinError 126)"


@pytest.mark.parametrize(
    "damage",
    [
        cut_short,
        emptied,
        removed,
        of_the_other_pointer_size,
        something_else,
        another_library,
        without_what_it_needs,
    ],
)
@pytest.mark.parametrize("how", ["packaged", "override"])
def test_a_library_that_cannot_be_loaded_is_named_with_the_reason(
    checkout: Checkout, damage: Callable[[Path], str], how: str
) -> None:
    reason = damage(checkout.library)
    named = windows_path(checkout.library)
    result = checkout.run("list", **({} if how == "packaged" else {OVERRIDE: named}))
    assert (result.code, result.reason) == (7, "error: no usable libusb-1.0 for this 64-bit Python [E-USB-LIBRARY]")
    assert result.details == [f"{'libusb-package' if how == 'packaged' else OVERRIDE}: {named}: {reason}"]
    assert result.hint.startswith(
        "hint: reinstall the package or the platform that contains" if how == "packaged" else "hint: correct or remove"
    )


def test_a_library_of_ones_own_is_named_by_the_override(checkout: Checkout) -> None:
    checkout.library.rename(checkout.folder / "mine.dll")
    result = checkout.run("-v", "list", **{OVERRIDE: "mine.dll"})
    assert (result.code, result.err) == (0, f"USB library: {windows_path(checkout.folder / 'mine.dll')}\n")


@pytest.mark.parametrize(("options", "speaks"), [((), False), (("-v",), False), (("-vv",), True)])
def test_libusb_speaks_only_with_vv(checkout: Checkout, options: tuple[str, ...], speaks: bool) -> None:
    result = checkout.run(*options, "list", LIBUSB_DEBUG="4")
    assert (" libusb: debug [" in result.out + result.err) == speaks
