"""The real exporter and the real `jmp shell`, as processes on loopback: exit codes, and processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
from importlib.metadata import entry_points

import pytest

from jump_desk import LIMIT_S, PROGRAM, Desk, Exporter, run, start
from slow_stm8 import BEGUN, GO
from stm8tool_jumpstarter.driver import Stm8

SLOW = "slow_stm8.SlowStm8"


@pytest.fixture
def pipes(desk: Desk) -> None:
    """The pipes of the slow driver."""
    os.mkfifo(desk.folder / BEGUN)
    os.mkfifo(desk.folder / GO)


def uploading(desk: Desk, exporter: Exporter) -> subprocess.Popen[str]:
    """Start an upload; return its process when the driver has begun with the chip."""
    words = exporter.shell("j", "stm8", "flash", desk.path("talking.hex"))
    process = start(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    assert (desk.folder / BEGUN).read_text() == "begun\n"
    return process


def test_commands_end_with_the_exit_code_of_the_tool(desk: Desk) -> None:
    desk.board(locked=True)
    with desk.exporter() as exporter:
        hexes = desk.path("talking.hex")
        script = (
            f"j stm8 flash --unlock never {hexes}; echo =$?;"
            f"j stm8 flash -t 0x8000:{desk.path('talking.bin')}; echo =$?;"
            f"j stm8 verify {desk.path('other.hex')}; echo =$?;"
            "j stm8 console --until hello --for 60; echo =$?; exit 6"
        )
        code, said = run(*exporter.shell("sh", "-c", script))
        assert code == 6, said
    codes = [line[1:] for line in said.splitlines() if line.startswith("=")]
    assert codes == ["5", "0", "6", "0"], said
    for text in (
        "error: the chip is read-protected",
        "the chip was read-protected and is erased",
        "talking.bin: 16 of 16 blocks written",
        "[E-VERIFY]",
        "hello",
    ):
        assert text in said
    assert "Traceback" not in said
    assert desk.flash_holds(PROGRAM)


def test_the_exit_code_of_a_shell_with_a_configuration_is_lost(desk: Desk) -> None:
    words = ("jmp", "shell", "--exporter-config", desk.config(), "--", "j", "stm8", "verify", desk.path("talking.hex"))
    code, said = run(*words)
    assert "[E-VERIFY]" in said
    assert code == 0  # docs/farm.md says so: if this fails, jumpstarter has mended it


def test_jumpstarter_finds_the_driver() -> None:
    (found,) = entry_points(group="jumpstarter.drivers", name="Stm8")
    assert found.load() is Stm8


@pytest.mark.usefixtures("pipes")
def test_a_client_that_is_killed_and_an_exporter_that_is_ended_leave_a_whole_upload(desk: Desk) -> None:
    with desk.exporter(SLOW) as exporter:
        client = uploading(desk, exporter)
        os.killpg(client.pid, signal.SIGKILL)
        client.communicate(timeout=LIMIT_S)
        exporter.process.terminate()
        exporter.wait_for("Stopping session server")
        (desk.folder / GO).write_text("")
        exporter.end()
        assert "flash talking.hex: done, after its client had gone" in "".join(exporter.log)
    assert desk.flash_holds(PROGRAM)
    assert desk.is_running()


@pytest.mark.usefixtures("pipes")
def test_an_exporter_that_is_killed_in_the_middle_is_told_and_the_next_one_goes_on(desk: Desk) -> None:
    with desk.exporter(SLOW) as exporter:
        client = uploading(desk, exporter)
        exporter.kill_server()
        said = client.communicate(timeout=LIMIT_S)[0]
        assert client.returncode not in (0, None), said
    desk.serve().flash(desk.path("talking.hex"))
    assert desk.flash_holds(PROGRAM)
    assert desk.is_running()
