"""The rows of the commands: each is complete and true, and no command reads argparse's Namespace."""

from __future__ import annotations

import ast
import inspect
import io
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

import stm8tool
from cli.compat import Flash
from cli.desk import Desk, program, talking
from dwarf_files import small_program
from stm8tool import selector
from stm8tool.cli import main as cli
from stm8tool.cli import stm8flash, stm8flash_line
from stm8tool.cli.command import Command, Group, PartUse
from stm8tool.debugger import server as gdb
from stm8tool.debugger.dap.messages import encoded
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.sim.serial import server as serial_server
from stm8tool.sim.usbip.server import Server

PACKAGE = Path(stm8tool.__file__).parent
NAMESPACE_READERS = {"cli/main.py", "cli/request.py"}
OBJECT_READERS = {"cli/as_json.py", "cli/catalogue.py"}  # these make JSON of the fields of an object


def rows(entries: tuple[object, ...] = cli.COMMANDS, before: str = "") -> Iterator[tuple[str, Command]]:
    """Yield every command with all words of its name."""
    for entry in entries:
        if isinstance(entry, Group):
            yield from rows(entry.commands, f"{before}{entry.name} ")
        else:
            assert isinstance(entry, Command)
            yield f"{before}{entry.name}", entry


ROWS = dict(rows())


class Example(NamedTuple):
    """A command line that a board of `board` fulfils, and whether its chip is locked before."""

    words: str
    locked: bool = False


EXAMPLES = {
    "list": [Example("list"), Example("list --json")],
    "info": [Example("info"), Example("info", locked=True)],
    "doctor": [Example("doctor"), Example("doctor --report report.json")],
    "write": [
        Example("write new.hex"),
        Example("write new.hex", locked=True),
        Example("--region eeprom write eeprom.bin"),
        Example("write options.hex --options"),
    ],
    "verify": [Example("verify held.hex")],
    "produce": [Example("produce job.toml --once"), Example("produce job.toml --once", locked=True)],
    "read": [Example("read out.hex"), Example("read out.hex --all")],
    "restore": [Example("restore other.hex"), Example("restore other.hex", locked=True)],
    "erase": [Example("erase"), Example("erase --all"), Example("--region eeprom erase")],
    "run": [Example("--base 0x30 run 0x30 loop.bin")],
    "unlock": [Example("unlock", locked=True), Example("unlock")],
    "reset": [Example("reset"), Example("reset", locked=True)],
    "lock": [Example("lock --yes")],
    "options show": [Example("options show")],
    "options set": [Example("options set AFR=0x02")],
    "options defaults": [Example("options defaults")],
    "options diff": [Example("options diff same.hex")],
    "monitor": [Example("monitor held.hex --until hello")],
    "gdbserver": [Example("gdbserver held.hex"), Example("gdbserver --reset")],
    "debug": [Example("debug held.elf --do registers")],
    "dap": [Example("dap")],
    "watch": [Example("watch held.elf counter temp[1] --count 1"), Example("watch 0x10:uint8_t --count 1")],
    "set": [Example("set held.elf gain=3 counter=4"), Example("set 0x10:uint8_t=5")],
    "udev": [Example("udev")],
    "parts": [Example("parts stm8s103f3"), Example("parts --json")],
    "schema": [Example("schema")],
    "sim create": [Example("--probe v2 sim create created.chip")],
    "sim serve": [Example("sim serve board.chip --port 0")],
    "sim serve-serial": [Example("sim serve-serial uart.chip --port 0")],
    "sim show": [Example("sim show board.chip"), Example("sim show board.chip", locked=True)],
    "sim run": [Example("sim run board.chip --for 1ms")],
}
# The job file has the part and the probes. Only a run of the job writes, and says itself that a chip is half-written.
NAMES_ITS_PART = {"produce"}
RUNS = [pytest.param(name, example, id=example.words) for name, found in EXAMPLES.items() for example in found]

COMPAT_EXAMPLES = {
    "h": "-h",
    "V": "-V",
    "l": "-l",
    "L": "-L -c sim:board.chip",
    "r": "-c sim:board.chip -p stm8s103f3 -r out.bin",
    "w": "-c sim:board.chip -p stm8s103f3 -w new.hex",
    "v": "-c sim:board.chip -p stm8s103f3 -v held.hex",
    "u": "-c sim:board.chip -p stm8s103f3 -u",
    "R": "-c sim:board.chip -R",
}


DAP_SESSION = b"".join(
    encoded({"seq": seq, "type": "request", "command": command, "arguments": arguments})
    for seq, (command, arguments) in enumerate(
        [("initialize", {}), ("launch", {"program": "held.elf"}), ("configurationDone", {}), ("disconnect", {})]
    )
)


@pytest.fixture
def board(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with board.chip: an open chip with a program that says hello, an EEPROM, and an AFR of its own."""
    held = talking() + program(500)[len(talking()) :]
    desk.chip(content=held)
    desk.set_option("AFR", 0x01)
    desk.hex("held.hex", (0x8000, held))
    Path("held.elf").write_bytes(small_program(held))
    desk.hex("new.hex", (0x8000, program(300, seed=2)))
    desk.hex("options.hex", (0x4803, b"\x02\xfd"))
    desk.hex("same.hex", (0x4803, b"\x01\xfe"))
    desk.hex("other.hex", (0x8000, program(8192, seed=3)))
    job = 'part = "stm8s103f3"\nimage = "new.hex"\nlog = "log.jsonl"\n[[socket]]\nprobe = "sim:board.chip"\n'
    Path("job.toml").write_text(job, encoding="utf-8")
    Path("eeprom.bin").write_bytes(b"abc")
    Path("loop.bin").write_bytes(b"\x20\xfe")
    assert desk.flash("--region", "eeprom", "write", "eeprom.bin").code == 0
    Path("eeprom.bin").write_bytes(b"xyz")

    def serve(_server: Server, _listener: object) -> None:
        raise KeyboardInterrupt

    def load(server: gdb.GdbServer, ready: Callable[[int], None]) -> None:
        ready(3333)
        server._stub.begin()
        for packet in (b"vFlashErase:8000,40", b"vFlashWrite:8010:abc", b"vFlashDone"):
            assert server._stub.answer(packet) == b"OK"

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(DAP_SESSION), isatty=lambda: False))
    monkeypatch.setattr(Server, "serve", serve)
    monkeypatch.setattr(gdb.GdbServer, "serve", load)  # the first client of the GDB server loads a program
    monkeypatch.setattr(serial_server, "interrupted", lambda: True)
    store.create("uart.chip", find_part("stm8s208mb"), "v2")
    return desk


def lock(board: Desk, *, wanted: bool) -> None:
    if wanted:
        assert board.flash("lock", "--yes").code == 0


def changes_memories(name: str) -> bool:
    return ROWS[name].writes or name in NAMES_ITS_PART


def is_changed(board: Desk, before: object) -> bool:
    """Tell whether flash, EEPROM or option bytes, or how often they were programmed, are not as `before`."""
    return board.memories() != before


def test_every_row_has_an_example_that_is_run_here() -> None:
    assert list(EXAMPLES) == list(ROWS)
    assert set(COMPAT_EXAMPLES) == set(stm8flash.ACTIONS)


@pytest.mark.parametrize(("name", "example"), RUNS)
def test_a_command_changes_memories_only_if_its_row_says_so(board: Desk, name: str, example: Example) -> None:
    lock(board, wanted=example.locked)
    before = board.memories()
    result = board.flash(*example.words.split())
    assert result.code == 0, result.err
    assert is_changed(board, before) == changes_memories(name)


@pytest.mark.parametrize("letter", COMPAT_EXAMPLES)
def test_an_action_of_stm8flash_changes_memories_only_if_its_row_says_so(
    board: Desk, capsys: pytest.CaptureFixture[str], letter: str
) -> None:
    before = board.memories()
    assert Flash(board, capsys).words(*COMPAT_EXAMPLES[letter].split()).code == 0
    assert is_changed(board, before) == stm8flash.ACTIONS[letter].writes


@pytest.mark.parametrize(("name", "example"), RUNS)
def test_an_interrupt_says_that_the_chip_may_be_half_written_only_after_a_command_that_writes(
    board: Desk, monkeypatch: pytest.MonkeyPatch, name: str, example: Example
) -> None:
    def bus_of(_selector: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(selector, "bus_of", bus_of)
    result = board.flash(*example.words.split())
    if result.code == 130:
        assert ("half-written" in result.reason) == ROWS[name].writes
    else:  # it needs no probe
        assert result.code == 0
        assert not ROWS[name].writes


@pytest.mark.parametrize(("name", "example"), RUNS)
def test_a_command_asks_for_the_part_that_its_row_requires(board: Desk, name: str, example: Example) -> None:
    before = board.memories()
    result = board.run("--probe", "sim:board.chip", *example.words.split())
    assert result.reason.startswith("error: which chip?") == (ROWS[name].part is PartUse.REQUIRED)
    assert not is_changed(board, before)


@pytest.mark.parametrize(("name", "example"), RUNS)
def test_only_a_command_that_uses_a_part_minds_a_part_that_does_not_exist(
    board: Desk, name: str, example: Example
) -> None:
    result = board.flash(*example.words.split(), part="stm8x999")
    uses = ROWS[name].part is not PartUse.NONE or name == "doctor"  # for doctor the name is one more thing to examine
    assert result.reason.endswith("[E-PART-UNKNOWN]") == uses


@pytest.mark.parametrize(
    "words", ["list", "udev", "parts stm8s103f3", "sim show board.chip", "sim run board.chip --for 1ms"]
)
def test_a_command_that_uses_no_part_does_not_connect_to_find_one(board: Desk, words: str) -> None:
    expected = board.run("--probe", "sim:board.chip", *words.split())
    before = Path("board.chip").read_bytes()
    result = board.flash(*words.split(), part="auto")
    assert result == expected
    if not words.startswith(("list", "sim run")):  # these talk to the probe, or let the program run
        assert Path("board.chip").read_bytes() == before


def test_doctor_examines_also_where_no_chip_can_tell_its_part(board: Desk) -> None:
    result = board.run("--probe", "sim:missing.chip", "--part", "auto", "doctor")
    assert result == board.run("--probe", "sim:missing.chip", "doctor")
    assert "what to do: " in result.out


def test_doctor_says_what_a_chip_may_be_if_it_is_asked_for(board: Desk) -> None:
    named = board.run("--probe", "sim:board.chip", "doctor")
    told = board.flash("doctor", part="auto")
    assert told.code == 0
    assert told.out.startswith(named.out)
    assert "STM8S103" in told.out[len(named.out) :]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_complete(name: str) -> None:
    row = ROWS[name]
    assert row.help
    assert isinstance(row.part, PartUse)
    assert isinstance(row.writes, bool)
    assert row.part is PartUse.REQUIRED or name in NAMES_ITS_PART or not row.writes
    parser = ArgumentParser(add_help=False)
    row.arguments.add(parser)
    assert {action.dest for action in parser._actions} == set(row.arguments.__annotations__)
    request, console = inspect.signature(row.run).parameters.values()
    assert request.annotation == f"Request[{row.arguments.__name__}]"
    assert console.annotation == "Console"


def test_no_two_arguments_of_a_command_share_a_name_with_an_option_of_all_commands() -> None:
    common = set(vars(cli.not_given()))
    assert {name for name, row in ROWS.items() if common & set(row.arguments.__annotations__)} == set()


def test_a_request_cannot_be_changed() -> None:
    request = cli.make(cli._parser().parse_args(["parts"], cli.not_given()), ROWS["parts"].arguments)
    with pytest.raises(AttributeError):
        request.part = None
    with pytest.raises(AttributeError):
        request.arguments.words = ()
    with pytest.raises(AttributeError):
        stm8flash_line.parse(["-l"]).action = "w"


def test_only_the_parser_and_the_request_see_the_namespace_of_argparse() -> None:
    readers, askers = set(), set()
    for source in PACKAGE.rglob("*.py"):
        name = source.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node).endswith("Namespace"):
                readers.add(name)
            if isinstance(node, ast.Name) and node.id in ("getattr", "hasattr", "setattr", "vars"):
                askers.add(name)
    assert readers == {"cli/request.py"}
    assert {name for name in askers if name.startswith("cli/")} <= NAMESPACE_READERS | OBJECT_READERS
