"""Simulated boards, drivers in this process, and the real exporter in another one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "tests"))

from jumpstarter.common.utils import serve  # noqa: E402

import stm8tool  # noqa: E402
from cli.desk import STM8S, hex_text, talking  # noqa: E402
from elf_files import ALLOC, make_elf  # noqa: E402
from stm8tool.parts.table import find_part  # noqa: E402
from stm8tool.sim import store  # noqa: E402
from stm8tool_jumpstarter.client import Stm8Client  # noqa: E402
from stm8tool_jumpstarter.driver import Stm8  # noqa: E402

LIMIT_S = 300  # longer than a busy machine needs; only a hang takes as long
PROGRAM = talking(b"hello\n").ljust(1000, b"\x55")  # the rest is never executed
OTHER = talking(b"bye\n").ljust(1000, b"\xaa")
BLOCKS = 16  # of 64 bytes
FLASH = find_part(STM8S).flash
CONFIG = """apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata:
  namespace: default
  name: desk
export:
  stm8:
    type: {kind}
    config:
      probe: {probe}
      part: {part}
"""


class Desk:
    """A folder with a board and files."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self.chip_file = folder / "board.chip"
        self.probe = f"sim:{self.chip_file}"
        for name, program in (("talking", PROGRAM), ("other", OTHER)):
            (folder / f"{name}.hex").write_text(hex_text((FLASH.start, program)), encoding="ascii")
            (folder / f"{name}.bin").write_bytes(program)
            (folder / f"{name}.elf").write_bytes(make_elf(("CODE", FLASH.start, program, ALLOC)))
            stm8tool.save_image(folder / f"{name}.s19", stm8tool.Image([stm8tool.Segment(FLASH.start, program)]))

    def board(self, **more: Any) -> None:
        """Make the board; a new one replaces an old one."""
        store.create(self.chip_file, find_part(STM8S), "v3", overwrite=True, **more)

    def driver(self, kind: type[Stm8] = Stm8, **more: Any) -> Stm8:
        """Return a driver for the board."""
        return kind(**{"probe": self.probe, "part": STM8S, **more})

    def serve(self, driver: Stm8 | None = None, **more: Any) -> Stm8Client:
        """Serve a driver in this process until the test ends; return a client."""
        client: Stm8Client = self._stack.enter_context(serve(driver or self.driver(**more)))
        return client

    def flash_holds(self, program: bytes) -> bool:
        """Tell whether the flash of the chip file holds a program, and nothing else."""
        return self.flash() == program.ljust(FLASH.size, b"\0")

    def flash(self) -> bytes:
        """Return the flash of the chip file, without the probe."""
        held: str = json.loads(self.chip_file.read_text(encoding="ascii"))["memories"]["flash"]["data"]
        return bytes.fromhex(held)

    def is_running(self) -> bool:
        """Tell whether probe and chip are at rest: out of SWIM mode, NRST high, the CPU running."""
        report = store.describe(self.chip_file)
        return report.probe_mode != 3 and not report.nrst_low and report.state.startswith("running")

    def path(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.folder / name)

    # -- real processes -------------------------------------------------------------------------------------------

    def config(self, kind: str = "stm8tool_jumpstarter.driver.Stm8") -> str:
        """Write the configuration of an exporter; return its path."""
        text = CONFIG.format(kind=kind, probe=self.probe, part=STM8S)
        (self.folder / "desk.yaml").write_text(text, encoding="utf-8")
        return self.path("desk.yaml")

    @contextmanager
    def exporter(self, kind: str = "stm8tool_jumpstarter.driver.Stm8") -> Iterator[Exporter]:
        """Run the real exporter on a port of loopback."""
        address = free_address()
        words = ("run", "--exporter-config", self.config(kind), "--tls-grpc-listener", address, "--tls-grpc-insecure")
        process = start("jmp", *words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        exporter = Exporter(process, address)
        try:
            exporter.wait_for("Session server started")
            yield exporter
        finally:
            exporter.end()


class Exporter:
    """A process of `jmp run`."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        self.log: list[str] = []

    def wait_for(self, text: str) -> str:
        """Wait for a line of its log."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if text in line:
                return line
        raise AssertionError("".join(self.log))

    def shell(self, *command: str) -> list[str]:
        """Return the words that run a command beside this exporter."""
        return ["jmp", "shell", "--tls-grpc", self.address, "--tls-grpc-insecure", "--", *command]

    def kill_server(self) -> None:
        """Kill the process that serves, which is the child of the one that was started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert len(children) == 1
        os.kill(int(children[0]), signal.SIGKILL)

    def end(self) -> int:
        """End it as a service manager does; return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        self.log += self.process.communicate(timeout=LIMIT_S)[1].splitlines(keepends=True)
        return self.process.returncode


def free_address() -> str:
    """Return a port of loopback that nothing listens at now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def start(*words: str, **more: Any) -> subprocess.Popen[str]:
    """Start a program of this environment."""
    scripts = sysconfig.get_path("scripts")
    env = {
        **os.environ,
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        "PYTHONPATH": str(Path(__file__).parent),
        "COLUMNS": "200",
    }
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, encoding="utf-8", env=env, **more)


def run(*words: str) -> tuple[int, str]:
    """Run a program of this environment; return its exit code and all that it says."""
    with start(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        said = process.communicate(timeout=LIMIT_S)[0]
    return process.returncode, said
