"""docs/production.md: its commands, as they stand, lead from nothing to a board that passed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.desk import Desk, program
from documents import examples, first_cells, read, section
from stm8tool.production.chip_run import ChipRecord
from stm8tool.support import interrupts

PAGE = read("docs/production.md")


def test_the_commands_show_what_the_page_says(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "terminate_like_ctrl_c", lambda: None)
    desk.hex("firmware.hex", (0x8000, program(300)))
    (job,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    Path("job.toml").write_text(job, encoding="utf-8")
    ran = 0
    for example in examples(PAGE):
        words = example.command.split()
        if words[0] == "echo":
            assert words[2] == ">"
            Path(words[3]).write_text(f"{words[1]}\n", encoding="ascii")
            continue
        code, shown = example.run()
        assert code == 0, shown
        assert example.fits(shown), f"{example.command}\n{shown}"
        ran += 1
    assert ran == 5
    assert Path("next.txt").read_text(encoding="ascii") == "3\n"
    assert [desk.memory("eeprom", name)[:4].hex() for name in ("a.chip", "b.chip")] in (
        ["00000001", "00000002"],
        ["00000002", "00000001"],
    )


def test_every_key_of_the_log_is_on_the_page(desk: Desk) -> None:
    desk.hex("firmware.hex", (0x8000, program(300)))
    desk.chip("a.chip", faults=["dead-block=0x8040"])
    Path("next.txt").write_text("1\n", encoding="ascii")
    text = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0].partition('[[socket]]\nname = "B"')[0]
    Path("job.toml").write_text(text, encoding="utf-8")
    assert desk.run("produce", "job.toml", "--once").code == 1
    with Path("production.jsonl").open("a", encoding="ascii") as file:
        file.write("torn")
    assert desk.run("produce", "job.toml", "--once").code == 1
    page = section(PAGE, "The log")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE))
    common = {"event", "time", "run"}
    kinds = set()
    for line in Path("production.jsonl").read_text(encoding="ascii").splitlines():
        event = json.loads(line)
        kinds.add(event["event"])
        if event["event"] == "chip":
            continue
        keys = set(re.findall(r"`(\w+)`", rows[event["event"]])) - {"name", "sha256"}
        assert event.keys() - common == keys, event["event"]
    assert kinds == {"run", "serial", "chip", "gap", "repaired", "end"}
    own = {cell for cells in first_cells(page) for cell in cells.split(", ")} - common - kinds
    assert own | {"serial"} == set(ChipRecord("A").fields())
