"""`stm8tool dap` as an editor uses it, with programs by a real SDCC on the executing simulator."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import documents
from dap_client import DapClient, RefusedError
from debugged import build, line_of
from pio import Core
from stm8tool.parts.table import find_part
from stm8tool.sim import store

pytestmark = pytest.mark.platform

PART = "stm8s103f3"
WORDS = ["--probe", "sim:board.chip", "--part", PART]
MAIN_C = """\
#include <stdint.h>
struct motor { int16_t total; uint8_t speed[3]; struct motor *next; };
static struct motor left = {3, {10, 20, 30}, &left};
volatile uint8_t rounds;
volatile uint8_t ready;

static int16_t sum(uint8_t count, int16_t start)
{
    int16_t result = start;
    uint8_t i;
    for (i = 0; i < count; i++)
        result += left.speed[i];
    return result;
}

static void wait(void)
{
    while (!ready)
        ;
}

void main(void)
{
    int16_t found = 0;
    for (;;) {
        found = sum(3, 100);
        left.total = found;
        rounds++;
        if (rounds == 5)
            wait();
    }
}
"""


def at(words: str) -> int:
    return line_of(MAIN_C, words)


@pytest.fixture(scope="module")
def sdcc(core: Core) -> str:
    return core.sdcc()


@pytest.fixture(params=["v2", "v3"])
def probe(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def board(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probe: str) -> Path:
    """A folder with program.elf, and a board.chip that holds it."""
    monkeypatch.chdir(tmp_path)
    build(sdcc, tmp_path, {"src/main.c": MAIN_C})
    assert documents.run(["sim", "create", "board.chip", "--part", PART, "--probe", probe])[0] == 0
    code, shown = documents.run([*WORDS, "write", "program.elf"])
    assert code == 0, shown
    return tmp_path


@pytest.fixture
def client(board: Path) -> Iterator[DapClient]:
    with DapClient(board, WORDS) as client:
        yield client


def breakpoints(client: DapClient, *lines: int) -> list[dict[str, Any]]:
    source = {"path": str(Path("src/main.c").resolve())}
    rows: list[dict[str, Any]] = client.ask(
        "setBreakpoints", source=source, breakpoints=[{"line": line} for line in lines]
    )["breakpoints"]
    return rows


def let_go(folder: Path) -> None:
    """Require that the program runs on without breakpoints, and that another command can use the probe."""
    code, shown = documents.run([*WORDS, "read", "held.bin", "--region", "ram"])
    assert code == 0, shown
    with DapClient(folder, WORDS) as other:
        other.begin("attach", program="program.elf", stopOnEntry=True)
        other.ask("configurationDone")
        other.event("stopped")
        ran = other.ask("evaluate", expression="rounds")["result"]
        assert ran.startswith("5")  # it has come to wait()
        other.ask("disconnect")


def test_a_session_from_launch_to_disconnect(client: DapClient, board: Path) -> None:
    client.begin(program="program.elf", stopOnEntry=True)
    (row,) = breakpoints(client, at("return result"))
    assert (row["verified"], row["line"]) == (True, at("return result"))
    assert client.ask("threads") == {"threads": [{"id": 1, "name": "STM8S103F3"}]}
    client.ask("configurationDone")
    assert client.event("stopped")["reason"] == "entry"
    assert client.top() == ("main", at("found = sum"))
    stop = client.go("continue")
    assert (stop["reason"], stop["hitBreakpointIds"]) == ("breakpoint", [row["id"]])
    frames = client.ask("stackTrace", threadId=1)["stackFrames"]
    assert [frame["name"] for frame in frames] == ["sum", "main"]
    assert Path(frames[0]["source"]["path"]).samefile("src/main.c")
    found = client.variables(client.scope("Locals"))
    assert (found["count"]["value"], found["count"]["type"]) == ("3", "unsigned char")
    assert found["start"]["value"] == "<in a register, known at the function's entry only>"
    stop = client.go("stepOut")
    assert stop["description"] == "returned: 160"
    assert client.top() == ("main", at("left.total = found"))
    client.go("next")
    assert client.top() == ("main", at("rounds++"))
    client.ask("disconnect")
    code, rest, err = client.end()
    assert (code, rest, err) == (0, b"", "")
    let_go(board)


def test_structures_arrays_and_pointers_open(client: DapClient) -> None:
    client.begin(program="program.elf")
    breakpoints(client, at("return result"))
    client.ask("configurationDone")
    assert client.event("continued")["threadId"] == 1
    client.event("stopped")
    left = client.variables(client.scope("Globals"))["left"]
    parts = client.variables(left["variablesReference"])
    assert {name: part["value"] for name, part in parts.items() if name != "next"} == {
        "total": "3",
        "speed": "[10, 20, 30]",
    }
    speed = parts["speed"]
    assert speed["indexedVariables"] == 3
    rows = client.variables(speed["variablesReference"], filter="indexed", start=1, count=2)
    assert {name: row["value"].split()[0] for name, row in rows.items()} == {"[1]": "20", "[2]": "30"}
    pointed = client.variables(parts["next"]["variablesReference"])["*"]
    again = client.variables(pointed["variablesReference"])
    assert again["total"]["value"] == "3"
    assert client.ask("evaluate", expression=again["total"]["evaluateName"])["result"] == "3"
    memory = client.ask("readMemory", memoryReference=speed["memoryReference"], count=3)
    assert base64.b64decode(memory["data"]) == bytes([10, 20, 30])
    registers = client.variables(client.scope("Registers"))
    assert list(registers) == ["pc", "a", "x", "y", "sp", "cc"]
    assert client.variables(client.scope("Registers", 1))["a"]["value"].startswith("<not known")


def test_variables_and_registers_are_set(client: DapClient) -> None:
    client.begin(program="program.elf", stopOnEntry=True)
    client.ask("configurationDone")
    client.event("stopped")
    left = client.variables(client.scope("Globals"))["left"]["variablesReference"]
    speed = client.variables(left)["speed"]["variablesReference"]
    assert client.ask("setVariable", variablesReference=speed, name="[2]", value="77")["value"].startswith("77")
    registers = client.scope("Registers")
    assert client.ask("setVariable", variablesReference=registers, name="x", value="0x1234")["value"] == "0x1234"
    assert client.ask("evaluate", expression="left.speed[2] + 1", frameId=client.frame())["result"] == "78"
    with pytest.raises(RefusedError, match="999 does not fit"):
        client.ask("setVariable", variablesReference=speed, name="[2]", value="999")
    with pytest.raises(RefusedError, match="no variable nothing is known here"):
        client.ask("evaluate", expression="nothing")


def test_the_third_breakpoint_in_flash_is_not_verified_and_its_sentence_says_why(client: DapClient) -> None:
    client.begin(program="program.elf")
    rows = breakpoints(client, at("return result"), at("rounds++"), at("left.total = found"))
    assert [row["verified"] for row in rows] == [True, True, False]
    assert rows[2]["message"].startswith("no comparator is free for fetch at 0x00")
    assert "the chip compares two addresses only" in rows[2]["message"]
    assert "[E-DEBUG]. Delete one of the breakpoints first: " in rows[2]["message"]
    assert [row["verified"] for row in breakpoints(client, at("left.total = found"))] == [True]
    (row,) = client.ask("setFunctionBreakpoints", breakpoints=[{"name": "wait"}])["breakpoints"]
    assert row["verified"]
    source = {"path": "/elsewhere/other.c"}
    (row,) = client.ask("setBreakpoints", source=source, breakpoints=[{"line": 1}])["breakpoints"]
    assert row["message"].startswith("no code comes from the file other.c [E-USAGE]. Files with code: ")
    client.ask("configurationDone")
    client.event("stopped")
    assert client.top() == ("main", at("left.total = found"))


def test_a_running_program_is_paused_and_takes_breakpoints_meanwhile(client: DapClient) -> None:
    client.begin(program="program.elf")
    client.ask("configurationDone")
    with pytest.raises(RefusedError, match=r"the program runs, so stackTrace is not possible .*\. Send pause first"):
        client.ask("stackTrace", threadId=1)
    breakpoints(client, at("while (!ready)"))
    stop = client.event("stopped")
    assert stop["reason"] == "breakpoint"
    breakpoints(client)
    client.ask("continue", threadId=1)
    client.ask("pause", threadId=1)
    assert client.event("stopped")["reason"] == "pause"
    assert client.top()[0] in ("main", "sum", "wait")


def test_data_breakpoints_and_instructions(client: DapClient) -> None:
    client.begin(program="program.elf", stopOnEntry=True)
    client.ask("configurationDone")
    client.event("stopped")
    number = client.scope("Globals")
    info = client.ask("dataBreakpointInfo", variablesReference=number, name="rounds")
    (row,) = client.ask("setDataBreakpoints", breakpoints=[{"dataId": info["dataId"], "accessType": "write"}])[
        "breakpoints"
    ]
    assert row["verified"]
    assert client.go("continue")["reason"] == "data breakpoint"
    client.ask("setDataBreakpoints", breakpoints=[])
    frame = client.ask("stackTrace", threadId=1)["stackFrames"][0]
    client.go("stepIn", granularity="instruction")
    assert (
        client.ask("stackTrace", threadId=1)["stackFrames"][0]["instructionPointerReference"]
        != (frame["instructionPointerReference"])
    )
    here = [{"instructionReference": frame["instructionPointerReference"]}]
    (row,) = client.ask("setInstructionBreakpoints", breakpoints=here)["breakpoints"]
    assert client.go("continue")["hitBreakpointIds"] == [row["id"]]


def test_the_end_of_stdin_lets_a_halted_and_a_running_program_go(board: Path) -> None:
    for stops in (True, False):
        with DapClient(board, WORDS) as client:
            client.begin(program="program.elf", stopOnEntry=stops)
            breakpoints(client, *([at("left.total = found")] if stops else []))
            client.ask("configurationDone")
            if stops:
                client.event("stopped")
            assert client.end()[0] == 0
        let_go(board)


def test_terminate_lets_the_program_go_and_the_client_disconnects_then(client: DapClient, board: Path) -> None:
    client.begin(program="program.elf")
    client.ask("configurationDone")
    client.ask("terminate")
    client.event("terminated")
    with pytest.raises(RefusedError, match="no program is debugged"):
        client.ask("threads")
    client.ask("disconnect")
    assert client.end()[0] == 0
    let_go(board)


def test_attach_halts_without_a_reset_and_launch_uploads_only_if_asked(board: Path, sdcc: str) -> None:
    build(sdcc, board, {"src/main.c": MAIN_C.replace("sum(3, 100)", "sum(3, 101)")})
    with DapClient(board, ["--part", PART]) as client:
        client.ask("initialize", adapterID="stm8tool")
        with pytest.raises(RefusedError, match=r"the chip runs another program than program.elf \[E-OTHER-BUILD\]"):
            client.ask("launch", program="program.elf", probe="sim:board.chip")
        client.ask("launch", program="program.elf", probe="sim:board.chip", part=PART, upload=True)
        client.event("initialized")
        client.ask("configurationDone")
        assert client.end()[0] == 0
    let_go(board)


def test_a_program_that_cannot_be_used_is_refused_and_the_session_goes_on(board: Path) -> None:
    with DapClient(board) as client:
        client.ask("initialize", adapterID="stm8tool")
        for arguments, words in (
            ({}, "program of launch is not a text"),
            ({"program": "program.elf"}, "which chip"),
            ({"program": "program.elf", "part": "stm8s999"}, "E-PART-UNKNOWN"),
            ({"program": "none.elf", "part": PART, "probe": "sim:board.chip"}, "none.elf"),
            ({"program": "program.elf", "part": PART, "probe": "sim:none.chip"}, "none.chip"),
            ({"program": "program.elf", "part": PART, "source": "none"}, "source none is not a folder"),
            ({"program": "program.elf", "stopOnEntry": "yes"}, "stopOnEntry of launch is not true or false"),
        ):
            with pytest.raises(RefusedError, match=re.escape(words)):
                client.ask("launch", **arguments)
        client.ask("launch", program="program.elf", part=PART, probe="sim:board.chip")
        client.ask("disconnect")
        assert client.end()[0] == 0


def test_a_lost_probe_ends_the_session(board: Path, probe: str) -> None:
    assert documents.run([*WORDS, "read", "held.bin", "--region", "flash"])[0] == 0
    held = Path("held.bin").read_bytes()
    store.create("lost.chip", find_part(PART), probe, content=held, faults=["unplug-after=900"])
    with DapClient(board, ["--probe", "sim:lost.chip", "--part", PART]) as client:
        client.begin(program="program.elf")
        client.ask("configurationDone")
        assert "[E-PROBE-LOST]" in client.event("output")["output"]
        client.event("terminated")
        client.ask("disconnect")
        code, _, err = client.end()
    assert code == 3
    assert "[E-PROBE-LOST]" in err.splitlines()[-1]


def test_the_page_shows_what_an_editor_needs(sdcc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the page launch the program of the page."""
    monkeypatch.chdir(tmp_path)
    page = documents.read("docs/debugging.md")
    (source,) = re.findall(
        r"^```c\n(.*?)^```", documents.section(page, "From nothing to a printed local"), re.MULTILINE | re.DOTALL
    )
    Path("blink.c").write_text(source, encoding="utf-8")
    text = documents.section(page, "Editors")
    for example in documents.examples(text):
        if example.command.startswith("sdcc "):
            subprocess.run([sdcc, *example.words], check=True, capture_output=True)
            continue
        code, shown = example.run()
        assert code == 0, shown
    (launch,) = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (settings,) = json.loads(launch.replace("${workspaceFolder}", tmp_path.as_posix()))["configurations"]
    (lua,) = re.findall(r"^```lua\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert re.findall(r'"([^"]*)"', re.findall(r"args = \{(.*?)\}", lua)[0]) == ["dap"]
    for name in ("program", "probe", "part"):
        assert f'{name} = "' in lua
    with DapClient(tmp_path) as client:
        client.begin(**{name: value for name, value in settings.items() if name not in ("name", "type", "request")})
        source_file = {"path": str(tmp_path / "blink.c")}
        line = line_of(source, "return total + i")
        client.ask("setBreakpoints", source=source_file, breakpoints=[{"line": line}])
        client.ask("configurationDone")
        client.event("stopped")
        assert client.variables(client.scope("Locals"))["times"]["value"].startswith("1")
        client.ask("disconnect")
        assert client.end()[0] == 0
