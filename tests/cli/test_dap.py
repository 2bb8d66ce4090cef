"""`dap` with a client that makes mistakes: each is an answer with a sentence, and the chip is let go."""

from __future__ import annotations

import io
import json
import re
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from cli.desk import Desk, Result, talking
from dwarf_files import small_program
from stm8tool.chip.flash.controller import Flash
from stm8tool.debugger.dap.messages import LONGEST, encoded
from stm8tool.sim import store

HEAD = re.compile(rb"Content-Length: (\d+)\r\n\r\n")


@pytest.fixture
def board(desk: Desk) -> Desk:
    desk.chip(content=talking())
    (desk.folder / "held.elf").write_bytes(small_program(talking()))
    return desk


class Talk:
    """What an adapter says to the bytes of a client."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False))
        self.result: Result = desk.flash("dap")
        self.messages: list[dict[str, Any]] = []
        rest = self.result.out.encode("ascii")
        while rest:
            head = HEAD.match(rest)
            assert head, rest
            end = head.end() + int(head[1])
            self.messages.append(json.loads(rest[head.end() : end]))
            rest = rest[end:]
        assert [message["seq"] for message in self.messages] == list(range(1, len(self.messages) + 1))

    def texts(self) -> list[str]:
        """Return what the user sees of each failure."""
        return [message["body"]["error"]["variables"]["text"] for message in self.messages if not message["success"]]


def requests(*given: tuple[str, dict[str, Any]]) -> bytes:
    return b"".join(
        encoded({"seq": number, "type": "request", "command": command, "arguments": arguments})
        for number, (command, arguments) in enumerate(given, 1)
    )


BEGIN = ("initialize", {"adapterID": "stm8tool"})


def test_a_chip_that_sleeps_in_halt_is_said_and_the_session_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps = b"\x82\x00\x80\x04\x8e\x20\xfd"  # HALT
    desk.chip(content=sleeps)
    (desk.folder / "held.elf").write_bytes(small_program(sleeps))
    launch = ("launch", {"program": "held.elf"})
    points = ("setFunctionBreakpoints", {"breakpoints": [{"name": "*0x8004"}]})
    talk = Talk(desk, monkeypatch, requests(BEGIN, launch, ("configurationDone", {}), points, ("disconnect", {})))
    assert talk.result.code == 0
    refused, last = talk.messages[-2:]
    assert refused["message"] == "the chip sleeps in HALT, so its CPU cannot be stopped"
    assert (last["command"], last["success"]) == ("disconnect", True)
    assert not [message for message in talk.messages if message.get("event") == "stopped"]
    assert store.describe(desk.folder / "board.chip").state == "running: asleep in HALT"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "the head of a message has no Content-Length"),
        (b"x" * 5000, "the client does not speak the Debug Adapter Protocol"),
        (b"\xff\xfe", "the client does not speak the Debug Adapter Protocol"),
        (b"Content-Length: %d\r\n\r\n" % (LONGEST + 1), f"Content-Length {LONGEST + 1} is too long"),
        (b"Content-Length: " + b"9" * 1000 + b"\r\n\r\n", "is too long: a message has at most"),
        (b"Content-Length: -5\r\n\r\n", "Content-Length -5 is not a number of bytes"),
        (b"Content-Length: \xff\r\n\r\n", r"Content-Length \xff is not a number of bytes"),
        (b"Content-Length:\r\n\r\n", "Content-Length without a number"),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "the head of a message has Content-Length 2 times"),
    ],
)
def test_a_client_that_speaks_something_else_is_told_and_the_session_ends(
    board: Desk, monkeypatch: pytest.MonkeyPatch, data: bytes, words: str
) -> None:
    talk = Talk(board, monkeypatch, requests(BEGIN) + data)
    _, output, last = talk.messages
    assert words in output["body"]["output"]
    assert last["event"] == "terminated"
    assert talk.result.code == 2
    assert words in talk.result.reason
    assert talk.result.hint


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "a message is not JSON"),
        (b"[" * 100_000, "a message is not JSON"),
        (b"\xff", "a message is not JSON"),
        (b"[]", "a message is not an object of JSON"),
        (b"{}", "a message has no number `seq`"),
        (b'{"seq": 1, "type": "event", "event": "x"}', "a message is not a request with a command"),
        (b'{"seq": 1, "type": "request", "command": "threads", "arguments": 3}', "the arguments of threads"),
    ],
)
def test_a_message_that_is_not_a_request_is_answered_and_the_session_goes_on(
    board: Desk, monkeypatch: pytest.MonkeyPatch, body: bytes, words: str
) -> None:
    data = b"Content-Length: %d\r\n\r\n" % len(body) + body
    talk = Talk(board, monkeypatch, data + requests(BEGIN))
    assert words in talk.texts()[0]
    assert talk.messages[1]["success"]
    assert talk.result.code == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([("launch", {})], "launch came before initialize [E-DEBUG]. Send initialize first"),
        ([BEGIN, BEGIN], "initialize came twice [E-DEBUG]. Send it once"),
        ([BEGIN, ("next", {})], "no program is debugged, so next is not possible [E-DEBUG]. Send launch or attach"),
        ([BEGIN, ("configurationDone", {})], "no program is debugged, so configurationDone is not possible"),
        ([BEGIN, ("frobnicate" * 20, {})], "the request frobnicatefrobnicatefrobnicatefrobnicate… is not supported"),
        ([BEGIN, ("launch", {"program": 3})], "program of launch is not a text [E-USAGE]. Give a text as program"),
        ([BEGIN, ("launch", {"program": "none.elf"})], "none.elf"),
        ([("initialize", {"pathFormat": "uri"})], "only pathFormat path is supported"),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence_and_a_hint(
    board: Desk, monkeypatch: pytest.MonkeyPatch, given: list[tuple[str, dict[str, Any]]], words: str
) -> None:
    talk = Talk(board, monkeypatch, requests(*given))
    (text,) = talk.texts()
    assert words in text
    assert talk.result == Result(0, talk.result.out, "")
    assert board.is_idle()


def test_a_hint_that_is_a_command_keeps_its_letters(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    launch = ("launch", {"program": "held.elf", "probe": "sim:missing.chip"})
    talk = Talk(desk, monkeypatch, requests(BEGIN, launch))
    assert "[E-USAGE]. stm8tool sim create missing.chip" in talk.texts()[0]


def test_the_probe_speaks_only_to_stderr_and_the_chip_is_let_go(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    launch = ("launch", {"program": "held.elf", "stopOnEntry": True})
    asked = [
        ("scopes", {"frameId": 10**9}),
        ("variables", {"variablesReference": -1}),
        ("evaluate", {"expression": ""}),
    ]
    memory = ("readMemory", {"memoryReference": "0x8000", "count": 4})
    far = ("readMemory", {"memoryReference": "0x1000000", "count": 4})
    talk = Talk(board, monkeypatch, requests(BEGIN, launch, ("configurationDone", {}), *asked, memory, far))
    found = {m["request_seq"]: m for m in talk.messages if m["type"] == "response"}
    assert [found[number]["success"] for number in range(1, 9)] == [True, True, True, False, False, False, True, False]
    assert found[7]["body"]["data"]
    assert [m["event"] for m in talk.messages if m["type"] == "event"] == ["initialized", "stopped"]
    assert talk.result.code == 0
    assert board.is_idle()


def test_on_a_terminal_the_command_says_that_an_editor_starts_it(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    result = board.flash("dap")
    assert result.code == 2
    assert "an editor starts this command" in result.reason


def test_an_interrupted_upload_warns_of_a_half_written_chip(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor shows the warning, and a terminal the last line."""
    board.chip(content=bytes(64))
    launch = ("launch", {"program": "held.elf", "upload": True})
    with monkeypatch.context() as patched:
        patched.setattr(Flash, "unlock", lambda *_, **__: signal.raise_signal(signal.SIGINT))
        talk = Talk(board, patched, requests(BEGIN, launch))
    shown = talk.messages[-1]["body"]["output"]
    assert shown == "the upload was interrupted, so the chip may be half-written: upload again\n"
    assert talk.result.code == 130
    assert talk.result.reason.endswith("released; the chip may be half-written: run the command again")
    assert board.flash("write", "held.elf").code == 0
    assert board.is_idle()


def test_an_interrupt_after_the_upload_warns_of_nothing(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stm8tool.debugger.begin._reach", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    launch = ("launch", {"program": "held.elf", "upload": True})
    talk = Talk(board, monkeypatch, requests(BEGIN, launch))
    assert (talk.result.code, talk.result.reason) == (130, "interrupted: the probe is released")
