"""A parser either loads a file or refuses it with an ImageError, whatever the file has in it.

`tests/fuzz_image.py` tests the same with atheris, until you stop it.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elf_files import make_elf
from fuzz_image import check, contents
from unit import test_elf, test_s_record
from unit.image_texts import END
from unit.image_texts import record as hex_record

ODD_LINE = st.text("0123456789ABCDEFabcdef:S \x00\x85é", max_size=20)
HEX = st.one_of(
    st.builds(hex_record, st.integers(0, 0xFFFF), st.binary(max_size=20), st.integers(0, 6)),
    st.builds(
        lambda upper, kind: hex_record(0, upper, kind), st.binary(min_size=2, max_size=2), st.sampled_from([2, 4])
    ),
    st.just(""),
)
KINDS = st.sampled_from(sorted(test_s_record.SIZES))
S_RECORD = st.builds(test_s_record.record, KINDS, st.integers(0, 0xFFFF), st.binary(max_size=20))
HEX_FILE = st.lists(st.one_of(HEX, ODD_LINE, st.just(END))).map(lambda lines: ":" + "\n".join(lines)[1:])
S_RECORD_FILE = st.lists(st.one_of(S_RECORD, ODD_LINE, st.just(test_s_record.END)), min_size=1).map(
    lambda lines: test_s_record.RESET + "\n" + "\n".join(lines)
)
TEXT = st.one_of(HEX_FILE, S_RECORD_FILE).map(lambda text: text.encode("latin-1"))
WHOLE_ELF = make_elf(*test_elf.PROGRAM, ("DATA", 1, bytes(4), 2))
NAMES = st.sampled_from(["x.hex", "x.bin", "x.s19", "x.elf", "x"])


@given(st.one_of(st.binary(), TEXT), NAMES)
def test_any_content_is_loaded_or_refused(content: bytes, name: str) -> None:
    check(content, name)


@given(st.binary())
def test_records_with_any_bytes_but_right_checksums_are_loaded_or_refused(data: bytes) -> None:
    for content in contents(data):
        check(content)


@given(st.dictionaries(st.integers(0, len(WHOLE_ELF) - 1), st.integers(0, 255), max_size=6), st.integers(0, 40))
def test_an_elf_file_with_any_byte_changed_is_loaded_or_refused(changes: dict[int, int], cut: int) -> None:
    damaged = bytearray(WHOLE_ELF)
    for offset, value in changes.items():
        damaged[offset] = value
    check(bytes(damaged[: len(damaged) - cut]), "x.elf")


@pytest.mark.parametrize("content", [b":", b"S", b"S0", b"\x7fELF", b"S9030000FC", b":00000001FF"])
def test_the_beginning_of_a_format_alone_is_refused(content: bytes) -> None:
    check(content, "x.hex")
