"""Serial numbers: their formats, the file that counts, and that no number is given twice."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cli.desk import ROOT, finish, start
from stm8tool.errors import AccessError, ImageError, UsageError
from stm8tool.image import Segment
from stm8tool.image.serial_number import SerialNumber
from stm8tool.support import locks


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    file = tmp_path / "next.txt"
    file.write_text("41\n", encoding="ascii")
    return file


@pytest.mark.parametrize(
    ("form", "number", "data"),
    [
        ("u8", 255, b"\xff"),
        ("u16", 0x1234, b"\x12\x34"),
        ("u16be", 0x1234, b"\x12\x34"),
        ("u16le", 0x1234, b"\x34\x12"),
        ("u24", 1, b"\x00\x00\x01"),
        ("u32le", 1, b"\x01\x00\x00\x00"),
        ("u64", 1, bytes(7) + b"\x01"),
        ("%06d", 42, b"000042"),
        ("SN-%04d/A", 9999, b"SN-9999/A"),
        ("%08X", 0xBEEF, b"0000BEEF"),
    ],
)
def test_a_number_is_written_in_its_format(form: str, number: int, data: bytes) -> None:
    assert SerialNumber.parse(f"0x4000,{form},next.txt").encode(number) == Segment(0x4000, data)


@pytest.mark.parametrize(("form", "number"), [("u8", 256), ("u16", 65536), ("u24le", 1 << 24), ("SN%03d", 1000)])
def test_a_number_that_is_too_long_for_its_format_is_refused(form: str, number: int) -> None:
    with pytest.raises(ImageError, match=f"^next.txt: number {number} does not fit the format {form}$"):
        SerialNumber.parse(f"0x4000,{form},next.txt").encode(number)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0x4000", "0x4000,u32", "0x4000,u32,", ",u32,next.txt", "0x4000,,next.txt", "0x4000,u32,/"),
        *("0x4000,u12,next.txt", "0x4000,u32xx,next.txt", "0x4000,%d,next.txt", "0x4000,SN,next.txt"),
        *(
            "0x4000,%06d%06d,next.txt",
            "0x4000,%06x,next.txt",
            "0x4000,Nº%06d,next.txt",
            "here,u32,next.txt",
            "-1,u32,x",
            "0x4000,u32,a\0b",
        ),
    ],
)
def test_another_serial_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as error:
        SerialNumber.parse(text)
    assert error.value.hint


def test_the_name_of_the_file_may_hold_commas() -> None:
    assert SerialNumber.parse("0x4000,u32,a,b.txt").file == Path("a,b.txt")


def test_a_number_is_used_up_when_it_is_taken(counter: Path) -> None:
    numbers = SerialNumber.parse(f"0x4000,u16,{counter}")
    assert numbers.peek() == numbers.peek() == 41
    assert [numbers.take(), numbers.take()] == [Segment(0x4000, b"\x00\x29"), Segment(0x4000, b"\x00\x2a")]
    assert counter.read_bytes() == b"43\n"
    assert sorted(path.name for path in counter.parent.iterdir()) == [".next.txt.lock", "next.txt"]


def test_the_last_number_of_a_format_is_given_and_then_no_more(counter: Path) -> None:
    counter.write_text("255")
    numbers = SerialNumber.parse(f"0x4000,u8,{counter}")
    assert numbers.take().data == b"\xff"
    with pytest.raises(ImageError, match="number 256 does not fit"):
        numbers.take()
    assert counter.read_bytes() == b"256\n"


@pytest.mark.parametrize("content", [b"7", b"7\n", b"7\r\n", b" 7 \r\n", b"007\n"])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8-sig", "utf-16"])
def test_the_file_may_be_made_by_echo_or_an_editor(counter: Path, content: bytes, encoding: str) -> None:
    counter.write_bytes(content.decode("ascii").encode(encoding))
    assert SerialNumber.parse(f"0x4000,u8,{counter}").peek() == 7


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"-1",
        b"0x10",
        b"1 2",
        b"1\n2\n",
        b"one",
        "٣".encode(),
        "x".encode("utf-16"),
        b"1" * 99,
        b" " * 98 + b"123",
    ],
)
def test_a_file_with_something_else_is_refused_and_kept(counter: Path, content: bytes) -> None:
    counter.write_bytes(content)
    with pytest.raises(ImageError, match="does not hold one decimal number"):
        SerialNumber.parse(f"0x4000,u8,{counter}").take()
    assert counter.read_bytes() == content


def test_a_missing_file_is_not_begun_at_some_number(counter: Path) -> None:
    counter.unlink()
    with pytest.raises(ImageError, match=r"next\.txt: no such file") as error:
        SerialNumber.parse(f"0x4000,u8,{counter}").take()
    assert error.value.hint == f"make it, with the first number in it: echo 1 > {counter}"
    assert not counter.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs there")
def test_a_pipe_counts_nothing_and_is_not_waited_for(counter: Path) -> None:
    counter.unlink()
    os.mkfifo(counter)
    numbers = SerialNumber.parse(f"0x4000,u8,{counter}")
    for job in (numbers.peek, numbers.take):
        with pytest.raises(ImageError, match="not a regular file"):
            job()


def test_a_read_only_file_gives_no_number_and_a_shared_one_stays_shared(counter: Path) -> None:
    numbers = SerialNumber.parse(f"0x4000,u8,{counter}")
    counter.chmod(0o444)
    with pytest.raises(ImageError, match=r"next\.txt: cannot be written: ") as refused:
        numbers.take()
    assert refused.value.hint == f"chmod g+w {counter} lets a user of its group use it"
    assert counter.read_bytes() == b"41\n"
    counter.chmod(0o666)
    assert numbers.take().data == b"\x29"
    assert counter.stat().st_mode & 0o777 == 0o666


def test_a_number_is_not_given_while_the_file_cannot_be_written(counter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(ImageError, match="cannot be written: No space left on device"):
        SerialNumber.parse(f"0x4000,u8,{counter}").take()
    assert counter.read_bytes() == b"41\n"


def test_a_file_that_another_process_keeps_is_busy(counter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.0)
    with (
        locks.FileLock(counter, "file"),
        pytest.raises(AccessError, match="another program is using this file of serial"),
    ):
        SerialNumber.parse(f"0x4000,u8,{counter}").take()
    assert counter.read_bytes() == b"41\n"


def test_two_processes_never_get_the_same_number(counter: Path) -> None:
    code = (
        "import sys; from stm8tool.image.serial_number import SerialNumber\n"
        "numbers = SerialNumber.parse('0x4000,u16,next.txt')\n"
        "for _ in range(50): print(int.from_bytes(numbers.take().data, 'big'))"
    )
    tool = str(ROOT / "tool")
    processes = [start("-c", code, folder=counter.parent, PYTHONPATH=tool) for _ in range(2)]
    taken = [int(word) for process in processes for word in finish(process).out.split()]
    assert sorted(taken) == list(range(41, 141))
    assert counter.read_bytes() == b"141\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_file_behind_a_link_is_the_one_that_counts_under_both_names(counter: Path) -> None:
    link = counter.with_name("link.txt")
    link.symlink_to(counter)
    taken = [SerialNumber.parse(f"0x4000,u8,{file}").take().data for file in (link, counter, link)]
    assert taken == [b"\x29", b"\x2a", b"\x2b"]
    assert link.is_symlink()


def test_a_file_with_a_second_name_is_refused_as_each_would_count_for_itself(counter: Path) -> None:
    other = counter.with_name("other.txt")
    os.link(counter, other)
    for file in (counter, other):
        numbers = SerialNumber.parse(f"0x4000,u8,{file}")
        for job in (numbers.peek, numbers.take):
            with pytest.raises(ImageError, match=r"has 2 names \(hard links\)"):
                job()
    assert counter.read_bytes() == b"41\n"
    copy = counter.with_name("copy.txt")
    copy.write_bytes(counter.read_bytes())
    copy.replace(counter)
    assert SerialNumber.parse(f"0x4000,u8,{counter}").take().data == b"\x29"
