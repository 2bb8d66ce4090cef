"""stm8tool as a process of its own: how PlatformIO starts it, pipes, signals, and two at a time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

import pytest

from cli.desk import PATIENT, ROOT, STM8S, Desk, finish, program, start, talking
from patience import LIMIT_S, ended
from stm8tool.errors import Code

_TOOL = str(ROOT / "tool")
_FLASH = ("--probe", "sim:board.chip", "--part", STM8S)
# After the first line about its progress, the next wait of the tool or its probe ends when a signal has come.
_STOPPED_IN_THE_MIDDLE = """
import os, signal, sys
sys.path.insert(0, sys.argv.pop(1))
from stm8tool.cli.scripts import stm8tool
from stm8tool.sim import store

arrived, arrives = os.pipe()
os.set_blocking(arrives, False)
signal.set_wakeup_fd(arrives)
write = sys.stdout.write

def write_and_tell(text):
    Clock.waits = True if Clock.waits is False and text.startswith("writing") else Clock.waits
    return write(text)

class Clock(store.VirtualClock):
    waits = False
    def sleep(self, seconds):
        super().sleep(seconds)
        if Clock.waits:
            Clock.waits = None
            sys.stdout.flush()
            os.read(arrived, 1)

sys.stdout.write = write_and_tell
store.VirtualClock = Clock
stm8tool()
"""


@pytest.mark.parametrize("how", [(_TOOL,), ("-m", "stm8tool")], ids=["python tool", "python -m stm8tool"])
def test_a_firmware_is_uploaded_by_the_tool_started_in_either_way(desk: Desk, how: Sequence[str]) -> None:
    desk.chip(locked=True)
    file = desk.hex("firmware.hex", (0x8000, program(1000)))
    result = finish(start(*how, *_FLASH, "write", file, folder=desk.folder, PYTHONPATH=_TOOL))
    assert result.code == 0
    assert desk.memory()[:1000] == program(1000)


def test_the_exit_code_of_the_process_is_that_of_the_error(desk: Desk) -> None:
    desk.chip(locked=True)
    result = finish(start(_TOOL, *_FLASH, "read", "out.hex", folder=desk.folder))
    assert result.code == 5
    assert result.reason.startswith("error: ")
    assert result.out == ""


def test_the_tool_writes_no_bytecode_or_other_file_beside_the_chip(desk: Desk) -> None:
    desk.chip()
    finish(start(_TOOL, *_FLASH, "info", folder=desk.folder))
    assert sorted(path.name for path in desk.folder.iterdir()) == [".board.chip.lock", "board.chip"]


def test_the_start_loads_nothing_that_only_a_command_needs(desk: Desk) -> None:
    result = finish(start("-X", "importtime", _TOOL, "--version", folder=desk.folder))
    loaded = set(re.findall(r"\| +([\w.]+)$", result.err, re.MULTILINE))
    assert "stm8tool.cli.main" in loaded
    slow = {"json", "logging", "traceback", "usb", "serial", "stm8tool.parts.table", "stm8tool.cli.console"}
    assert {name for name in loaded if name in slow or name.startswith("stm8tool.cli.results")} == set()


def test_two_uploads_to_one_chip_at_the_same_time_wait_for_each_other(desk: Desk) -> None:
    desk.chip(locked=True)
    file = desk.hex("firmware.hex", (0x8000, program(1024)))
    both = [start("-c", PATIENT, _TOOL, *_FLASH, "write", file, folder=desk.folder) for _ in range(2)]
    assert [finish(process).code for process in both] == [0, 0]
    assert desk.memory()[:1024] == program(1024)
    assert max(desk.memories()["flash"]["wear"]) == 2  # the unlock and one write


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_file_name_that_the_terminal_cannot_show_does_no_harm(desk: Desk, encoding: str) -> None:
    name = "плата.chip"
    desk.chip(name)
    words = ("--probe", f"sim:{name}", "--part", STM8S, "--region", "0x8000:16", "read", "копия.bin")
    process = start(_TOOL, *words, folder=desk.folder, PYTHONIOENCODING=encoding)
    assert finish(process).code == 0
    assert (desk.folder / "копия.bin").stat().st_size == 16


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
@pytest.mark.parametrize("command", ["--help", "write --help", "list", "info", "write firmware.hex"])
def test_a_reader_that_is_gone_causes_no_traceback_and_leaves_the_probe_at_rest(desk: Desk, command: str) -> None:
    desk.chip()
    desk.hex("firmware.hex", (0x8000, program(1000)))
    reader, writer = os.pipe()
    os.close(reader)
    process = start(_TOOL, *_FLASH, *command.split(), folder=desk.folder, out=writer)
    os.close(writer)
    _, err = ended(process)
    assert err == ""
    assert desk.is_idle()


_SHELLS = pytest.mark.skipif(sys.platform != "linux", reason="a POSIX shell's redirections, some to /dev/full")


def in_shell(desk: Desk, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which "$@" is stm8tool with a chip."""
    words = [sys.executable, _TOOL, *_FLASH]
    return subprocess.run(
        ["sh", "-c", command, "sh", *words], cwd=desk.folder, capture_output=True, encoding="utf-8", check=False
    )


@_SHELLS
@pytest.mark.parametrize("log", ["2>&-", "2>/dev/full", "-vv 2>&1 | head -n 100", "2>&1 | true"])
def test_a_write_is_finished_whatever_becomes_of_stderr(desk: Desk, log: str) -> None:
    desk.chip(model="v2", faults=["drop-link-after=200"])
    file = desk.hex("firmware.hex", (0x8000, program(6000)))
    flags, arrow, rest = log.partition("2>")
    in_shell(desk, f'("$@" {flags} write {file}; echo $? >code) {arrow}{rest}')
    assert (desk.folder / "code").read_text() == "0\n"
    assert desk.memory()[:6000] == program(6000)
    assert desk.is_idle()


@_SHELLS
@pytest.mark.parametrize("log", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize(
    ("command", "code"), [("--no-such-option", 2), ("read nowhere/a.bin", 2), ("--part stm8l151k4 info", 2)]
)
def test_the_exit_code_is_as_usual_when_the_reason_cannot_be_shown(
    desk: Desk, command: str, code: int, log: str
) -> None:
    desk.chip()
    result = in_shell(desk, f'"$@" {command} {log}')
    assert (result.returncode, result.stderr) == (code, "")


@_SHELLS
@pytest.mark.parametrize("command", ["list", "--help", "info"])
def test_a_closed_stdout_is_no_error(desk: Desk, command: str) -> None:
    desk.chip()
    result = in_shell(desk, f'"$@" {command} >&-')
    assert (result.returncode, result.stderr) == (0, "")
    assert desk.is_idle()


@_SHELLS
def test_a_full_stdout_is_an_error_once_all_is_done(desk: Desk) -> None:
    desk.chip()
    file = desk.hex("firmware.hex", (0x8000, program(1000)))
    result = in_shell(desk, f'"$@" write {file} >/dev/full')
    reason = "error: the output cannot be written: No space left on device [E-FILE]"
    assert (result.returncode, result.stderr.splitlines()[-1]) == (2, reason)
    assert desk.memory()[:1000] == program(1000)
    assert desk.is_idle()


_INTERRUPTED_WHILE_IMPORTING = """
import runpy, sys
module, tool = sys.argv.pop(1), sys.argv[1]
class Interrupt:
    def find_spec(name, *_):
        if name == module:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt)
del sys.argv[0]
runpy.run_path(tool, run_name="__main__")
"""


@pytest.mark.parametrize("module", ["argparse", "stm8tool.cli.main", "stm8tool.cli.console", "stm8tool.session"])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(desk: Desk, module: str) -> None:
    desk.chip()
    process = start("-c", _INTERRUPTED_WHILE_IMPORTING, module, _TOOL, *_FLASH, "info", folder=desk.folder)
    assert finish(process).code == 130


@pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process there")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_in_the_middle_of_a_write_leaves_chip_and_probe_in_order(desk: Desk, number: str) -> None:
    desk.chip(model="v2", content=program(8192, seed=5))
    file = desk.hex("firmware.hex", (0x8000, program(8192)))
    process = start("-c", _STOPPED_IN_THE_MIDDLE, _TOOL, *_FLASH, "write", file, folder=desk.folder)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("writing"):
            break
    process.send_signal(getattr(signal, number))
    result = finish(process)
    assert result.code == 130
    assert desk.is_idle()
    held = desk.memory()
    blocks = [held[n : n + 64] for n in range(0, 8192, 64)]
    done = sum(block == program(8192)[64 * n : 64 * n + 64] for n, block in enumerate(blocks))
    assert 64 <= done < 128
    assert b"".join(blocks[done:]) == program(8192, seed=5)[64 * done :]
    assert desk.flash("write", file).code == 0
    assert desk.memory() == program(8192)


def _monitor(desk: Desk, *words: str) -> subprocess.Popen[bytes]:
    desk.chip(content=talking())
    return subprocess.Popen(
        [sys.executable, _TOOL, *_FLASH, "monitor", *words],
        cwd=desk.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_monitor_ends_in_order_while_its_stdin_is_open(desk: Desk) -> None:
    with _monitor(desk, "--until", "hello") as process:
        assert process.wait(LIMIT_S) == 0
        assert process.stdout
        assert process.stdout.read().split() == [b"hello"]


@pytest.mark.parametrize("raw", [[], ["--raw"]], ids=["lines", "raw"])
def test_a_flood_on_stdin_does_not_keep_the_monitor_from_its_text(desk: Desk, raw: list[str]) -> None:
    with _monitor(desk, *raw, "--until", "hello") as process:
        assert process.stdin

        def flood(stream: IO[bytes]) -> None:
            with suppress(OSError):  # the monitor has ended
                while True:
                    stream.write(b"y\n" * 1000)

        thread = threading.Thread(target=flood, args=(process.stdin,))
        thread.start()
        try:
            assert process.wait(LIMIT_S) == 0
        finally:
            process.kill()
            thread.join()
            with suppress(OSError):
                process.stdin.close()


def test_a_monitor_ends_when_the_reader_of_its_stdout_has_gone(desk: Desk) -> None:
    with _monitor(desk) as process:
        assert process.stdout
        process.stdout.close()
        # On Windows a reader that has gone looks like any output that fails.
        assert process.wait(LIMIT_S) == (Code.FILE.exit_code if sys.platform == "win32" else 0)
