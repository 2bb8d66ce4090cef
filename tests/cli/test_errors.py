"""docs/errors.md: every code is there, and every situation in it is met by the commands that it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from documents import Example, examples, read, section
from dwarf_files import small_program
from elf_files import ALLOC, make_elf
from stm8tool.errors import Code
from stm8tool.image import Segment, save
from stm8tool.support import interrupts

DRAFT = "(write this)"  # docs/error_index.py writes it into the draft of a section
ERRORS = read("docs/errors.md")
HEADINGS = re.findall(r"^### (E-[A-Z-]+)$", ERRORS, re.MULTILINE)
# No board decides whether Python packages are there; tests/unit/test_deps.py has them missing.
# Only a program that floods its console meets E-RING-FULL; tests/session/test_swim_console.py has one.
# E-SELF-TEST is the code of a chip in a log, and a run with such a chip ends with E-CHIPS-FAILED;
# tests/cli/test_produce_self_test.py has one.
_NOT_ON_A_BOARD = {Code.PACKAGES, Code.RING_FULL, Code.SELF_TEST}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the files that the examples name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(interrupts, "terminate_like_ctrl_c", lambda: None)
    rest = bytearray(range(1, 200))
    rest[0x7C:0x7E] = 0x20, 0xFE  # at 0x8080, where the vector leads: an endless loop
    code = bytes([0x82, 0x00, 0x80, 0x80]) + rest
    save("firmware.hex", [Segment(0x8000, code)])
    Path("firmware.elf").write_bytes(small_program(code))
    Path("plain.elf").write_bytes(make_elf(("CODE", 0x8000, code, ALLOC)))
    job = 'part = "stm8s103f3"\nimage = "firmware.hex"\nlog = "production.jsonl"\n'
    socket = '[[socket]]\nname = "A"\nprobe = "sim:a.chip"\n'
    Path("job.toml").write_text(job + socket, encoding="utf-8")
    Path("wrong.toml").write_text(f'{job}unlok = "never"\nverify = "yes"\n{socket}', encoding="utf-8")
    for name, size in (("20k.bin", 20 * 1024), ("eeprom.bin", 64), ("options.bin", 11)):
        Path(name).write_bytes(bytes([0x82]) * size)


def test_every_code_is_documented_once_and_no_other() -> None:
    order = "docs/errors.md: the sections are not the rows of codes.py in their order: run python3 dev.py generate"
    assert [code.value for code in Code] == HEADINGS, order
    assert sorted(re.findall(r"\[(E-[A-Z-]+)\]\(#", ERRORS.partition("\n## ")[0])) == sorted(HEADINGS)


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_code_says_its_cause_its_evidence_and_what_to_do(heading: str) -> None:
    text = section(ERRORS, heading)
    assert DRAFT not in text, f"docs/errors.md: {heading}: fill in what is marked {DRAFT}"
    assert re.match(r"\n(Exit code|A warning, exit code 0)", text)
    assert str(Code(heading).exit_code) in re.findall(r"\d+", text.partition(".")[0])
    for name in ("Cause", "Evidence", "Steps"):
        assert re.search(rf"^\* \*\*{name}\*\*[:,] ", text, re.MULTILINE), name


@pytest.mark.parametrize("code", [code for code in Code if code not in _NOT_ON_A_BOARD], ids=lambda code: code.value)
@pytest.mark.usefixtures("desk")
def test_a_situation_is_met_by_the_commands_that_are_shown(code: Code) -> None:
    text = section(ERRORS, code.value)
    ended, shown = 0, ""
    for example in examples(text):
        assert ended == 0, shown
        ended, shown = example.run()
        assert example.fits(shown), f"{example.command}\n{shown}"
    codes = re.findall(r"\d+", text.partition(".")[0])
    assert str(ended) in codes, f"docs/errors.md: {code.value}: its commands end with {ended}, not with {codes[0]}"
    said = [
        line for line in shown.splitlines() if line.startswith(("error: ", "warning: ")) and line.endswith(str(code))
    ]
    what = f"docs/errors.md: the last command below {code.value} must end with a line that has {code}; it printed:"
    assert len(said) == 1, f"{what}\n{shown}"
    assert said[0].startswith("error: ") == bool(ended)


@pytest.mark.parametrize(
    "heading", [h for h in HEADINGS if re.search(r"^\$ .* info$", section(ERRORS, h), re.MULTILINE)]
)
@pytest.mark.usefixtures("desk")
def test_the_doctor_comes_to_the_same(heading: str) -> None:
    *setting, last = examples(section(ERRORS, heading))
    for example in setting:
        assert example.run()[0] == 0
    ended, shown = Example(last.command.replace(" info", " doctor"), "").run()
    assert ended
    assert shown.endswith(f" [{heading}]\n"), shown
