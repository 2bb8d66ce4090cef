"""Keep the documents true: what they list is what the code has, and what they show is what the tool does."""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.desk import talking
from documents import DOCS, examples, first_cells, read, run, section
from dwarf_files import small_program
from pio import BOARDS, ROOT, UPSTREAM_BOARDS
from stm8build import options
from stm8tool import errors
from stm8tool.chip.link import recipes
from stm8tool.cli import main as cli
from stm8tool.cli import process
from stm8tool.image import Segment, save
from stm8tool.parts.table import all_parts
from stm8tool.sim import faults
from stm8tool.support import fetching, interrupts
from stm8tool.transport import usb_access

START, TARGETS, TOOL, ARCHITECTURE, TROUBLE = map(
    read, ("docs/start.md", "docs/targets.md", "docs/stm8tool.md", "docs/architecture.md", "docs/troubleshooting.md")
)
FIRMWARE = bytes([0x82, 0x00, 0x80, 0x04]) + bytes(range(1, 86))

# Machine paths, package indexes, and numbers of a tracker that the reader cannot see.
FORBIDDEN = r"(?<![\w.])/(work|tmp|root|home)/|\b(pypi|pythonhosted|npmjs)\b|deb\.debian|\bissue #?\d|TODO|FIXME"

# INT, then UART1 at 115200 from 2 MHz: it sends each byte after the code up to a 0 when TXE is set. JRA to itself.
HELLO = (
    bytes.fromhex("82008004 350152333501523235085235 AE8023F6270B720F5230FBC752315C20F2 20FE".replace(" ", ""))
    + b"Hello\r\nready\r\n\0"
)


# The vector, a table, and a loop: INC 0x10, JRA to it.
COUNTING = bytes.fromhex("82008008 01020304 3C10 20FC")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a firmware.hex of 89 bytes, a hello.hex that sends two lines, a job, and others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(interrupts, "terminate_like_ctrl_c", lambda: None)
    save("firmware.hex", [Segment(0x8000, FIRMWARE)])
    save("hello.hex", [Segment(0x8000, HELLO)])
    save("talking.hex", [Segment(0x8000, talking())])
    Path("counting.elf").write_bytes(small_program(COUNTING))
    save("options.hex", [Segment(0x4800, bytes.fromhex("00 00ff 00ff 00ff 00ff 00ff"))])
    Path("next.txt").write_text("41\n", encoding="ascii")
    job = 'part = "stm8s103f3"\nimage = "firmware.hex"\nlog = "log.jsonl"\n[[socket]]\nprobe = "usb:1-2"\n'
    Path("job.toml").write_text(job, encoding="utf-8")
    return tmp_path


# -- what they list --------------------------------------------------------------------------------------------------


def test_every_exit_code_is_documented_and_no_other() -> None:
    codes = {0, process.EXIT_INTERRUPTED, *(code.exit_code for code in errors.Code)}
    for text in (TARGETS, TOOL):
        assert sorted(map(int, first_cells(section(text, "Exit codes")))) == sorted(codes)
    assert {int(number) for number in re.findall(r"(?:: |, )(\d+) ", PARSERS[""].epilog or "")} == codes - {0}
    module = (cli.__doc__ or "").partition("Exit codes:")[2].partition("(")[0]
    assert {int(number) for number in re.findall(r"(?<!\w)(\d+) ", module)} == codes
    tree = (errors.__doc__ or "").partition("An error is a value")[0]
    assert {int(number) for number in re.findall(r" exit (\d)", tree)} == {code.exit_code for code in errors.Code} - {0}


def parsers(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield name.strip(), parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from parsers(below, f"{name} {word}")


PARSERS = dict(parsers(cli._parser()))
FAULT_ROWS = re.findall(r"^\| `(.*?)` \| (.*) \| (\d+) \|$", section(TOOL, "Faults"), re.MULTILINE)


def test_every_option_is_in_a_table_and_no_other() -> None:
    def documented(text: str) -> set[str]:
        return {word for cell in first_cells(text) for word in re.findall(r"(?<![\w-])--?[a-z]+(?:-[a-z]+)*", cell)}

    def known(*names: str) -> set[str]:
        return {word for name in names for action in PARSERS[name]._actions for word in action.option_strings}

    common = section(TOOL, "Options").split("### ")[0]
    simulator = section(TOOL, "The simulator").split("### ")[0]
    assert documented(common) == known("", "write")
    assert documented(section(TOOL, "sim run CHIPFILE")) == known("sim run") - known("write")
    assert documented(simulator) == known("sim create") - known("write") | {"--part", "--probe"}
    assert documented(section(TOOL, "options set OPTION=VALUE…")) == known("options set") - known("list")
    assert "`--yes`" in section(TOOL, "lock")
    assert documented(section(TOOL, "watch ELF NAME…")) == known("watch") - known("write")
    assert documented(section(TOOL, "On real USB")) == known("sim serve") - known("write")
    assert set(re.findall(r"^`(--[\w-]+)[ `]", section(TOOL, "doctor"), re.MULTILINE)) == known("doctor") - known(
        "write"
    )


def test_every_fault_is_in_the_table_and_no_other() -> None:
    rows = first_cells(section(TOOL, "Faults"))
    named = {row.partition("=")[0] for row in rows}
    assert named - set(faults.KNOWN) == set(), (
        "docs/stm8tool.md, Faults: remove the rows that sim/faults.py does not have"
    )
    assert set(faults.KNOWN) - named == set(), "docs/stm8tool.md, Faults: run python3 dev.py generate for the new rows"
    unfinished = [row for row in rows if row not in [fault for fault, _, _ in FAULT_ROWS]]
    assert not unfinished, f"docs/stm8tool.md, Faults: write the exit code of {', '.join(unfinished)} in place of the ?"


def test_every_board_has_a_row_with_its_chip_and_whether_its_protocol_works() -> None:
    text = DOCS["docs/boards.md"].read_text(encoding="utf-8")
    named, generic = (first_cells(section(text, heading)) for heading in ("Boards with a name", "Generic boards"))
    assert sorted(named + generic) == sorted(BOARDS)
    rows = re.findall(r"^\| `(\w+)` \| \[.*?\]\(.*?\) \| (\w+) \|.*\| `(\w+)` \|( yes)? \|", text, re.MULTILINE)
    assert [name for name, _, _, _ in rows] == named
    for name, chip, protocol, serial in rows:
        manifest = BOARDS[name]
        assert manifest["build"]["mcu"].upper().startswith(chip)
        assert protocol == manifest["upload"]["protocol"]
        assert bool(serial) == ("serial" in manifest["upload"]["protocols"])
    sentences = " ".join(text.split())
    assert f"knows {len(all_parts())} parts" in sentences
    assert "If the default protocol is `serial`, `upload` uses that" in sentences


def test_what_users_of_ststm8_2_are_promised_is_what_the_manifests_say() -> None:
    text = DOCS["docs/coming-from-ststm8.md"].read_text(encoding="utf-8")
    packages = json.loads((ROOT / "platform.json").read_text(encoding="utf-8"))["packages"]
    for name in ("framework-ststm8spl", "framework-arduinoststm8"):
        assert f"`{name}` {packages[name]['version']}" in text
    assert f"SDCC {packages['toolchain-sdcc']['optionalVersions'][0]}" in text
    same = section(text, "What is the same")
    assert [board for board in UPSTREAM_BOARDS if f"`{board}`" not in same] == []
    for option in ("board_build.memory_model", "board_upload.maximum_ram_size", "board_upload.unlock"):
        assert option in text
        assert option in options.OPTIONS


def test_every_option_of_platformio_ini_has_a_row_with_its_values_and_those_of_the_first_page_exist() -> None:
    table, text = options.OPTIONS, DOCS["docs/options.md"].read_text(encoding="utf-8")
    assert first_cells(section(text, "Options")) == list(table)
    for name, option in table.items():
        values = ", ".join(f"`{value}`" for value in option.values) or option.form
        assert f"| `{name}` | {values} | " in text
    assert first_cells(section(text, "Protocols")) == list(table["upload_protocol"].values)
    used = re.findall(r"^([a-z_.]+) = (\S+)", section(START, "Options in platformio.ini"), re.MULTILINE)
    assert used
    assert all(not table[name].values or value in table[name].values for name, value in used)


def test_the_list_of_pages_has_every_page_of_its_folder() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", read("docs/README.md")))
    pages = {name for name in DOCS if name.startswith("docs/")} - {"docs/README.md"}
    assert {f"docs/{name}" for name in linked} == pages


# -- what they show --------------------------------------------------------------------------------------------------


def test_every_command_has_an_example_and_it_shows_what_happens(desk: Path) -> None:
    code, used = 0, set()
    for example in examples(TOOL):
        if example.command == "echo $?":
            shown = f"{code}\n"
        else:
            used.update(example.words)
            code, shown = example.run()
        assert example.fits(shown), f"{example.command}\n{shown}"
    assert {word for name in PARSERS for word in name.split()} <= used


def test_the_examples_of_a_locked_chip_show_what_happens(desk: Path) -> None:
    code = 0
    for example in examples(read("docs/unlock.md")):
        if example.command == "echo $?":
            shown = f"{code}\n"
        else:
            code, shown = example.run()
        assert example.fits(shown), f"{example.command}\n{shown}"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("upload with board_upload.unlock = never", ["--unlock", "never", "write", "firmware.hex"]),
        ("verify, dump, dumpeep", ["verify", "firmware.hex"]),
        ("verify, dump, dumpeep", ["read", "out.hex"]),
        ("verify, dump, dumpeep", ["read", "out.hex", "--region", "eeprom"]),
        ("erase, uploadeep", ["erase"]),
        ("erase, uploadeep", ["write", "eeprom.hex", "--region", "eeprom", "--unlock", "never"]),
        ("stm8tool options set", ["options", "set", "AFR=0x01"]),
    ],
)
def test_a_command_that_the_page_calls_an_error_on_a_locked_chip_is_one(desk: Path, row: str, words: list[str]) -> None:
    table = section(read("docs/unlock.md"), "What each command does").replace("`", "")
    assert dict(re.findall(r"^\| (.*?) \| (.*?) \|", table, re.MULTILINE))[row] == "an error, exit code 5"
    save("eeprom.hex", [Segment(0x4000, b"\x01")])
    run(["sim", "create", "board.chip", "--part", "stm8s103f3", "--locked"])
    before = json.loads(Path("board.chip").read_text(encoding="utf-8"))["memories"]
    ended, shown = run(["--probe", "sim:board.chip", "--part", "stm8s103f3", *words])
    assert ended == 5, shown
    after = json.loads(Path("board.chip").read_text(encoding="utf-8"))["memories"]
    assert [after[name] for name in ("flash", "eeprom", "options")] == [
        before[name] for name in ("flash", "eeprom", "options")
    ]


@pytest.mark.parametrize(("fault", "text", "code"), FAULT_ROWS)
def test_a_fault_ends_as_its_row_says(desk: Path, fault: str, text: str, code: str) -> None:
    only = re.search(r"`(v\d+)` only", text)
    run(["sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", only[1] if only else "v2", "--fault", fault])
    ended, shown = run(["--probe", "sim:board.chip", "--part", "stm8s103f3", "write", "firmware.hex"])
    assert ended == int(code), shown


def test_the_bytes_of_a_block_write_are_those_on_the_wire(desk: Path) -> None:
    chip = ["--probe", "sim:board.chip", "--part", "stm8s103f3"]
    save("old.hex", [Segment(0x8000, b"\x01" * 64)])
    save("new.hex", [Segment(0x8000, FIRMWARE[:64])])
    run(["sim", "create", "board.chip", "--part", "stm8s103f3", "--probe", "v3"])
    run([*chip, "write", "old.hex"])
    _, shown = run([*chip, "-vv", "write", "new.hex"])
    example = re.findall(r"^ *(f4 .*?) *#.*\n", ARCHITECTURE, re.MULTILINE)
    assert len(example) == 7
    assert "\n".join(example) in "\n".join(line.rstrip() for line in shown.splitlines())


def test_the_recipes_of_the_connect_ladder_are_listed_in_order() -> None:
    steps = re.findall(r"^\d\. (.*?)[.;]?$", section(TROUBLE, "How it connects"), re.MULTILINE)
    assert [step.split(" (")[0] for step in steps] == [recipe.name for recipe in recipes.LADDER]


def test_the_udev_rule_in_troubleshooting_is_the_one_that_the_tool_prints() -> None:
    assert set(re.findall(r"SUBSYSTEM==.*", TROUBLE)) == {usb_access.UDEV_RULE}


def test_the_settings_of_pip_that_count_are_listed() -> None:
    sentence = section(TROUBLE, "Python packages").partition("only these settings")[2].partition(" only `")[0]
    assert re.findall(r"`([a-z-]+)`", sentence) == list(fetching.KEPT)


def test_every_message_in_troubleshooting_is_one_of_the_tool() -> None:
    sources = (ROOT / "tool" / "stm8tool").rglob("*.py")
    nodes = (node for source in sources for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    cells = re.findall(r"^\| ([^|]*`[^|]*) \|", TROUBLE.partition("## No probe")[2], re.MULTILINE)
    messages = [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]
    pieces = [piece.strip() for message in messages for piece in message.split("…") if piece.strip()]
    assert len(pieces) > 20
    assert [piece for piece in pieces if not any(piece in text for text in texts)] == []


# -- what they are ---------------------------------------------------------------------------------------------------


def anchor(heading: str) -> str:
    """Return the fragment by which a heading is reached on GitHub and GitLab."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("name", DOCS)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)(.*?)\)", DOCS[name].read_text(encoding="utf-8")):
        path, _, fragment = target.partition("#")
        file = (DOCS[name].parent / path) if path else DOCS[name]
        assert file.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in map(anchor, headings), target


@pytest.mark.parametrize("name", DOCS)
def test_every_file_in_code_type_exists(name: str) -> None:
    for file in re.findall(r"`([\w./-]+\.(?:py|csv|toml|svg))`", DOCS[name].read_text(encoding="utf-8")):
        assert any((base / file).exists() for base in (ROOT, ROOT / "tool" / "stm8tool", ROOT / "tests")), file


@pytest.mark.parametrize("name", DOCS)
def test_no_document_speaks_of_what_its_reader_cannot_see(name: str) -> None:
    text = DOCS[name].read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if re.search(FORBIDDEN, line, re.IGNORECASE)] == []
