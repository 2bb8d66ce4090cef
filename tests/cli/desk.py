"""A desk with simulated boards on it, and stm8tool as its user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Optional

import pytest

from patience import ended
from stm8tool.chip.running.rings import OUT_MAGIC
from stm8tool.cli import main as cli
from stm8tool.parts.table import find_part, option_table
from stm8tool.probe.stlink import find
from stm8tool.sim import bus, store

ROOT = Path(__file__).parents[2]
STM8S, STM8L = "stm8s103f3", "stm8l151k4"


class Result(NamedTuple):
    """How a command ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The last line on stderr."""
        return self.err.splitlines()[-1] if self.err else ""

    @property
    def hint(self) -> str:
        """The hint, which stands right above the reason."""
        lines = self.err.splitlines()
        return lines[-2] if len(lines) > 1 and lines[-2].startswith("hint: ") else ""

    @property
    def details(self) -> list[str]:
        """The evidence, which stands above the hint."""
        return [line.strip() for line in self.err.splitlines() if line.startswith("  ")]


class Desk:
    """A working directory; file names are given relative to it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def run(self, *words: str) -> Result:
        """Run a command in this process, and hold it to what is true of every command."""
        try:
            code = cli.main(words)
        except SystemExit as exc:  # argparse
            code = int(exc.code or 0)
        result = Result(code, *self._capsys.readouterr())
        if "--json" in words or "--events" in words:
            check_machine_form(result, words)
            return result
        # `dap` has messages of a protocol on stdout, and no text: tests/cli/test_dap.py reads each of them.
        check_form(result._replace(out="") if "dap" in words else result, traceback="-vv" in words)
        return result

    def told(self, *words: str) -> dict[str, Any]:
        """Run a command with `--json`; return its object."""
        found: dict[str, Any] = json.loads(self.run("--json", *words).out)
        return found

    def result(self, *words: str) -> dict[str, Any]:
        """Run a command with `--json` that does its work; return the result in its object."""
        told = self.told(*words)
        assert told["ok"], told["error"]
        found: dict[str, Any] = told["result"]
        return found

    def flash(self, *words: str, part: str = STM8S, chip: str = "board.chip") -> Result:
        """Run a command with a chip file and a part, the way PlatformIO words it; a job file of `produce` has both."""
        if "produce" in words:
            return self.run(*words)
        return self.run("--probe", f"sim:{chip}", "--part", part, *words)

    def chip(
        self,
        name: str = "board.chip",
        *,
        part: str = STM8S,
        model: str = "v3",
        locked: bool = False,
        faults: Iterable[str] = (),
        content: Optional[bytes] = None,
    ) -> Path:
        """Make a chip file, the same one each time."""
        path = self.folder / name
        with self._monkeypatch.context() as patch:
            patch.setattr(os, "urandom", lambda size: bytes(range(0xA0, 0xA0 + size)))
            store.create(path, find_part(part), model, locked=locked, faults=faults, content=content, overwrite=True)
        return path

    def attach_to_usb(self, monkeypatch: pytest.MonkeyPatch, *serials: str) -> None:
        """Put simulated ST-LINK/V2s with these serial numbers where this machine's USB would be."""
        folder = self.folder / "usb"
        folder.mkdir()
        for number, serial in enumerate(serials):
            with self._monkeypatch.context() as patch:
                patch.setattr(os, "urandom", lambda size, serial=serial: bytes.fromhex(serial)[:size])
                store.create(folder / f"{number}.chip", find_part(STM8S), "v2")
        found, _ = bus.attach(str(folder))
        sockets = {path.partition("#")[2]: file for path, file in found.chip_files.items()}
        monkeypatch.setattr(find, "system_bus", lambda: bus.SimBus(sockets, ""))

    def hex(self, name: str, *segments: tuple[int, bytes]) -> str:
        """Write an Intel HEX file; return its name."""
        (self.folder / name).write_text(hex_text(*segments), encoding="ascii")
        return name

    def memory(self, name: str = "flash", chip: str = "board.chip") -> bytes:
        """Return what a memory of a chip file holds: flash, eeprom or options."""
        return bytes.fromhex(self._document(chip)["memories"][name]["data"])

    def memories(self, chip: str = "board.chip") -> dict[str, Any]:
        """Return all memories of a chip file with their wear, to compare."""
        found: dict[str, Any] = self._document(chip)["memories"]
        del found["ram"]
        return found

    def _document(self, chip: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / chip).read_text(encoding="ascii"))
        return document

    def set_option(self, name: str, value: int, chip: str = "board.chip") -> None:
        """Give the chip an option byte, as its own program would have done; it counts from the next reset on."""
        document = self._document(chip)
        part = find_part(document["part"])
        option = next(option for option in option_table(part) if option.name == name)
        held = bytearray.fromhex(document["memories"]["options"]["data"])
        held[option.address - part.options.start] = value
        if option.complement:
            held[option.address - part.options.start + 1] = value ^ 0xFF
        document["memories"]["options"]["data"] = held.hex()
        (self.folder / chip).write_text(json.dumps(document), encoding="ascii")

    def is_idle(self, chip: str = "board.chip") -> bool:
        """Tell whether probe and chip are at rest: out of SWIM mode, NRST high, the CPU running."""
        report = store.describe(self.folder / chip)
        return report.probe_mode != 3 and not report.nrst_low and report.state.startswith("running")


def check_form(result: Result, *, traceback: bool = False) -> None:
    """Assert what holds for every command: no traceback, only appended text, and where results and reasons go."""
    assert traceback or "Traceback" not in result.err, result.err
    assert "\r" not in result.out + result.err
    assert "error:" not in result.out
    assert "hint:" not in result.out
    assert result.err == "" or result.err.endswith("\n")
    if result.code == 0:
        assert "error:" not in result.err
    elif result.code == 130:
        assert result.reason.startswith("interrupted")
    else:
        assert "error: " in result.reason, result.err
        assert result.err.count("error: ") == 1, result.err
        assert result.hint or "what to do:" in result.out, result.err  # `doctor` has it on its page


def check_machine_form(result: Result, words: Iterable[str]) -> None:
    """Assert what holds for every command with --json or --events: one object on stdout, lines of JSON on stderr."""
    if "--json" in words:
        assert result.out.count("\n") == 1, result.out
        told = json.loads(result.out)
        assert told["ok"] == (result.code == 0)
        assert told["ok"] or told["error"]["exit_code"] == result.code
    if "--events" in words:
        events = [json.loads(line) for line in result.err.splitlines()]
        assert (events[0]["event"], events[-1]["event"]) == ("begin", "end")
        assert events[-1]["exit_code"] == result.code
    elif result.code:
        assert result.reason.startswith(("error: ", "interrupted")), result.err


def hex_text(*segments: tuple[int, bytes]) -> str:
    """Return `segments` as Intel HEX."""

    def record(address: int, kind: int, data: bytes) -> str:
        body = bytes([len(data)]) + address.to_bytes(2, "big") + bytes([kind]) + data
        return f":{(body + bytes([-sum(body) & 0xFF])).hex().upper()}\n"

    lines = []
    for address, data in segments:
        lines.append(record(0, 4, (address >> 16).to_bytes(2, "big")))
        lines += [record(address + n & 0xFFFF, 0, data[n : n + 16]) for n in range(0, len(data), 16)]
    return "".join(lines) + ":00000001FF\n"


# A program for Python that is stm8tool: a busy machine may need more than the two seconds it waits for another one.
PATIENT = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from stm8tool.support import locks
locks.WAIT_S = 900
from stm8tool.cli.scripts import stm8tool
stm8tool()
"""


def program(size: int, seed: int = 1) -> bytes:
    """Return bytes that begin like a program: the vector leads to the byte after it. No later byte is zero."""
    vector = b"\x82\x00\x80\x04\x20\xfe"[:size]
    return vector + bytes((seed * 37 + n * 11) % 255 + 1 for n in range(len(vector), size))


def talking(text: bytes = b"hello\n", ring: int = 0x0100) -> bytes:
    """Return a program that does what the console library does: MOV fills a ring of 16 bytes, which has a text."""
    held = OUT_MAGIC + bytes([15, 0, 0, len(text)]) + text
    code = b"".join(bytes([0x35, byte, *(ring + n).to_bytes(2, "big")]) for n, byte in enumerate(held))
    return b"\x82\x00\x80\x04" + code + b"\x20\xfe"


def start(*command: str, folder: Path, out: int = subprocess.PIPE, **env: str) -> subprocess.Popen[str]:
    """Start a command of this interpreter as a process of its own."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **env},
    )


def finish(process: subprocess.Popen[str]) -> Result:
    """Wait for a process and hold it to what is true of every command."""
    out, err = ended(process)
    result = Result(process.returncode, out, err)
    check_form(result)
    return result


def report(desk: Desk, *words: str, write_test: bool = False) -> dict[str, Any]:
    """Run `doctor` with `words`; return the report that it writes."""
    desk.run(*words, "doctor", "--report", "report.json", *["--write-test"] * write_test)
    found: dict[str, Any] = json.loads((desk.folder / "report.json").read_text(encoding="utf-8"))
    return found
