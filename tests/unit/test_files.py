"""A file that is put in its place while somebody else has it open."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stm8tool import files


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new"
    path.write_text("new")
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old"
    path.write_text("old")
    return path


def test_a_file_takes_the_place_of_another(new: Path, old: Path) -> None:
    files.replace(new, old)
    assert (old.read_text(), new.exists()) == ("new", False)


def test_a_folder_gets_its_name(tmp_path: Path) -> None:
    (tmp_path / "partial" / "below").mkdir(parents=True)
    files.replace(tmp_path / "partial", tmp_path / "folder")
    assert (tmp_path / "folder" / "below").is_dir()


def test_a_reader_is_waited_for_where_it_hinders(new: Path, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with old.open() as reader:
        monkeypatch.setattr(files.time, "sleep", lambda _: reader.close())
        files.replace(new, old)
        assert reader.closed == (sys.platform == "win32")
    assert old.read_text() == "new"


@pytest.mark.skipif(sys.platform != "win32", reason="an open file hinders nobody here")
def test_a_reader_that_does_not_go_is_an_error_and_nothing_is_lost(
    new: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "WAIT_S", 0.0)
    with old.open(), pytest.raises(PermissionError):
        files.replace(new, old)
    assert (new.read_text(), old.read_text()) == ("new", "old")
