"""Libraries that are whole, cut short, or for another pointer size; the headers are made here."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stm8tool.support import deps
from stm8tool.transport.library_file import defect

OWN = 8 * struct.calcsize("P")
OTHER = {32: 64, 64: 32}[OWN]


def elf(bits: int, order: str = "<") -> bytes:
    """Return an ELF library with one segment that fills the whole file of 200 bytes."""
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    if bits == 32:
        header = struct.pack(f"{order}HHIIIIIHHHHHH", 3, 0, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        segment = struct.pack(f"{order}IIIIIIII", 1, 0, 0, 0, 200, 200, 5, 4096)
    else:
        header = struct.pack(f"{order}HHIQQQIHHHHHH", 3, 0, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        segment = struct.pack(f"{order}IIQQQQQQ", 1, 5, 0, 0, 0, 200, 200, 4096)
    return (ident + header + segment).ljust(200, b"\0")


def pe(bits: int, _order: str = "<") -> bytes:
    """Return a DLL with one section, the last 40 of its 200 bytes."""
    optional = struct.pack("<H", {32: 0x10B, 64: 0x20B}[bits]) + bytes(6)
    start = struct.pack("<2s58xI", b"MZ", 64)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, len(optional), 0x2000)
    section = struct.pack("<8sIIII16x", b".text", 40, 4096, 40, 160)
    return (start + coff + optional + section).ljust(200, b"\0")


Make = Callable[..., bytes]
formats = pytest.mark.parametrize("make", [elf, pe])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "libusb-1.0.any"


@formats
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_whole_library_of_this_pointer_size_is_in_order(file: Path, make: Make, order: str) -> None:
    file.write_bytes(make(OWN, order))
    assert defect(file) is None


@formats
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_library_of_the_other_pointer_size_is_named_as_such(file: Path, make: Make, order: str) -> None:
    file.write_bytes(make(OTHER, order))
    assert defect(file) == f"a {OTHER}-bit library, and this Python is {OWN}-bit"


@formats
@pytest.mark.parametrize("length", range(0, 200, 3))
def test_a_library_that_was_cut_anywhere_is_refused(file: Path, make: Make, length: int) -> None:
    file.write_bytes(make(OWN)[:length])
    if length < 4:
        assert defect(file) in ("the file is empty", None, f"the file is cut short or damaged ({length} bytes)")
    else:
        assert (defect(file) or "").startswith("the file is cut short")


@formats
@given(noise=st.binary(max_size=300))
def test_no_content_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, make: Make, noise: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "noise"
    file.write_bytes(make(OWN)[:5] + noise)
    assert defect(file) is None or "cut short" in (defect(file) or "") or "-bit library" in (defect(file) or "")


def test_what_is_not_there_or_no_file_says_so(file: Path, tmp_path: Path) -> None:
    assert defect(file) == "there is no such file"
    assert (defect(tmp_path) or "").startswith("cannot be read: ")


def test_formats_that_it_does_not_know_are_left_to_the_loader(file: Path) -> None:
    file.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(100))  # Mach-O
    assert defect(file) is None


@pytest.mark.skipif(sys.platform == "darwin", reason="its format is left to the loader")
def test_the_real_library_is_in_order_and_half_of_it_is_not(file: Path) -> None:
    deps.require("usb")
    if not deps.libusb_files():
        pytest.skip("libusb-package has no library for this machine")
    library = deps.libusb_files()[0]
    assert defect(library) is None
    content = library.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert (defect(file) or "").startswith(f"the file is cut short ({len(content) // 2} bytes")
