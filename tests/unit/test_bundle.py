"""Which libusb of a release archive a process chooses."""

from __future__ import annotations

import os
import struct
import sys

import pytest

from stm8tool.support import bundle
from stm8tool.support.bundle import FILES, FOLDERS, fitting


@pytest.mark.parametrize(
    ("process", "folders"),
    [
        (("linux", 64, "x86_64"), ["linux-x86_64", "linux-musl-x86_64"]),
        (("linux", 64, "x86_64", False), ["linux-musl-x86_64", "linux-x86_64"]),
        (("linux", 64, "aarch64"), ["linux-aarch64", "linux-musl-aarch64"]),
        (("linux", 64, "aarch64", False), ["linux-musl-aarch64", "linux-aarch64"]),
        (("darwin", 64, "arm64", False), ["macos-arm64"]),
        (("darwin", 64, "x86_64", False), ["macos-x86_64"]),  # also by Rosetta on an ARM machine
        (("win32", 64, "win-amd64", False), ["windows-x86_64"]),
        (("win32", 32, "win32", False), ["windows-x86"]),  # also on 64-bit Windows
    ],
)
def test_a_process_chooses_the_library_of_its_system_and_pointer_size(
    process: tuple[str, int, str], folders: list[str]
) -> None:
    assert fitting(*process) == folders


@pytest.mark.parametrize(
    "process",
    [
        ("linux", 32, "x86_64"),  # a 32-bit Python under a 64-bit kernel
        ("linux", 32, "aarch64"),  # such as a 32-bit Raspberry Pi OS
        ("linux", 64, "riscv64"),
        ("win32", 64, "win-arm64", False),
        ("freebsd14", 64, "amd64", False),
    ],
)
def test_a_process_for_which_none_was_built_chooses_none(process: tuple[str, int, str]) -> None:
    assert fitting(*process) == []


def test_every_library_is_chosen_by_some_process() -> None:
    assert {folder for process in FOLDERS.values() for folder in fitting(*process)} == set(FOLDERS)
    assert {system for system, _, _ in FOLDERS.values()} == set(FILES)


@pytest.mark.parametrize("answer", ["glibc 2.36", None, ValueError("unrecognized configuration name")])
def test_the_c_library_is_asked_for_its_name(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    def confstr(name: str) -> object:
        assert name == "CS_GNU_LIBC_VERSION"
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "confstr", confstr, raising=False)
    monkeypatch.setattr(bundle, "_machine", lambda: "x86_64")
    monkeypatch.setattr(struct, "calcsize", lambda _: 8)
    first = "linux-x86_64" if answer == "glibc 2.36" else "linux-musl-x86_64"
    assert bundle.of_this_process()[0] == first


def test_on_windows_the_build_of_the_interpreter_counts_and_not_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("sysconfig.get_platform", lambda: "win-amd64")
    monkeypatch.setattr(struct, "calcsize", lambda _: 8)
    assert bundle.of_this_process() == ["windows-x86_64"]
