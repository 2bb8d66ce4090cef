"""What `--json` and `--events` tell of commands that look, watch, serve and debug: a success and a failure of each."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.desk import STM8S, Desk, talking
from cli.test_machine_interface import checked
from cli.test_sim_run import DRAIN, FOREVER, MAIN, SEND, SETUP, firmware, symbol_file
from dwarf_files import small_program
from stm8tool.cli import heard
from stm8tool.cli.console import Console
from stm8tool.cli.process import EXIT_INTERRUPTED
from stm8tool.debugger import server as gdb
from stm8tool.debugger.dap.messages import encoded
from stm8tool.parts.table import find_part
from stm8tool.sim import store
from stm8tool.sim.serial import server as serial_server
from stm8tool.sim.usbip.server import Server
from stm8tool.transport.usb_access import udev_rules

BOARD = ("--probe", "sim:board.chip", "--part", STM8S)


@pytest.fixture
def board(desk: Desk) -> Desk:
    """A desk with board.chip, whose program says hello, and with the ELF of that program."""
    desk.chip(content=talking())
    desk.hex("held.hex", (0x8000, talking()))
    Path("held.elf").write_bytes(small_program(talking()))
    return desk


def object_of(desk: Desk, *words: str) -> dict[str, Any]:
    """Run a command; return its object, which fits the schema, as its events do."""
    return checked(desk.run("--json", "--events", *words))[0]


def result_of(desk: Desk, *words: str) -> dict[str, Any]:
    """Run a command that does its work; return its result."""
    told = object_of(desk, *words)
    assert told["ok"], told["error"]
    found: dict[str, Any] = told["result"]
    return found


def events(desk: Desk, *words: str, code: int = 0) -> list[dict[str, Any]]:
    """Run a command; return its events."""
    result = desk.run("--json", "--events", *words)
    assert result.code == code, result.err
    return checked(result)[1]


def named(name: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in found if event["event"] == name]


# -- probes ----------------------------------------------------------------------------------------------------------


def test_info_has_the_probe_and_the_chip(board: Desk) -> None:
    found = result_of(board, *BOARD, "info")
    assert found["probe"]["place"] == "sim:board.chip"
    assert found["part"] == "STM8S103F3"
    assert found["supply_mv"] in range(3200, 3400)
    chip = found["chip"]
    assert (chip["seen"]["register_map"], chip["seen"]["ram_size"]) == ("stm8s", 1024)
    assert (chip["protection"]["locked"], chip["unique_id"] is not None) == (False, True)
    assert [state["option"]["name"] for state in chip["options"]][:2] == ["ROP", "UBC"]
    assert chip["options"][0]["is_factory"]
    without = result_of(board, "--probe", "sim:board.chip", "info")
    assert (without["part"], without["chip"]["protection"], without["chip"]["options"]) == (None, None, [])


def test_info_keeps_the_probe_if_the_chip_does_not_answer(desk: Desk) -> None:
    desk.chip(faults=["swim-open"])
    told = object_of(desk, *BOARD, "info")
    assert (told["ok"], told["error"]["exit_code"]) == (False, 4)
    assert told["result"]["probe"]["model"]
    assert told["result"]["chip"] is None
    (probe,) = named("probe", events(desk, *BOARD, "info", code=4))
    assert probe["probe"] == told["result"]["probe"]


def test_doctor_has_every_finding(board: Desk) -> None:
    found = result_of(board, *BOARD, "doctor")
    assert (found["probe"], found["part"], found["first_problem"]) == ("sim:board.chip", STM8S, None)
    marks = {finding["key"]: finding["mark"] for finding in found["findings"]}
    assert (marks["python"], marks["link"], marks["part"]) == ("ok", "ok", "note")
    assert named("finding", events(board, *BOARD, "doctor"))[0]["key"] == "python"
    auto = result_of(board, "--probe", "sim:board.chip", "--part", "auto", "doctor")
    assert "STM8S103F3" in auto["parts"]


def test_doctor_with_a_problem_has_the_findings_and_the_error(desk: Desk) -> None:
    desk.chip(locked=True)
    told = object_of(desk, *BOARD, "doctor")
    assert (told["ok"], told["error"]["code"]) == (False, "E-ROP-READ")
    assert told["result"]["first_problem"]["code"] == "E-ROP-READ"
    assert told["error"]["hint"] == told["result"]["first_problem"]["hint"]
    assert told["error"]["hint"].startswith("`unlock` ")
    (bad,) = [finding for finding in told["result"]["findings"] if finding["mark"] == "problem"]
    assert (bad["key"], bad["problem"]["code"]) == ("protection", "E-ROP-READ")


def test_udev_has_the_content_of_the_file(desk: Desk) -> None:
    assert result_of(desk, "udev")["rules"] == udev_rules("stm8tool")
    assert object_of(desk, "udev", "more")["error"]["code"] == "E-USAGE"


# -- simulated boards ------------------------------------------------------------------------------------------------


def test_a_simulated_board_is_made_and_shown(desk: Desk) -> None:
    made = result_of(desk, "--part", STM8S, "--probe", "v3", "sim", "create", "new.chip", "--locked")
    assert made == {
        "chipfile": "new.chip",
        "part": "STM8S103F3",
        "model": "v3",
        "locked": True,
        "program": None,
        "probe": "sim:new.chip",
    }
    shown = result_of(desk, "sim", "show", "new.chip")
    assert (shown["board"]["part"], shown["board"]["model"], shown["board"]["locked"]) == ("STM8S103F3", "v3", True)
    assert [memory["name"] for memory in shown["board"]["memories"]] == ["flash", "eeprom"]
    again = object_of(desk, "--part", STM8S, "sim", "create", "new.chip")
    assert (again["result"], again["error"]["exit_code"]) == (None, 2)
    assert object_of(desk, "sim", "show", "missing.chip")["result"] is None


def test_sim_run_tells_the_output_and_the_end(desk: Desk) -> None:
    desk.chip(content=firmware(SETUP + SEND + FOREVER))
    found = result_of(desk, "sim", "run", "board.chip", "--until-uart", "ready")
    assert (found["end"], found["output"], found["output_size"]) == ("text", "Hello\nready", len(b"Hello\r\nready"))
    assert found["message"].startswith("the program sent 'ready': at 0x0080")
    assert found["pc"] in range(MAIN, MAIN + 0x40)
    symbol_file(desk, main=MAIN)
    told = events(desk, "sim", "run", "board.chip", "--for", "1s", "--elf", "firmware.elf")
    assert "".join(event["text"] for event in named("output", told)) == "Hello\nready\n"
    place = result_of(desk, "sim", "run", "board.chip", "--for", "1s", "--elf", "firmware.elf")["place"]
    assert place.endswith("(main+0x1D)")


def test_sim_run_that_misses_its_goal_has_a_result_and_an_error(desk: Desk) -> None:
    desk.chip(content=firmware(SETUP + SEND + DRAIN + FOREVER))
    told = object_of(desk, "sim", "run", "board.chip", "--until", "steady", "--for", "1s")
    assert (told["ok"], told["error"]["code"]) == (False, "E-RUN-TIME")
    assert (told["result"]["end"], told["result"]["output"]) == ("time", "Hello\nready\n")
    assert told["result"]["message"] is None


def test_a_difference_from_a_real_chip_is_a_warning(desk: Desk) -> None:
    desk.chip(content=firmware("C65400" + FOREVER))  # the ADC
    told = object_of(desk, "sim", "run", "board.chip", "--for", "1ms")
    assert [("ADC" in warning["message"]) for warning in told["warnings"]] == [True]
    (warning,) = named("warning", events(desk, "sim", "run", "board.chip", "--for", "1ms"))
    assert warning["message"] == told["warnings"][0]["message"]


def test_a_long_output_keeps_its_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(heard, "MOST", 10)
    ear = heard.Heard(Console("lines"))
    for number in range(100):
        ear.put(f"{number:02}\r\n".encode())
    ear.put(b"\xe2\x82")
    ear.end()
    assert ear.text == "\n99\n\\xe2\\x82"[-10:]
    assert ear.size == 402
    assert capsys.readouterr().out.startswith("00\n01\n")


def test_a_server_tells_where_it_listens_and_ctrl_c_is_its_usual_end(
    board: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(_server: Server, _listener: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "serve", serve)
    monkeypatch.setattr(serial_server, "interrupted", lambda: True)
    (listening,) = named("listening", events(board, "sim", "serve", "board.chip", "--port", "0"))
    assert listening["probe"].startswith("usbip://127.0.0.1:")
    assert listening["probe"].endswith("/1-1")
    found = result_of(board, "sim", "serve", "board.chip", "--port", "0")
    assert (found["chipfile"], found["probe"][:18]) == ("board.chip", listening["probe"][:18])
    store.create("uart.chip", find_part("stm8s208mb"), "v2")
    assert result_of(board, "sim", "serve-serial", "uart.chip")["probe"].startswith("socket://127.0.0.1:")
    (listening,) = named("listening", events(board, "sim", "serve-serial", "uart.chip", "--rfc2217"))
    assert listening["probe"].startswith("rfc2217://127.0.0.1:")
    for command in ("serve", "serve-serial"):
        told = object_of(board, "sim", command, "uart.chip", "--port", "99999")
        assert (told["result"], told["error"]["code"]) == (None, "E-USAGE")


# -- a running program -----------------------------------------------------------------------------------------------


def test_monitor_counts_and_keeps_the_text(board: Desk) -> None:
    words = (*BOARD, "monitor", "held.hex", "--until", "hello")
    found = result_of(board, *words)
    assert (found["end"], found["received"], found["output"], found["lost"]) == ("text", 6, "hello\n", 0)
    board.chip(content=talking())
    assert [event["text"] for event in named("output", events(board, *words))] == ["hello\n"]
    board.chip(content=talking())
    told = object_of(board, *BOARD, "monitor", "--until", "never", "--for", "100ms")
    assert (told["error"]["code"], told["result"]["end"], told["result"]["received"]) == ("E-RUN-TIME", "time", 6)
    assert told["result"]["seconds"] == pytest.approx(0.1, abs=0.05)


def test_ctrl_c_in_monitor_has_a_result_too(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Console, "is_cut_off", property(_interrupted))
    told = object_of(board, *BOARD, "monitor")
    assert told["error"]["code"] == "E-INTERRUPTED"
    assert told["error"]["exit_code"] == EXIT_INTERRUPTED
    assert (told["result"]["end"], told["result"]["output"]) == ("interrupt", "hello\n")


def _interrupted(_console: Console) -> bool:
    raise KeyboardInterrupt


def test_a_stdout_that_has_other_bytes_has_no_object(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = object_of(board, *BOARD, "monitor", "--raw")
    assert told["error"]["message"] == "--raw and --json both need stdout"
    session = [encoded({"seq": 1, "type": "request", "command": "initialize", "arguments": {}})]
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"".join(session)), isatty=lambda: False))
    told = object_of(board, *BOARD, "dap")
    assert (told["error"]["code"], told["result"]) == ("E-USAGE", None)
    assert told["error"]["hint"]
    result = board.run("--events", *BOARD, "dap")
    assert result.out.startswith("Content-Length: ")
    assert [json.loads(line)["event"] for line in result.err.splitlines()] == ["begin", "end"]


def test_watch_tells_the_last_sample(board: Desk) -> None:
    found = result_of(board, *BOARD, "watch", "held.elf", "counter", "motor", "--count", "3")
    assert (found["end"], found["samples"], found["variables"]) == ("count", 3, None)
    assert found["last"]["time_s"] == pytest.approx(0.2, abs=0.01)
    assert found["last"]["values"]["motor"] == {"speed": 0, "on": 0}
    assert (found["last"]["torn"], found["last"]["problems"]) == ([], {})
    assert result_of(board, *BOARD, "watch", "held.elf", "counter", "--for", "300ms")["end"] == "time"
    listed = result_of(board, *BOARD, "watch", "held.elf", "--list")
    assert (listed["end"], listed["last"]) == ("list", None)
    assert listed["variables"][0] == {"name": "counter", "address": 0x10, "type": "unsigned char"}
    told = object_of(board, *BOARD, "watch", "held.elf", "missing")
    assert (told["error"]["code"], told["result"]) == ("E-NO-VARIABLE", None)


def test_watch_that_fails_in_the_middle_tells_what_it_saw(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from stm8tool.cli import watch_outputs

    held, count = watch_outputs.Lines.show, 0

    def show(self: watch_outputs.Lines, sample: watch_outputs.Sample) -> None:
        nonlocal count
        count += 1
        held(self, sample)
        if count == 2:
            raise watch_outputs.UsageError("the disk is full", hint="make room")

    monkeypatch.setattr(watch_outputs.Lines, "show", show)
    told = object_of(board, *BOARD, "watch", "held.elf", "gain")
    assert told["error"]["message"] == "the disk is full"
    assert (told["result"]["end"], told["result"]["samples"]) == ("error", 1)
    assert told["result"]["last"]["values"] == {"gain": 0}


def test_set_tells_each_variable(board: Desk) -> None:
    found = result_of(board, *BOARD, "set", "held.elf", "gain=12", "motor.on=1")
    assert found["variables"][0] == {
        "name": "gain",
        "before": 0,
        "after": 12,
        "wanted": "12",
        "is_kept": True,
        "disturbed": False,
    }
    assert [variable["name"] for variable in found["variables"]] == ["gain", "motor.on"]
    assert [event["name"] for event in named("set", events(board, *BOARD, "set", "held.elf", "gain=1"))] == ["gain"]
    assert object_of(board, *BOARD, "set", "held.elf", "gain=300")["error"]["code"] == "E-USAGE"
    told = object_of(board, *BOARD, "set", "0x10:uint8_t=5", "table[0]=1")
    assert (told["ok"], told["result"]) == (False, None)


# -- debuggers -------------------------------------------------------------------------------------------------------


def test_debug_tells_the_answer_of_each_command(board: Desk) -> None:
    words = (*BOARD, "debug", "held.elf", "--do", "print counter", "--do", "set counter = 3", "--do", "print counter")
    found = result_of(board, *words)
    assert found["place"].startswith("0x00")
    assert [(done["command"], done["answer"]) for done in found["commands"]] == [
        ("print counter", "counter = 0"),
        ("set counter = 3", ""),
        ("print counter", "counter = 3"),
    ]
    told = events(board, *words)
    assert [event["command"] for event in named("command", told)] == [done["command"] for done in found["commands"]]
    assert named("place", told)[0]["place"] == found["place"]


def test_debug_tells_what_was_done_before_a_command_that_fails(board: Desk) -> None:
    told = object_of(
        board, *BOARD, "debug", "held.elf", "--do", "registers", "--do", "print nothing", "--do", "registers"
    )
    assert (told["ok"], told["error"]["code"]) == (False, "E-USAGE")
    assert [done["command"] for done in told["result"]["commands"]] == ["registers"]


def test_gdbserver_that_is_interrupted_tells_its_port(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(_server: gdb.GdbServer, ready: Any) -> None:
        ready(4000)
        raise KeyboardInterrupt

    monkeypatch.setattr(gdb.GdbServer, "serve", serve)
    told = object_of(board, *BOARD, "gdbserver")
    assert (told["error"]["code"], told["result"]) == (
        "E-INTERRUPTED",
        {"host": "127.0.0.1", "port": 4000, "clients": 0},
    )
    (listening,) = named("listening", events(board, *BOARD, "gdbserver", code=EXIT_INTERRUPTED))
    assert (listening["host"], listening["port"]) == ("127.0.0.1", 4000)
    assert object_of(board, *BOARD, "gdbserver", "--port", "http")["result"] is None
