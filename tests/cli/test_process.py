"""stm8tool as a process of its own: how PlatformIO starts it, pipes, signals, and two at a time."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

import pytest

from cli.desk import ROOT, STM8S, Desk, finish, program, start

_TOOL = str(ROOT / "tool")
_FLASH = ("--probe", "sim:board.chip", "--part", STM8S)
# The simulated chip's time is virtual; here it takes the time that a real one takes.
_IN_REAL_TIME = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from stm8tool.sim import store
store.VirtualClock = store.RealClock
from stm8tool.cli import entry
entry()
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


def test_two_uploads_to_one_chip_at_the_same_time_wait_for_each_other(desk: Desk) -> None:
    desk.chip(locked=True)
    file = desk.hex("firmware.hex", (0x8000, program(8192)))
    both = [start(_TOOL, *_FLASH, "write", file, folder=desk.folder) for _ in range(2)]
    assert [finish(process).code for process in both] == [0, 0]
    assert desk.memory() == program(8192)
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
    _, err = process.communicate(timeout=60)
    assert err == ""
    assert desk.is_idle()


@pytest.mark.skipif(sys.platform == "win32", reason="no signals for another process there")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_in_the_middle_of_a_write_leaves_chip_and_probe_in_order(desk: Desk, number: str) -> None:
    desk.chip(model="v2", content=program(8192, seed=5))
    file = desk.hex("firmware.hex", (0x8000, program(8192)))
    process = start("-c", _IN_REAL_TIME, _TOOL, *_FLASH, "write", file, folder=desk.folder)
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
