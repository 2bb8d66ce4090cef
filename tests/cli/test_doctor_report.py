"""`stm8tool doctor --report`: what the file holds, and where it may go."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cli.desk import STM8S, Desk, report
from stm8tool.chip.link.quality import Quality
from stm8tool.probe.listing import ListedProbe

KEYS = [
    "python",
    "tool",
    "packages",
    "usb-library",
    "usb-device",
    "probe",
    "firmware",
    "supply",
    "link",
    "speed",
    "quality",
    "nrst",
]
KEYS += ["part", "family", "protection", "ubc", "options", "unique-id"]


def test_the_keys_of_the_report_stay(desk: Desk) -> None:
    desk.chip()
    found = report(desk, "--probe", "sim:board.chip", "--part", STM8S)
    assert list(found) == ["format", "version", "probe", "part", "exit_code", "first_problem", "findings"]
    assert (found["format"], found["version"]) == ("stm8tool doctor report", 1)
    assert (found["exit_code"], found["first_problem"]) == (0, None)
    assert [finding["key"] for finding in found["findings"]] == KEYS
    for finding in found["findings"]:
        assert list(finding) == ["key", "mark", "text", "details", "facts", "problem"]
        assert finding["mark"] in ("ok", "problem", "note")
    facts = {finding["key"]: list(finding["facts"]) for finding in found["findings"]}
    assert facts == {
        "python": ["version", "bits", "executable", "system"],
        "tool": ["version", "folder"],
        "packages": [],
        "usb-library": [],
        "usb-device": list(ListedProbe._fields),
        "probe": ["path", "substitute"],
        "firmware": ["model", "firmware", "swim"],
        "supply": ["millivolts", "least_millivolts"],
        "link": ["recipe"],
        "speed": ["high", "refused_by_chip"],
        "quality": list(Quality._fields),
        "nrst": ["works"],
        "part": ["name", "confidence", "source"],
        "family": ["seen", "named"],
        "protection": ["locked", "evidence"],
        "ubc": ["value", "protected_bytes"],
        "options": ["bytes"],
        "unique-id": ["hex"],
    }
    options = next(finding for finding in found["findings"] if finding["key"] == "options")["facts"]["bytes"]
    keys = ["name", "address", "value", "complement", "complement_matches", "factory", "at_factory"]
    assert [list(option) for option in options] == [keys] * 6


def test_the_first_problem_is_in_the_report_and_in_its_finding(desk: Desk) -> None:
    desk.chip(locked=True)
    found = report(desk, "--probe", "sim:board.chip", "--part", STM8S)
    (problem,) = [finding["problem"] for finding in found["findings"] if finding["mark"] == "problem"]
    assert problem == found["first_problem"]
    assert list(problem) == ["code", "message", "hint", "exit_code"]
    assert (problem["code"], problem["exit_code"], found["exit_code"]) == ("E-ROP-READ", 5, 5)


def test_the_home_directory_is_not_in_the_report(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    home = desk.folder / "Zoë Smith"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    desk.chip("Zoë Smith/board.chip")
    board = f"sim:{home}{os.sep}board.chip"
    monkeypatch.setattr(sys, "executable", str(home / "bin" / "python"))
    found = report(desk, "--probe", board, "--part", STM8S)
    text = (desk.folder / "report.json").read_text(encoding="utf-8")
    assert "Zoë" not in text
    assert found["probe"] == f"sim:~{os.sep}board.chip"
    assert found["findings"][0]["facts"]["executable"] == str(Path("~", "bin", "python"))
    # Another user's directory is not this one's, though it begins alike.
    monkeypatch.setenv("HOME", str(desk.folder / "Zo"))
    monkeypatch.setenv("USERPROFILE", str(desk.folder / "Zo"))
    assert report(desk, "--probe", board, "--part", STM8S)["probe"] == board


def test_a_report_is_text_in_utf_8_and_replaces_an_older_one(desk: Desk) -> None:
    desk.chip("Messgerät.chip")
    (desk.folder / "report.json").write_text("old", encoding="ascii")
    assert report(desk, "--probe", "sim:Messgerät.chip")["probe"] == "sim:Messgerät.chip"
    assert "Messgerät" in (desk.folder / "report.json").read_text(encoding="utf-8")
    assert sorted(path.name for path in desk.folder.iterdir()) == [
        ".Messgerät.chip.lock",
        "Messgerät.chip",
        "report.json",
    ]


@pytest.mark.parametrize("path", ["", ".", "nowhere/report.json", "new/", "a" * 300, "folder"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_looked_at(desk: Desk, path: str) -> None:
    board = desk.chip()
    (desk.folder / "folder").mkdir()
    before = board.read_bytes()
    result = desk.flash("doctor", "--report", path)
    assert (result.code, result.out, result.reason[-8:]) == (2, "", "[E-FILE]")
    assert result.hint
    assert board.read_bytes() == before


def test_a_report_does_not_take_the_place_of_a_simulated_board(desk: Desk) -> None:
    board = desk.chip()
    before = board.read_bytes()
    result = desk.flash("doctor", "--report", "board.chip")
    assert result.reason == "error: board.chip: cannot be written: it holds a simulated board [E-FILE]"
    assert board.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there, and it has no FIFOs")
def test_a_report_follows_a_link_and_replaces_nothing_but_files(desk: Desk) -> None:
    desk.chip()
    os.mkfifo(desk.folder / "fifo")
    (desk.folder / "link").symlink_to("report.json")
    refused = desk.flash("doctor", "--report", "fifo")
    assert refused.reason == "error: fifo: cannot be written: it is not a regular file [E-FILE]"
    assert (refused.out, (desk.folder / "fifo").is_fifo()) == ("", True)
    assert desk.flash("doctor", "--report", "link").code == 0
    assert (desk.folder / "link").is_symlink()
    assert (desk.folder / "report.json").is_file()


def test_the_write_test_is_in_the_report_and_the_chip_holds_what_it_held(desk: Desk) -> None:
    desk.chip(content=bytes(range(1, 101)))
    words = ("--probe", "sim:board.chip", "--part", STM8S)
    before = desk.memory()
    (times,) = [found for found in report(desk, *words, write_test=True)["findings"] if found["key"] == "block-times"]
    assert times["mark"] == "ok"
    assert list(times["facts"]) == ["address", "blank_ms", "rewrite_ms"]
    assert times["facts"]["address"] == 0x9FC0
    assert times["facts"]["blank_ms"][0] < 3 < times["facts"]["blank_ms"][1] < 6 < times["facts"]["rewrite_ms"][1]
    assert desk.memory() == before


@pytest.mark.parametrize(
    ("locked", "words", "why"),
    [(True, ["--part", STM8S], "read protection"), (False, [], "needs --part")],
)
def test_a_write_test_that_is_not_possible_writes_nothing(locked: bool, words: list[str], why: str, desk: Desk) -> None:
    desk.chip(locked=locked)
    before = desk.memories()
    found = report(desk, "--probe", "sim:board.chip", *words, write_test=True)["findings"]
    (times,) = [finding for finding in found if finding["key"] == "block-times"]
    assert (times["mark"], times["facts"]) == ("note", {})
    assert why in times["text"]
    assert desk.memories() == before
