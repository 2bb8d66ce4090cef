"""A file that is put in its place while somebody else has it open."""

from __future__ import annotations

import os
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


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_and_what_it_means_is_written(tmp_path: Path, old: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(old.name)
    files.check_whole(link)
    files.write_whole(link, b"new")
    assert (link.is_symlink(), old.read_text()) == (True, "new")
    assert sorted(tmp_path.iterdir()) == [link, old]


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs there")
def test_what_is_no_regular_file_is_refused_and_stays(tmp_path: Path) -> None:
    fifo, link, ring = tmp_path / "fifo", tmp_path / "link", tmp_path / "ring"
    os.mkfifo(fifo)
    link.symlink_to(fifo)
    ring.symlink_to(ring)
    for path in (fifo, link, ring, tmp_path):
        with pytest.raises(OSError, match="no regular file"):
            files.check_whole(path)
        with pytest.raises(OSError, match="no regular file"):
            files.write_whole(path, b"new")
    assert (fifo.is_fifo(), link.is_symlink(), ring.is_symlink()) == (True, True, True)
    assert sorted(tmp_path.iterdir()) == [fifo, link, ring]


@pytest.mark.skipif(sys.platform == "win32", reason="only one bit of a mode is kept there")
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o666, 0o755])
def test_a_file_keeps_its_mode(old: Path, mode: int) -> None:
    old.chmod(mode)
    files.write_whole(old, b"new")
    assert (old.read_text(), old.stat().st_mode & 0o7777) == ("new", mode)


def test_a_read_only_file_is_refused_and_stays(old: Path) -> None:
    old.chmod(0o444)
    for job in (lambda: files.check_whole(old), lambda: files.write_whole(old, b"new")):
        with pytest.raises(PermissionError):
            job()
    assert (old.read_text(), list(old.parent.iterdir())) == ("old", [old])
