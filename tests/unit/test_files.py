"""A file that is replaced while another program has it open."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from stm8tool.errors import AccessError, UsageError
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.support import files, locks


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


@pytest.mark.skipif(sys.platform != "win32", reason="an open file can be replaced here")
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
        with pytest.raises(OSError, match="not a regular file"):
            files.check_whole(path)
        with pytest.raises(OSError, match="not a regular file"):
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


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_planted_under_a_name_that_can_be_foreseen_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, victim = tmp_path / "out", tmp_path / "victim"
    victim.write_text("dear")
    monkeypatch.setattr(files.os, "urandom", bytes)
    files.write_whole(target, b"probe for the name of the half")
    monkeypatch.setattr(files, "replace", lambda half, _: shutil.copy(half, tmp_path / f"seen{half.name}"))
    files.write_whole(target, b"")
    half = next(path for path in tmp_path.iterdir() if path.name.startswith("seen"))
    (tmp_path / half.name[len("seen") :]).symlink_to(victim)
    for job in (lambda: files.check_whole(target), lambda: files.write_whole(target, b"new")):
        with pytest.raises(FileExistsError):
            job()
    assert victim.read_text() == "dear"
    for name in (f".out.{os.getpid()}.partial", ".out.partial"):
        (tmp_path / name).symlink_to(victim)
    monkeypatch.undo()
    files.write_whole(target, b"new")
    assert (target.read_bytes(), victim.read_text()) == (b"new", "dear")


@pytest.mark.skipif(sys.platform == "win32", reason="there a whole path has a limit of its own")
@pytest.mark.parametrize("length", [240, 255])
def test_the_longest_names_work(tmp_path: Path, length: int) -> None:
    target = tmp_path / ("n" * length)
    files.check_whole(target)
    files.write_whole(target, b"1")
    with locks.FileLock(target, "file"):
        files.write_whole(target, b"2")
    assert target.read_bytes() == b"2"
    with pytest.raises(OSError, match="too long"):
        files.write_whole(tmp_path / ("n" * 256), b"1")


def test_what_a_killed_run_has_left_goes_away_and_what_another_one_writes_now_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    begun = []
    with monkeypatch.context() as patch:
        patch.setattr(files.Path, "unlink", lambda *_, **__: None)  # killed before it could
        patch.setattr(files, "replace", lambda half, _: begun.append(half))
        files.write_whole(target, b"lost")
        files.write_whole(target, b"now")
    lost, now = begun
    os.utime(lost, (1, 1))
    files.write_whole(target, b"new")
    assert left(tmp_path) == sorted([now.name, "out"])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no groups in that sense")
@pytest.mark.parametrize("is_root", [True, False])
def test_a_file_keeps_its_group_and_where_the_system_allows_it_its_owner(
    old: Path, monkeypatch: pytest.MonkeyPatch, is_root: bool
) -> None:
    old.chmod(0o664)
    before, asked = old.stat(), []

    def fchown(_: int, user: int, group: int) -> None:
        asked.append((user, group))
        if user != -1 and not is_root:
            raise PermissionError

    monkeypatch.setattr(files.os, "fchown", fchown)
    files.write_whole(old, b"new")
    assert asked == [(before.st_uid, before.st_gid), (-1, before.st_gid)][: 2 - is_root]
    assert old.stat().st_mode & 0o7777 == 0o664


@pytest.mark.skipif(sys.platform == "win32", reason="there are no groups in that sense")
def test_a_group_that_cannot_be_kept_leaves_its_rights_to_no_other(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old.chmod(0o674)
    real = os.fstat

    def refuse(*_: object) -> None:
        raise PermissionError

    def other_group(descriptor: int) -> os.stat_result:
        return os.stat_result([value + (place == 5) for place, value in enumerate(real(descriptor)[:10])])

    monkeypatch.setattr(files.os, "fchown", refuse)
    monkeypatch.setattr(files.os, "fstat", other_group)
    files.write_whole(old, b"new")
    monkeypatch.undo()
    assert old.stat().st_mode & 0o7777 == 0o644


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be opened there")
def test_a_file_that_must_last_brings_its_name_to_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)))
    files.write_whole(tmp_path / "out", b"1")
    files.write_whole(tmp_path / "out", b"2", durable=False)
    assert synced == [False, True]


@pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are another matter there")
def test_the_lock_file_of_one_operator_lets_the_next_one_in(old: Path) -> None:
    old.chmod(0o664)
    was = os.umask(0o022)
    try:
        with locks.FileLock(old, "file"):
            lock = old.with_name(".old.lock")
            assert lock.stat().st_mode & 0o7777 == 0o664
    finally:
        os.umask(was)
    lock.chmod(0o444)  # as one of an earlier version, of another user
    opened: list[int] = []
    real = os.open

    def as_another_user(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_RDWR | os.O_CREAT):
            raise PermissionError(13, "Permission denied")
        opened.append(flags)
        return real(path, flags, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks.os, "open", as_another_user)
        with locks.FileLock(old, "file"):
            assert len(opened) == 1
    with locks.FileLock(old, "file"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "WAIT_S", 0.0)
        patch.setattr(locks.os, "open", as_another_user)
        with pytest.raises(AccessError, match="busy"):
            locks.FileLock(old, "file").acquire()


@pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs are another matter there")
def test_a_lock_file_that_is_something_else_is_named(old: Path) -> None:
    lock, elsewhere = old.with_name(".old.lock"), old.with_name("elsewhere")
    os.mkfifo(lock)
    with pytest.raises(UsageError, match=r"its lock file .*\.old\.lock: it is not a regular file"):
        locks.FileLock(old, "file").acquire()
    lock.unlink()
    lock.symlink_to(elsewhere)
    with pytest.raises(UsageError, match=r"its lock file .*\.old\.lock: it is a link, which is not followed"):
        locks.FileLock(old, "file").acquire()
    assert not elsewhere.exists()


def test_a_lock_file_that_cannot_be_made_is_named(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, flags: int, _mode: int = 0o777) -> int:
        raise PermissionError(13, "Permission denied") if flags & os.O_CREAT else FileNotFoundError(2, "none")

    monkeypatch.setattr(locks.os, "open", refused)
    with pytest.raises(UsageError, match=r"its lock file .*\.old\.lock cannot be made: Permission denied"):
        locks.FileLock(old, "file").acquire()


@pytest.mark.parametrize("prefix", ["{", "\ufeff {", '{"part": "x",\n'])
@pytest.mark.parametrize(
    "rest", ['"format":"stm8tool simulated chip","version":99}', '"format" : "stm8tool simulated chip", "mem']
)
def test_a_simulated_board_is_known_by_what_it_holds(tmp_path: Path, prefix: str, rest: str) -> None:
    board = tmp_path / "board.hex"
    board.write_text(prefix + rest, encoding="utf-8")
    before = board.read_bytes()
    hard, relative = tmp_path / "other.hex", Path(os.path.relpath(board))
    os.link(board, hard)
    for path in (board, hard, relative):
        with pytest.raises(OSError, match="simulated board"):
            files.check_whole(path)
        with pytest.raises(OSError, match="simulated board"):
            files.write_whole(path, b"new")
    files.write_whole(hard, b"another board", board=True)
    assert board.read_bytes() == before


def test_a_text_about_simulated_boards_is_none(old: Path) -> None:
    for text in ('"format":"stm8tool simulated chip"', '[{"format": "another"}]', '{"format": "stm8tool doctor"}', ""):
        old.write_text(text)
        files.write_whole(old, b"new")
        assert old.read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are another matter there")
def test_a_board_that_could_not_be_saved_is_refused_before_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "board.chip"
    store.create(path, find_part("stm8s103f3"), "v2")
    path.chmod(0o444)
    before = path.read_bytes()
    probe = store.open_transport(path)
    with pytest.raises(UsageError, match=r"cannot write .*board\.chip: Permission denied") as refused:
        probe.open()
    assert refused.value.hint == f"chmod g+w {path} lets a user of its group use it"
    probe.close()
    assert (path.read_bytes(), store.describe(path).part) == (before, "STM8S103F3")


FOLDER_HINT = "keep board.chip in a folder in which all users of the file may make and replace files"


def test_a_folder_where_no_file_can_be_made_is_blamed_and_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "board.chip"
    store.create(path, find_part("stm8s103f3"), "v2")
    real = os.open

    def refused(name: Path, flags: int, mode: int = 0o777) -> int:
        if str(name).endswith(".partial"):
            raise PermissionError(13, "Permission denied")
        return real(name, flags, mode)

    monkeypatch.setattr(files.os, "open", refused)
    with pytest.raises(UsageError, match=r"board\.chip: its folder does not let you make a file$") as error:
        store.open_transport(path).open()
    assert error.value.hint == FOLDER_HINT


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not sticky there")
def test_a_file_of_another_user_in_a_sticky_folder_is_refused_before_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "board.chip"
    store.create(path, find_part("stm8s103f3"), "v2")
    monkeypatch.setattr(files.os, "geteuid", lambda: path.stat().st_uid + 1)
    files.check_whole(path, board=True)
    tmp_path.chmod(0o1777)
    files.check_whole(tmp_path / "new.hex")
    with pytest.raises(UsageError, match=r"board\.chip: its folder is sticky: only the owner") as error:
        store.open_transport(path).open()
    assert error.value.hint == FOLDER_HINT
    with pytest.raises(PermissionError, match="sticky"):
        files.write_whole(path, b"new", board=True)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes always wait there")
def test_a_file_that_would_make_a_reader_wait_is_not_a_regular_one(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, writer = os.pipe()  # as /proc/kmsg: regular by its mode, and empty until something happens
    os.set_blocking(waiting, False)
    regular = old.stat()
    monkeypatch.setattr(files.os, "open", lambda *_: waiting)
    monkeypatch.setattr(files.os, "fstat", lambda _: regular)
    with pytest.raises(OSError, match="not a regular file"):
        files.read_regular(old, 10)
    os.close(writer)
