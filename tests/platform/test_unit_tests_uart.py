"""`pio test` with the UART of a chip: ports of pyserial, and a simulated board."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from patience import LIMIT_S
from pio import Project, Result
from unit_test_projects import BEGUN, COUNTED, END, INI, ONE, UNITY, prepare, run, summary

pytestmark = pytest.mark.platform


def listen(project: Project, port: str, limit_s: int = 60) -> Result:
    """Run the tests of a program that is on the chip already, read from a port that pyserial knows."""
    prepare(project, "")
    ini = f"{INI}upload_protocol = stlinkv2\ntest_framework = custom\ntest_port = {port}\n"
    ini += f"custom_test_timeout = {limit_s}\n"
    (project.folder / "platformio.ini").write_text(ini, encoding="utf-8")
    return run(project, "--without-building", "--without-uploading", "--no-reset")


def test_a_chip_that_says_nothing_fails_the_run(project: Project) -> None:
    result = listen(project, "loop://", limit_s=2)
    assert result.code == 1
    assert "the program printed nothing for 2 s" in result.output


def test_a_port_that_cannot_be_opened_fails_the_run(project: Project) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # the port is taken, so that no other program listens there
        result = listen(project, f"socket://127.0.0.1:{unused.getsockname()[1]}")
    assert result.code == 1
    assert "hint: check test_port" in result.output


# A port of pyserial whose program says the lines of said.txt, and then nothing.
SAID_PORT = """
import serial

class Serial(serial.SerialBase):
    BAUDRATES = (9600,)
    in_waiting = 0

    def open(self):
        with open("said.txt", "rb") as file:
            self._left = file.read()
        self.is_open = True

    def close(self):
        self.is_open = False

    def read(self, size=1):
        found, self._left = self._left[:size], self._left[size:]
        return found

    def _reconfigure_port(self):
        pass

    _update_rts_state = _update_dtr_state = _reconfigure_port
"""
WITH_SAID_PORT = """
import sys
import serial
from platformio.__main__ import main
sys.path.insert(0, ".")
serial.protocol_handler_packages.append("handlers")
sys.exit(main(["platformio", *sys.argv[1:]]))
"""

UART = {
    "whole": ([BEGUN, ONE, summary(1), "OK", END], 0, "1 succeeded"),
    "dead in a test": ([BEGUN, ONE, "stm8_unity: run two"], 1, "hangs or crashed in two: it printed nothing for 10 s"),
    "silent": ([], 1, "the program printed nothing for 10 s"),
    "cut": ([BEGUN, ONE, summary(2)], 1, COUNTED.format(2, 0, 0, 1, 0, 0)),
    "reset": ([BEGUN, ONE, "stm8_unity: run two", BEGUN], 1, "the program began again in two"),
}


@pytest.mark.parametrize("program", UART)
def test_a_uart_is_read_with_the_same_care(project: Project, program: str) -> None:
    lines, code, told = UART[program]
    folder = prepare(project, "")
    (folder / "handlers").mkdir()
    (folder / "handlers" / "protocol_said.py").write_text(SAID_PORT, encoding="utf-8")
    (folder / "said.txt").write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8")
    ini = f"{INI}upload_protocol = stlinkv2\ntest_framework = custom\ntest_port = said://\n"
    (folder / "platformio.ini").write_text(ini, encoding="utf-8")
    words = ("test", "--without-building", "--without-uploading", "--no-reset")
    done = subprocess.run(
        [sys.executable, "-c", WITH_SAID_PORT, *words],
        cwd=folder,
        env=project.core.environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == code, output
    assert told in output


@pytest.mark.parametrize("board", ["stm8sblue", "stm8l151k4_minimal"])
def test_a_test_program_prints_to_a_uart(project: Project, board: str) -> None:
    prepare(project, "", UNITY.format(code="TEST_FAIL()"))
    ini = INI.replace("stm8sblue", board) + "test_framework = custom\nupload_protocol = simulator\n"
    flags = "build_flags = -DSTM8_UNITY_UART=0x5230\nboard_build.f_cpu = 2000000L\n"
    (project.folder / "platformio.ini").write_text(ini + flags, encoding="utf-8")
    result = run(project)
    assert "test_more: failed\t[FAILED]" in result.output, result.output
    assert "1 failed, 1 succeeded" in result.output
