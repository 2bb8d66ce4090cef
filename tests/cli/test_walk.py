"""The walk of one block from the command line to the wire, as docs/architecture.md shows it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import stm8tool
from documents import read
from stm8tool.cli import main
from stm8tool.image import Image, Segment, save
from stm8tool.sim import store

_PACKAGE = Path(stm8tool.__file__).parent
_BLOCK = bytes([0x82, 0x00, 0x80, 0x04, *range(1, 61)])
_ON_THE_PAGE = re.search(r"a block passes these files, in this order:\n\n((?: {4}.*\n)+)", read("docs/architecture.md"))


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are on the stack when a probe is sent the block, from the outermost on."""
    monkeypatch.chdir(tmp_path)
    store.create("board.chip", stm8tool.find_part("stm8s103f3"), "v3")
    save("block.hex", [Segment(0x8000, _BLOCK)])
    found: list[str] = []
    exchange = store.StoredProbe.exchange

    def watched(probe: store.StoredProbe, out: Sequence[bytes], reply: int, timeout_s: float) -> bytes:
        if _BLOCK[8:] in b"".join(out) and not found:
            frame = sys._getframe(1)
            while frame:
                source = Path(frame.f_code.co_filename)
                if _PACKAGE in source.parents:
                    found.append(source.relative_to(_PACKAGE).as_posix())
                frame = frame.f_back  # type: ignore[assignment]
        return exchange(probe, out, reply, timeout_s)

    monkeypatch.setattr(store.StoredProbe, "exchange", watched)
    return found


def _files(walk: list[str]) -> list[str]:
    return list(dict.fromkeys(reversed(walk)))


def test_the_page_shows_the_files_that_a_block_passes(walk: list[str]) -> None:
    assert _ON_THE_PAGE
    assert main.main(["--probe", "sim:board.chip", "--part", "stm8s103f3", "write", "block.hex"]) == 0
    assert _files(walk) == _ON_THE_PAGE[1].split()


def test_in_a_program_it_passes_the_same_files_from_api_on(walk: list[str]) -> None:
    assert _ON_THE_PAGE
    with stm8tool.open("sim:board.chip", part="stm8s103f3") as chip:
        chip.write(Image([Segment(0x8000, _BLOCK)]))
    files = _ON_THE_PAGE[1].split()
    assert _files(walk) == files[files.index("api.py") :]
