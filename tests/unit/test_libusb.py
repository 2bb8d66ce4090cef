from __future__ import annotations

import _ctypes
import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
import usb.backend.libusb1

from stm8tool.errors import AccessError
from stm8tool.support import deps
from stm8tool.transport import libusb
from stm8tool.transport.libusb import OVERRIDE, LibraryPlace, candidates, load

TOOL = Path(deps.__file__).parents[2]


@pytest.fixture(autouse=True)
def pyusb_has_loaded_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyusb keeps the first library for the life of the process."""
    monkeypatch.setattr(usb.backend.libusb1, "_lib_object", None)
    monkeypatch.setattr(usb.backend.libusb1, "_lib", usb.backend.libusb1._lib)


@pytest.fixture
def real_library() -> str:
    deps.require("usb")
    files = deps.libusb_files()
    if not files:
        pytest.skip("libusb-package has no library for this machine")
    return str(files[0])


BUNDLED, INSTALLED = Path("/b/libusb-1.0.so"), Path("/i/libusb-1.0.so")


def found(platform: str, *packaged: Path) -> list[LibraryPlace]:
    return list(candidates({}, platform, packaged, lambda name: "found" if name == "usb-1.0" else None))


def test_the_tools_own_library_comes_first_then_others_of_its_kind_then_the_systems() -> None:
    own, installed, system = found("linux", BUNDLED, INSTALLED)
    assert own == LibraryPlace("libusb-package", str(BUNDLED))
    assert installed == LibraryPlace("libusb-package", str(INSTALLED))
    assert system == LibraryPlace("system", "found")


def test_macos_has_homebrew_and_macports_behind_the_system() -> None:
    places = found("darwin", BUNDLED)
    assert [place.origin for place in places] == ["libusb-package", "system", "Homebrew", "Homebrew", "MacPorts"]
    assert all(place.path and place.path.endswith("/lib/libusb-1.0.dylib") for place in places[2:])


def never(name: str) -> str:
    raise AssertionError(f"searched for {name}")


def test_windows_searches_neither_path_nor_anything_else() -> None:
    assert list(candidates({}, "win32", [BUNDLED], never)) == [LibraryPlace("libusb-package", str(BUNDLED))]
    assert list(candidates({}, "win32", [], never)) == [LibraryPlace("libusb-package", None)]


def test_the_system_is_searched_only_when_its_turn_comes() -> None:
    places = candidates({}, "linux", [BUNDLED], never)
    assert next(places).origin == "libusb-package"
    with pytest.raises(AssertionError, match="searched for usb"):
        next(places)


def test_the_override_is_the_only_one_tried_and_its_path_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = candidates({OVERRIDE: "mine.so"}, "linux", [BUNDLED], never)
    assert list(places) == [LibraryPlace(OVERRIDE, str(tmp_path / "mine.so"))]


def test_an_empty_override_is_none() -> None:
    assert list(candidates({OVERRIDE: ""}, "win32", [])) == [LibraryPlace("libusb-package", None)]


def test_every_library_that_does_not_load_is_named_with_its_reason(tmp_path: Path) -> None:
    damaged = tmp_path / "libusb-1.0.so"
    damaged.write_bytes(b"\x7fELF")
    absent = tmp_path / "absent.so"
    with pytest.raises(AccessError, match="-bit Python") as caught:
        load(
            [
                LibraryPlace("system", None),
                LibraryPlace("libusb-package", str(damaged)),
                LibraryPlace("Homebrew", str(absent)),
            ]
        )
    assert caught.value.details == (
        "system: none: not found",
        f"libusb-package: {damaged}: the file is cut short or damaged (4 bytes)",
        f"Homebrew: {absent}: there is no such file",
    )
    assert OVERRIDE in (caught.value.hint or "")


def test_the_next_library_is_tried_after_a_damaged_one(tmp_path: Path, real_library: str) -> None:
    damaged = tmp_path / "libusb-1.0.so"
    damaged.write_bytes(b"")
    found = load([LibraryPlace("libusb-package", str(damaged)), LibraryPlace("system", real_library)])
    assert found.backend.lib._name == real_library
    assert found.place == LibraryPlace("system", real_library)
    assert found.passed_over == [f"libusb-package: {damaged}: the file is empty"]


def test_a_library_that_is_not_libusb_is_refused() -> None:
    with pytest.raises(AccessError) as caught:
        load([LibraryPlace(OVERRIDE, _ctypes.__file__)])
    assert caught.value.details[0].endswith("is not libusb-1.0")
    assert "correct or remove" in (caught.value.hint or "")


def test_a_library_that_does_not_start_says_so_and_prints_nothing(
    real_library: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        raise usb.core.USBError("Other error", -99, None)

    monkeypatch.setattr(usb.backend.libusb1, "_LibUSB", refuse)
    with pytest.raises(AccessError) as caught:
        load([LibraryPlace("libusb-package", real_library)])
    assert "does not start" in caught.value.details[0]
    assert "/dev/bus/usb" in (caught.value.hint or "")  # not: get the library again
    assert capfd.readouterr().err == ""


def test_the_library_of_this_process_is_the_one_that_comes_with_the_tool(
    real_library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(OVERRIDE, raising=False)
    assert libusb.backend().lib._name == real_library


def test_what_helps_against_a_damaged_library_is_to_get_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "deps"
    monkeypatch.setattr(deps, "_private_folders", lambda: (private, tmp_path / "cache"))
    bundled = tmp_path / "_vendor" / "libusb"
    for folder, words in (
        (private / "libusb_package", f"delete {private} "),
        (
            tmp_path / "site" / "libusb_package",
            f"reinstall the package or the platform that contains {tmp_path / 'site' / 'libusb_package'}",
        ),
        (bundled / "linux-x86_64", f"reinstall the package or the platform that contains {bundled / 'linux-x86_64'}"),
    ):
        with pytest.raises(AccessError) as caught:
            load([LibraryPlace("libusb-package", str(folder / "libusb-1.0.so"))])
        assert (caught.value.hint or "").startswith(words)


@pytest.mark.parametrize(
    ("system", "words"), [("linux", "install libusb-1.0 ("), ("win32", "name the file of a libusb-")]
)
def test_what_helps_where_there_is_none_depends_on_the_system(
    monkeypatch: pytest.MonkeyPatch, system: str, words: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(AccessError) as caught:
        load([LibraryPlace("libusb-package", None)])
    assert (caught.value.hint or "").startswith(words)


def windows_error(number: int) -> OSError:
    error = FileNotFoundError("Could not find module") if number == 126 else OSError("in the user's language")
    error.winerror = number  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (126, "a library that it needs is missing (WinError 126)"),
        (193, "it is not a library for this machine (WinError 193)"),
        (1114, "in the user's language"),
    ],
)
def test_a_number_of_the_windows_loader_becomes_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    def refuse(_: str) -> None:
        raise windows_error(number)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    library = tmp_path / "libusb-1.0.dll"
    library.write_bytes(b"neither ELF nor PE")
    with pytest.raises(AccessError) as caught:
        load([LibraryPlace("libusb-package", str(library))])
    assert caught.value.details == (f"libusb-package: {library}: {reason}",)


@pytest.mark.parametrize(("options", "speaks"), [((), False), (("-v",), False), (("-vv",), True)])
def test_libusb_speaks_only_with_vv_however_loud_it_was_set(
    real_library: str, options: tuple[str, ...], speaks: bool
) -> None:
    environment = {**os.environ, "LIBUSB_DEBUG": "4", OVERRIDE: real_library}
    command = [sys.executable, str(TOOL), *options, "list"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True)
    assert (" libusb: debug [" in done.stdout + done.stderr) == speaks
    assert (f"USB library: {real_library}" in done.stderr) == bool(options)


def test_with_vv_libusb_is_as_loud_as_the_user_set_it_and_else_moderate() -> None:
    for environ, level in (({}, "3"), ({"LIBUSB_DEBUG": "1"}, "1")):
        libusb._set_log_level(True, environ)
        assert environ == {"LIBUSB_DEBUG": level}
