"""`--json` and `--events` for every command, in success and in failure, compared with the schema."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import jsonschema
import pytest

import stm8tool
from cli import test_command_rows as examples
from cli.desk import Desk, Result, program
from documents import first_cells, read, section
from pio import ROOT, load
from stm8tool import selector
from stm8tool.cli import as_json, scripts
from stm8tool.cli import main as cli
from stm8tool.cli.console import Console
from stm8tool.cli.machine_console import MachineConsole
from stm8tool.cli.process import CHILD
from stm8tool.cli.results import schema as schemas
from stm8tool.errors import Code
from stm8tool.support import streams

board = examples.board  # the fixture
PACKAGE = Path(stm8tool.__file__).parent
PAGE = read("docs/machine-interface.md")
SCHEMA = schemas.load()
maker = load(ROOT / "dev" / "make_schema.py")

# A command line of each command that fails on the board of EXAMPLES, and its code.
FAILURES = {
    "list": ("--probe sim:missing.chip list", "E-USAGE"),
    "info": ("--probe sim:empty info", "E-NO-PROBE"),
    "doctor": ("--probe sim:empty doctor", "E-NO-PROBE"),
    "write": ("write missing.hex", "E-FILE"),
    "verify": ("verify new.hex", "E-VERIFY"),
    "produce": ("produce missing.toml", "E-JOB"),
    "read": ("read out.txt", "E-USAGE"),
    "restore": ("restore new.hex", "E-FILE"),
    "erase": ("erase --range 0x8001:3", "E-USAGE"),
    "run": ("run 0x8000", "E-USAGE"),
    "unlock": ("--probe sim:empty unlock", "E-NO-PROBE"),
    "reset": ("--probe sim:empty reset", "E-NO-PROBE"),
    "lock": ("lock", "E-DANGEROUS-WRITE"),
    "options show": ("--probe sim:empty options show", "E-NO-PROBE"),
    "options set": ("options set UBC=many", "E-USAGE"),
    "options defaults": ("--probe sim:empty options defaults", "E-NO-PROBE"),
    "options diff": ("options diff options.hex", "E-VERIFY"),
    "monitor": ("monitor new.hex --until hello", "E-OTHER-BUILD"),
    "gdbserver": ("gdbserver --port http", "E-USAGE"),
    "debug": ("debug held.elf --do nonsense", "E-USAGE"),
    "dap": ("dap", "E-USAGE"),
    "watch": ("watch held.elf missing", "E-NO-VARIABLE"),
    "set": ("set held.elf gain=300", "E-USAGE"),
    "udev": ("udev more", "E-USAGE"),
    "parts": ("parts stm9", "E-PART-UNKNOWN"),
    "schema": ("schema more", "E-USAGE"),
    "sim create": ("sim create board.chip", "E-USAGE"),
    "sim serve": ("sim serve missing.chip", "E-USAGE"),
    "sim serve-serial": ("sim serve-serial missing.chip", "E-USAGE"),
    "sim show": ("sim show missing.chip", "E-USAGE"),
    "sim run": ("sim run board.chip --until never --for 1ms", "E-RUN-TIME"),
}
NO_OBJECT = ("dap",)  # stdout has the messages of its protocol: with --json it always is an error


def strict(part: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with definitions that allow no further key; errors may have numbers of their own."""
    definitions = {
        name: {**one, "unevaluatedProperties": False} if one.get("type") == "object" and "error" not in name else one
        for name, one in SCHEMA["$defs"].items()
    }
    return {**part, "$defs": definitions}


OBJECT = jsonschema.Draft202012Validator(strict(SCHEMA))
EVENT = jsonschema.Draft202012Validator(strict({"$ref": "#/$defs/event"}))


def checked(result: Result) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the object and the events of a command, both compared with the schema."""
    told, events = json.loads(result.out), [json.loads(line) for line in result.err.splitlines()]
    OBJECT.validate(told)
    assert set(told) == set(SCHEMA["properties"])
    for event in events:
        EVENT.validate(event)
    return told, events


def test_the_schema_is_one_and_every_command_has_a_failure_here() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert list(FAILURES) == list(examples.ROWS)
    assert SCHEMA["properties"]["format"] == {"const": as_json.FORMAT}


@pytest.mark.parametrize("name", examples.ROWS)
def test_every_command_has_a_result_of_its_own_in_the_schema(name: str) -> None:
    kind = maker.result_of(examples.ROWS[name])
    if name not in NO_OBJECT:
        assert keys(SCHEMA["$defs"][kind])


@pytest.mark.parametrize(("name", "example"), examples.RUNS)
def test_a_command_that_succeeds_has_one_object_and_lines_of_json(
    board: Desk, name: str, example: examples.Example
) -> None:
    examples.lock(board, wanted=example.locked)
    before = board.memories()
    result = board.flash("--json", "--events", *example.words.split())
    told, events = checked(result)
    assert told["command"] == events[0]["command"] == name
    if name in NO_OBJECT:
        assert (result.code, told["error"]["code"]) == (2, "E-USAGE")
        return
    assert (result.code, told["error"]) == (0, None), told["error"]
    assert told["result"] is not None
    assert examples.is_changed(board, before) == examples.changes_memories(name)


@pytest.mark.parametrize("name", FAILURES)
def test_a_command_that_fails_has_one_object_with_the_error(board: Desk, name: str) -> None:
    words, code = FAILURES[name]
    Path("empty").mkdir()  # a machine without a probe
    result = board.flash("--json", "--events", *words.split())
    told, events = checked(result)
    error = told["error"]
    assert (told["command"], error["code"], error["exit_code"]) == (name, code, result.code), error
    assert error["hint"]
    assert {key: value for key, value in events[-2].items() if key != "event"} == error
    without = board.flash(*words.split(), "--json")
    assert json.loads(without.out) == told
    assert without.reason == f"error: {error['message']} [{code}]"


@pytest.mark.parametrize("name", examples.ROWS)
@pytest.mark.parametrize("words", [["--nonsense"], ["-v", "--base"]])
def test_a_wrong_command_line_is_an_object_too(desk: Desk, name: str, words: list[str]) -> None:
    told, _ = checked(desk.run("--json", "--events", *name.split(), *words))
    assert (told["command"], told["error"]["code"], told["result"]) == (name, "E-USAGE", None)
    assert told["error"]["hint"] == f"stm8tool {name} --help says more"


@pytest.mark.parametrize("words", ["", "options", "nonsense", "--nonsense list"])
def test_a_command_line_without_a_command_is_an_object_too(desk: Desk, words: str) -> None:
    told, _ = checked(desk.run(*words.split(), "--json", "--events"))
    assert (told["ok"], told["error"]["code"]) == (False, "E-USAGE")
    assert told["error"]["details"][0].startswith("usage: stm8tool ")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("--help", None),
        ("--version", None),
        ("write --help", "write"),
        ("options set -h", "options set"),
        ("options --help", "options"),
        ("dap --help", "dap"),
    ],
)
def test_help_is_a_result_with_the_name_of_its_command(desk: Desk, words: str, command: Optional[str]) -> None:
    text = desk.run(*words.split()).out
    told, events = checked(desk.run("--json", "--events", *words.split()))
    assert (told["command"], told["result"]) == (command, {"text": text})
    assert [event["command"] for event in events if event["event"] == "begin"] == [command]
    assert desk.run("--events", *words.split()).out == text


def test_a_word_behind_two_dashes_asks_for_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.run("parts", "stm8s103f3").out == desk.run("parts", "--", "stm8s103f3").out
    monkeypatch.setattr("cli.desk.check_machine_form", lambda result, words: None)
    assert desk.run("parts", "--", "--json").reason == "error: no part is called '--json' [E-PART-UNKNOWN]"


def at_the_bus(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the search for a probe end with an error."""

    def bus_of(_selector: str) -> None:
        raise error

    monkeypatch.setattr(selector, "bus_of", bus_of)


def test_ctrl_c_is_an_object_too(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_bus(monkeypatch, KeyboardInterrupt())
    result = board.flash("--json", "--events", "write", "new.hex")
    told, _ = checked(result)
    assert (result.code, told["error"]["code"], told["error"]["exit_code"]) == (130, "E-INTERRUPTED", 130)
    assert "half-written" in told["error"]["message"]
    without = board.flash("--json", "info")
    assert without.reason == "interrupted: the probe is released"
    assert json.loads(without.out)["error"]["message"] == without.reason


def test_ctrl_c_before_the_command_begins_is_an_object_too(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert scripts._is_for_programs(["list", "--json"])
    assert scripts._tell_interrupted(["list", "--json", "--events"]) == 130
    told, _ = checked(Result(130, *capsys.readouterr()))
    assert (told["command"], told["error"]["code"]) == (None, "E-INTERRUPTED")


@pytest.mark.parametrize("is_told", [False, True])
def test_ctrl_c_outside_the_frame_is_told_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["stm8tool", "list", "--json", "--events"])
    monkeypatch.setattr(cli, "main", interrupted)
    monkeypatch.setattr(MachineConsole, "has_told", is_told)
    with pytest.raises(SystemExit) as end:
        scripts.stm8tool()
    result = Result(int(end.value.code or 0), *capsys.readouterr())
    assert result.code == 130
    if is_told:
        assert (result.out, result.err) == ("", "")
    else:
        assert checked(result)[0]["error"]["code"] == "E-INTERRUPTED"


def test_a_defect_is_an_object_too(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_bus(monkeypatch, ZeroDivisionError("by nothing"))
    result = board.flash("--json", "--events", "info")
    told, _ = checked(result)
    error = told["error"]
    assert (result.code, error["code"], error["exit_code"], error["type"]) == (1, "E-DEFECT", 1, None)
    assert error["message"] == "stm8tool has a defect: ZeroDivisionError: by nothing"
    assert error["details"][0] == "Traceback (most recent call last):"
    with pytest.raises(ZeroDivisionError):
        board.flash("info")


def test_a_stdout_without_a_reader_changes_no_exit_code(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "put", lambda stream, text: BrokenPipeError() if stream is sys.stdout else None)
    monkeypatch.setattr("cli.desk.check_machine_form", lambda result, words: None)
    assert board.flash("--json", "info").code == 0
    assert board.flash("--json", "--probe", "sim:missing.chip", "info").code == 2


def test_an_object_that_cannot_be_written_is_an_error_for_people(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put, full = streams.put, OSError(28, "No space left on device")
    monkeypatch.setattr(streams, "put", lambda stream, text: full if stream is sys.stdout else put(stream, text))
    monkeypatch.setattr("cli.desk.check_machine_form", lambda result, words: None)
    result = board.flash("--json", "info")
    assert (result.code, result.reason) == (
        2,
        "error: the output cannot be written: No space left on device [E-FILE]",
    )


def test_end_is_the_last_event_if_stdout_is_full(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put, full = streams.put, OSError(28, "No space left on device")
    monkeypatch.setattr(streams, "put", lambda stream, text: full if stream is sys.stdout else put(stream, text))
    monkeypatch.setattr("cli.desk.check_machine_form", lambda result, words: None)
    for form, ends in (("--events", [2]), ("--json", [0, 2])):
        result = board.flash("--events", form, "info")
        events = [json.loads(line) for line in result.err.splitlines()]
        assert [event["event"] for event in events[-2:]] == ["error", "end"]
        assert [event["exit_code"] for event in events if event["event"] == "end"] == ends
        assert result.code == 2


@pytest.mark.parametrize("form", ["--json", "--events"])
def test_a_stream_ends_when_its_reader_has_gone(board: Desk, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(streams, "put", lambda stream, text: None if stream is sys.stdout else BrokenPipeError())
    monkeypatch.setattr("cli.desk.check_machine_form", lambda result, words: None)
    shown: list[object] = []
    monkeypatch.setattr(MachineConsole, "conclude", lambda self, result: shown.append(result.end))
    assert board.flash(form, "watch", "0x10:uint8_t", "--count", "9").code == 0
    assert shown == ["output"]


def test_a_child_leaves_begin_to_its_parent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHILD, "stdin")
    monkeypatch.setattr("cli.desk.check_machine_form", lambda result, words: None)
    assert [json.loads(line)["event"] for line in desk.run("--events", "udev").err.splitlines()] == ["end"]


def test_a_name_that_is_not_utf8_is_a_text_for_every_reader_of_json(desk: Desk) -> None:
    told, events = checked(desk.flash("--json", "--events", "write", "a\udcff.hex"))
    assert told["error"]["message"].startswith("a\\udcff.hex: ")
    assert events[-2]["message"] == told["error"]["message"]


def test_without_events_stderr_has_the_text_for_people_except_the_result(board: Desk) -> None:
    plain = board.flash("write", "new.hex").out.splitlines()
    board.flash("write", "held.hex")
    told = board.flash("--json", "write", "new.hex")
    (result,) = [line for line in plain if "blocks of" in line]
    assert told.err.splitlines() == [line for line in plain if line != result]


def test_without_json_stdout_has_the_text_for_people(board: Desk) -> None:
    plain = board.flash("write", "new.hex")
    board.flash("write", "held.hex")
    told = board.flash("--events", "write", "new.hex")
    assert told.out == plain.out
    stages = {event["stage"] for event in map(json.loads, told.err.splitlines()) if event["event"] == "progress"}
    assert {"writing", "verifying"} <= stages


def test_the_options_stand_before_or_after_the_command(board: Desk) -> None:
    assert board.flash("--json", "--events", "verify", "held.hex") == board.flash(
        "verify", "held.hex", "--events", "--json"
    )


def test_a_text_that_comes_past_the_console_is_an_event(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def attached(*_: object) -> tuple[list[object], list[str]]:
        print("stm8tool: fetching its Python packages", file=sys.stderr)
        return [], []

    monkeypatch.setattr(selector, "attached", attached)
    _, events = checked(board.run("--json", "--events", "list"))
    assert {"event": "note", "message": "stm8tool: fetching its Python packages"} in events


def test_warnings_have_their_code(desk: Desk) -> None:
    desk.chip(faults=["hsit-stuck"], content=program(64))
    told, events = checked(desk.flash("--json", "--events", "reset"))
    (warning,) = told["warnings"]
    assert warning["code"] == Code.NO_HIGH_SPEED.value
    assert "[E-" not in warning["message"]
    assert {"event": "warning", **warning} in events


def test_verbose_tells_the_log_as_events(board: Desk) -> None:
    _, events = checked(board.flash("--json", "--events", "-vv", "info"))
    levels = {event["level"] for event in events if event["event"] == "log"}
    assert levels == {"info", "debug"}


def test_a_countdown_is_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    console = MachineConsole(json_result=True, events=True)
    console.power_cycle(12)
    console.reset_by_hand(3)
    out, err = capsys.readouterr()
    assert out == ""
    assert [json.loads(line) for line in err.splitlines()][1:] == [
        {"event": "power-cycle", "left_s": 12},
        {"event": "reset-by-hand", "left_s": 3},
    ]


def test_an_error_keeps_what_was_done_before_it(board: Desk) -> None:
    board.chip("cut.chip", faults=["unplug-after=300"], content=program(300))
    Path("next.txt").write_text("7\n")
    words = ("--serial-number", "0x4000,u16,next.txt")
    told, events = checked(board.flash("--json", "--events", "write", "other.hex", *words, chip="cut.chip"))
    assert (told["ok"], told["error"]["code"]) == (False, "E-PROBE-LOST")
    number = {"file": "next.txt", "number": 7, "address": 0x4000, "data": "0007"}
    assert told["result"]["serial_number"] == number
    assert told["result"]["upload"] is None
    assert {"event": "serial-number", **number} in events


def told_in_the_code() -> Iterator[tuple[str, str]]:
    """Yield the file and the name of each event that the package tells."""
    for source in sorted((PACKAGE / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                first = node.args[0]
                if node.func.attr in ("tell", "event", "_emit") and isinstance(first, ast.Constant):
                    yield source.name, first.value


def test_every_event_is_in_the_schema_and_on_the_page() -> None:
    told = {name for _, name in told_in_the_code()}
    documented = {name for cell in first_cells(section(PAGE, "Events")) for name in cell.split(", ")}
    own = first_cells(section(PAGE, "Commands that run for long"))
    documented |= {name for name in own if f"event-{name}" in SCHEMA["$defs"]}
    assert told | {"power-cycle", "reset-by-hand"} == set(maker.EVENTS), "dev/make_schema.py: one row for each event"
    assert documented == set(maker.EVENTS), "docs/machine-interface.md: one row for each event"
    assert len(told) > 15


def test_the_page_has_every_key_of_the_object_and_of_an_error() -> None:
    assert first_cells(section(PAGE, "One object: `--json`").split("### ")[0]) == list(SCHEMA["properties"])
    assert first_cells(section(PAGE, "Errors"))[:-1] == ["type", "code", "exit_code", "message", "hint", "details"]
    assert set(first_cells(section(PAGE, "Errors"))[:-1]) == set(SCHEMA["$defs"]["error"]["required"])


def keys(of: dict[str, Any]) -> list[str]:
    """Return the keys of a schema, or of the one that it names."""
    return keys(SCHEMA["$defs"][of["$ref"].rpartition("/")[2]]) if "$ref" in of else list(of["properties"])


def test_the_page_has_every_key_of_every_result() -> None:
    rows = dict(re.findall(r"^\| `(.*?)` \| (.*) \|$", section(PAGE, "Results"), re.MULTILINE))
    kinds = {name: maker.result_of(row) for name, row in examples.ROWS.items() if name not in NO_OBJECT}
    assert {name: re.findall(r"`(\w+)`", cells) for name, cells in rows.items()} == {
        name: keys(SCHEMA["$defs"][kind]) for name, kind in kinds.items()
    }


def test_values_that_json_does_not_have_get_a_form() -> None:
    assert as_json.plain([float("nan"), float("inf"), 0.5]) == [None, None, 0.5]
    assert as_json.plain({"a": (1, {2}), 3: Path("x")}) == {"a": [1, [2]], "3": "x"}
    assert as_json.plain(b"\x00\xab") == "00AB"
    assert as_json.plain(Code.UBC) == "E-UBC"
    assert as_json.plain(stm8tool.find_part("stm8s103f3")) == "STM8S103F3"


def test_a_program_is_never_asked(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Console, "is_interactive", True)
    for option in ("--json", "--events"):
        result = board.flash(option, "lock")
        assert result.code == 2
        assert re.search(r"add --yes", result.err)
