from __future__ import annotations

import _ctypes
from pathlib import Path
from typing import Optional

import pytest
import usb.backend.libusb1

from stm8tool import deps
from stm8tool.errors import AccessError
from stm8tool.transport import libusb
from stm8tool.transport.libusb import OVERRIDE, Candidate, candidates, load


@pytest.fixture(autouse=True)
def pyusb_has_loaded_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyusb keeps the first library for the life of the process."""
    monkeypatch.setattr(usb.backend.libusb1, "_lib_object", None)
    monkeypatch.setattr(usb.backend.libusb1, "_lib", usb.backend.libusb1._lib)


@pytest.fixture
def real_library() -> str:
    deps.require("usb")
    path = deps.libusb_file()
    if path is None:
        pytest.skip("libusb-package has no library for this machine")
    return str(path)


def _system(path: Optional[str]) -> object:
    return lambda name: path if name == "usb-1.0" else None


def origins(platform: str, **arguments: object) -> list[str]:
    places = candidates({}, platform, Path("/b/libusb-1.0.so"), _system("found"), **arguments)  # type: ignore[arg-type]
    return [place.origin for place in places]


def test_the_bundled_library_comes_first_everywhere_and_macos_knows_more_places() -> None:
    assert origins("linux") == ["bundled", "system"]
    assert origins("darwin") == ["bundled", "system", "Homebrew", "Homebrew", "MacPorts"]


def test_windows_never_searches_path() -> None:
    def search(name: str) -> str:
        raise AssertionError("find_library walks PATH on Windows")

    places = candidates({}, "win32", Path("/b/libusb-1.0.dll"), search)
    assert [place.origin for place in places] == ["bundled"]


def test_the_override_is_the_only_one_tried_and_its_path_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = candidates({OVERRIDE: "mine.so"}, "linux", Path("/b/libusb-1.0.so"))
    assert places == [Candidate(OVERRIDE, str(tmp_path / "mine.so"))]


def test_an_empty_override_is_none() -> None:
    assert candidates({OVERRIDE: ""}, "win32", None) == [Candidate("bundled", None)]


def test_every_library_that_does_not_load_is_named_with_its_reason(tmp_path: Path) -> None:
    damaged = tmp_path / "libusb-1.0.so"
    damaged.write_bytes(b"\x7fELF")
    absent = tmp_path / "absent.so"
    with pytest.raises(AccessError, match="-bit Python") as caught:
        load([Candidate("bundled", str(damaged)), Candidate("system", None), Candidate("Homebrew", str(absent))])
    assert [line.split(": ")[0] for line in caught.value.details] == ["bundled", "system", "Homebrew"]
    assert str(damaged) in caught.value.details[0]
    assert caught.value.details[1] == "system: none: not found"
    assert "absent.so" in caught.value.details[2]
    assert "install libusb-1.0" in (caught.value.hint or "")


def test_the_next_library_is_tried_after_a_damaged_one(tmp_path: Path, real_library: str) -> None:
    damaged = tmp_path / "libusb-1.0.so"
    damaged.write_bytes(b"")
    backend = load([Candidate("bundled", str(damaged)), Candidate("system", real_library)])
    assert backend.lib._name == real_library


def test_a_library_that_is_not_libusb_is_refused() -> None:
    with pytest.raises(AccessError) as caught:
        load([Candidate(OVERRIDE, _ctypes.__file__)])
    assert caught.value.details[0].endswith("is not libusb-1.0")
    assert "correct or remove" in (caught.value.hint or "")


def test_a_library_that_does_not_start_says_so_and_prints_nothing(
    real_library: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        raise usb.core.USBError("Other error", -99, None)

    monkeypatch.setattr(usb.backend.libusb1, "_LibUSB", refuse)
    with pytest.raises(AccessError) as caught:
        load([Candidate("bundled", real_library)])
    assert "does not start" in caught.value.details[0]
    assert capfd.readouterr().err == ""


def test_the_library_of_this_process_is_the_one_that_comes_with_the_tool(
    real_library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(OVERRIDE, raising=False)
    assert libusb.backend().lib._name == real_library
