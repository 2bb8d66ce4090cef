"""A USB/IP importer of a few lines: what a kernel does, one transfer at a time, without a kernel.

Written from the kernel's protocol document, like the server, but apart from it.
"""

from __future__ import annotations

import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patience import LIMIT_S, ended
from pio import ROOT

STALLED, OVERFLOWED, UNLINKED = -32, -75, -104
NONE = struct.pack(">I", 0xFFFFFFFF)


class GoneError(Exception):
    """The server closed the connection: the device was unplugged."""


@contextmanager
def serving(chip: Path, *options: str) -> Iterator[RunningServer]:
    """Run `stm8tool sim serve` on a free port; at the end, interrupt it as Ctrl-C does."""
    command = [sys.executable, "-m", "stm8tool", "sim", "serve", str(chip), "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT / "tool", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout
            lines = []
            while not lines or "Ctrl-C" not in lines[-1]:
                lines.append(run.stdout.readline())
                assert lines[-1], run.communicate()[1]
            port = re.search(r"port (\d+)", lines[0])
            assert port
            serving = RunningServer(int(port[1]), lines)
            yield serving
        finally:
            if run.poll() is None:
                run.send_signal(signal.SIGINT)
            rest, errors = ended(run)
        serving.lines += rest.splitlines(keepends=True)
        assert (run.returncode, errors) == (0, "")


class RunningServer:
    """A running server: its port, and what it has said; the rest of that comes when it has ended."""

    def __init__(self, port: int, lines: list[str]) -> None:
        self.port = port
        self.lines = lines

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S)

    def list(self) -> bytes:
        with self.connect() as connection:
            connection.sendall(bytes.fromhex("0111 8005 00000000"))
            reply = b""
            while part := connection.recv(4096):
                reply += part
            return reply

    @contextmanager
    def imported(self) -> Iterator[Importer]:
        with self.connect() as connection:
            yield Importer(connection)


class Importer:
    """The host's end of an import."""

    def __init__(self, connection: socket.socket, busid: bytes = b"1-1") -> None:
        self._connection = connection
        self._seqnum = 0
        connection.sendall(struct.pack(">HHI32s", 0x0111, 0x8003, 0, busid))
        version, code, self.refusal = struct.unpack(">HHI", self._take(8))
        assert (version, code) == (0x0111, 0x0003)
        self.about = b"" if self.refusal else self._take(312)

    def submit(self, endpoint: int, *, data: bytes = b"", size: int = 0, setup: bytes = bytes(8)) -> int:
        """Begin a transfer, IN if bit 7 of the endpoint is set; return its number."""
        self._seqnum += 1
        incoming = endpoint >> 7
        length = size if incoming else len(data)
        head = struct.pack(">5I", 1, self._seqnum, 0x10001, incoming, endpoint & 0x7F)
        self._connection.sendall(head + struct.pack(">5I", 0, length, 0, 0, 0) + setup + data)
        return self._seqnum

    def unlink(self, victim: int) -> int:
        """Take a transfer back; return the status of that."""
        self._seqnum += 1
        self._connection.sendall(struct.pack(">7I20x", 2, self._seqnum, 0x10001, 0, 0, victim, 0)[:48])
        code, seqnum, _, _, _, status = struct.unpack(">5Ii24x", self._take(48))
        assert (code, seqnum) == (4, self._seqnum)
        return int(status)

    def outcome(self, seqnum: int, *, incoming: bool) -> tuple[int, bytes, int]:
        """Return status, data and count of the transfer whose outcome comes next, which is that one."""
        code, number, _, _, _, status, moved = struct.unpack(">5Iii20x", self._take(48))
        assert (code, number) == (3, seqnum)
        return status, self._take(moved) if incoming else b"", moved

    def control(self, setup: str, data: bytes = b"") -> tuple[int, bytes]:
        """Make a request on endpoint 0; return status and data."""
        raw = bytes.fromhex(setup)
        incoming = bool(raw[0] & 0x80)
        endpoint = 0x80 if incoming else 0
        seqnum = self.submit(endpoint, data=data, size=int.from_bytes(raw[6:8], "little"), setup=raw)
        status, answer, _ = self.outcome(seqnum, incoming=incoming)
        return status, answer

    def descriptor(self, kind: int, index: int = 0, size: int = 255) -> bytes:
        status, data = self.control(f"80 06 {index:02x} {kind:02x} 00 00 {size:02x} 00")
        assert status == 0
        return data

    def enumerate(self) -> None:
        """Do what a system does with a device that it has found or reset."""
        self.descriptor(1)
        self.descriptor(2)
        self.configure()

    def configure(self) -> None:
        assert self.control("00 09 01 00 00 00 00 00") == (0, b"")

    def write(self, endpoint: int, data: bytes) -> int:
        status, _, moved = self.outcome(self.submit(endpoint, data=data), incoming=False)
        assert status or moved == len(data)
        return status

    def read(self, endpoint: int, size: int = 64) -> tuple[int, bytes]:
        status, data, _ = self.outcome(self.submit(endpoint, size=size), incoming=True)
        return status, data

    def _take(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                part = self._connection.recv(size - len(data))
            except ConnectionResetError:
                raise GoneError from None
            if not part:
                raise GoneError
            data += part
        return data


class V2:
    """An imported ST-LINK/V2 and its commands."""

    OUT, IN = 0x02, 0x81

    def __init__(self, host: Importer) -> None:
        self.host = host

    def ask(self, command: str, size: int = 0) -> str:
        assert self.host.write(self.OUT, bytes.fromhex(command).ljust(16, b"\0")) == 0
        if not size:
            return ""
        status, data = self.host.read(self.IN)
        assert (status, len(data)) == (0, size)
        return data.hex(" ").upper()

    def do(self, command: str) -> str:
        """Send a SWIM command; return its final status byte."""
        self.ask(command)
        while (status := self.ask("F4 09", 4)[:2]) == "01":
            pass
        return status
