"""`debug` and `dap` as processes that are killed or interrupted: the program runs on, and the probe is free."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cli.desk import ROOT, STM8S, Desk, finish, start, talking
from dap_client import DapClient
from dwarf_files import small_program
from patience import LIMIT_S, ended
from sim.importer import serving
from stm8tool.sim import store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL, and no process that outlives another")

_TOOL = str(ROOT / "tool")


class Served:
    """A simulated board at a server, which keeps what a killed process has left.

    Attributes:
        folder: Where its program is.
        words: The options that reach it.
    """

    def __init__(self, folder: Path, chip: Path, port: int) -> None:
        self.folder = folder
        self.words = ["--probe", f"usbip://127.0.0.1:{port}", "--part", STM8S]
        self._chip = chip

    def debug(self, *words: str, source: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start `debug`, and wait until the program is halted."""
        process = subprocess.Popen(
            [sys.executable, "-I", _TOOL, *self.words, "debug", "held.elf", *words],
            cwd=self.folder,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # a terminal signals a whole process group
        )
        shown = process.stderr if "--json" in words else process.stdout
        assert shown is not None
        while not shown.readline().startswith("0x00"):
            assert process.poll() is None
        return process

    def dap(self) -> DapClient:
        """Start `dap`, and wait until the program is halted."""
        client = DapClient(self.folder, self.words)
        client.begin(program="held.elf", stopOnEntry=True)
        client.ask("configurationDone")
        assert client.event("stopped")["reason"] == "entry"
        return client

    def is_free(self) -> bool:
        """Tell whether another command gets the probe, and the program runs."""
        read = [*self.words, "watch", "0x10:uint8_t", "--count", "1"]
        result = finish(start("-I", _TOOL, *read, folder=self.folder))
        return result.code == 0


@pytest.fixture
def board(desk: Desk) -> Iterator[Served]:
    chip = desk.chip(content=talking())
    (desk.folder / "held.elf").write_bytes(small_program(talking()))
    with serving(chip) as server:
        yield Served(desk.folder, chip, server.port)
    report = store.describe(chip)
    assert (report.state, report.probe_mode == 3) == ("running", False)


def test_a_debugger_that_is_killed_lets_the_program_run(board: Served) -> None:
    process = board.debug()
    process.kill()
    assert process.stdout is not None
    assert process.stdout.read() == ""  # until both processes have ended
    _, err = ended(process)
    assert process.returncode == -signal.SIGKILL
    assert err.splitlines()[-1] == "interrupted: the probe is released"
    assert board.is_free()


def test_ctrl_backslash_on_a_terminal_lets_the_program_run(board: Served) -> None:
    source, other = os.openpty()
    process = board.debug(source=other)
    os.killpg(process.pid, signal.SIGQUIT)
    _, err = ended(process)
    os.close(source)
    os.close(other)
    assert process.returncode == -signal.SIGQUIT
    assert err.splitlines()[-1] == "interrupted: the probe is released"
    assert board.is_free()


def test_an_adapter_that_is_killed_lets_the_program_run(board: Served) -> None:
    with board.dap() as client:
        client.signal(signal.SIGKILL)
        code, _, err = client.end()
    assert code == -signal.SIGKILL
    assert err.splitlines()[-1] == "interrupted: the probe is released"
    assert board.is_free()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells which process is the child")
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_death_of_the_child_alone_is_told_and_the_hint_leads_out(board: Served, form: list[str]) -> None:
    process = board.debug(*form)
    os.kill(child_of(process.pid), signal.SIGKILL)
    out, err = ended(process)
    assert err.splitlines()[-2:] == [
        "hint: the CPU of the chip may be stopped: `reset` starts its program",
        "error: the process that used the probe was killed by signal SIGKILL, so it did not let the chip go "
        "[E-NOT-RUNNING]",
    ]
    assert process.returncode == 1
    assert [json.loads(line)["error"]["code"] for line in out.splitlines()] == ["E-NOT-RUNNING"] * len(form)
    assert finish(start("-I", _TOOL, *board.words, "reset", folder=board.folder)).code == 0
    assert board.is_free()


def child_of(parent: int) -> int:
    """Return the only child of a process."""
    of = {int(path.parent.name): path for path in Path("/proc").glob("[0-9]*/stat")}
    (child,) = [process for process, path in of.items() if parent_in(path) == parent]
    return child


def parent_in(stat: Path) -> int:
    """Return the parent that the system tells about a process; 0 if the process has ended meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return int(stat.read_text("ascii", "replace").rpartition(")")[2].split()[1])
    return 0


def test_a_program_that_runs_in_a_killed_debugger_loses_its_breakpoints(board: Served) -> None:
    process = board.debug("--do", "break *0x9000", "--do", "print 1", "--do", "continue", source=subprocess.DEVNULL)
    assert process.stdout is not None
    while process.stdout.readline() != "1 = 1\n":
        pass
    process.kill()
    ended(process)
    assert board.is_free()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])  # by name: Windows has no SIGHUP
def test_a_signal_that_ends_the_started_process_ends_the_command(board: Served, name: str) -> None:
    with board.dap() as client:
        client.signal(signal.Signals[name])
        code, _, err = client.end()
    assert (code, err) == (130, "interrupted: the probe is released\n")
    assert board.is_free()


def test_the_exit_code_and_the_last_words_are_those_of_the_child(board: Served) -> None:
    process = board.debug("--do", "frobnicate", source=subprocess.DEVNULL)
    out, err = ended(process)
    assert process.returncode == 2
    assert err.splitlines()[-1].startswith("error: 'frobnicate' is not a command")
    assert err.count("error: ") == 1
    assert out == ""
    assert board.is_free()


def test_commands_come_through_the_stdin_of_the_started_process(board: Served) -> None:
    process = board.debug()
    out, err = ended(process, "print counter + 1\nquit\n")
    assert (process.returncode, out, err) == (0, f"counter + 1 = {int(out.split()[-1])}\n", "")
    assert board.is_free()


@pytest.mark.parametrize("form", [[], ["--json", "--events"]])
def test_a_closed_stdin_has_no_commands(board: Served, form: list[str]) -> None:
    words = [sys.executable, "-I", _TOOL, *form, *board.words, "debug", "held.elf"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *words],
        cwd=board.folder,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if form:
        events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
        assert [event for event in events if event != "note"] == ["begin", "place", "end"]
