"""A client of GDB's Remote Serial Protocol for tests. It imports nothing of the tool.

Source: the manual of GDB, appendix "GDB Remote Serial Protocol".
"""

from __future__ import annotations

import re
import socket
from types import TracebackType
from typing import NamedTuple, Optional

from patience import LIMIT_S

REGISTERS = (("pc", 4), ("a", 1), ("x", 2), ("y", 2), ("sp", 2), ("cc", 1))


class Memory(NamedTuple):
    """A row of the memory map."""

    kind: str
    start: int
    end: int
    block: Optional[int]


class ClosedError(Exception):
    """The server has closed the connection."""


class RspClient:
    """A connection to a server; a context manager.

    Attributes:
        told: The texts of console packets.
    """

    def __init__(self, port: int, *, acks: bool = True) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
        self._waiting = b""
        self._acks = True
        self.told: list[str] = []
        if not acks:
            assert self.ask("QStartNoAckMode") == "OK"
            self._acks = False

    def __enter__(self) -> RspClient:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """Go away without a word."""
        self._socket.close()

    # -- packets ------------------------------------------------------------------------------------------------

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def raw_for_ever(self, data: bytes) -> None:
        """Send bytes again and again; OSError when the server has gone."""
        while True:
            self.raw(data)

    def send(self, body: str | bytes) -> None:
        """Send a packet."""
        data = body.encode("latin-1") if isinstance(body, str) else body
        sent = b"".join(b"}" + bytes([byte ^ 0x20]) if byte in b"#$}*" else bytes([byte]) for byte in data)
        self.raw(b"$" + sent + b"#%02x" % (sum(sent) & 0xFF))

    def _byte(self) -> bytes:
        if not self._waiting:
            try:
                self._waiting = self._socket.recv(1 << 16)
            except ConnectionError:
                raise ClosedError from None
            if not self._waiting:
                raise ClosedError
        byte, self._waiting = self._waiting[:1], self._waiting[1:]
        return byte

    def packet(self) -> bytes:
        """Return the next packet that is not a console text."""
        while True:
            while (byte := self._byte()) != b"$":
                assert byte in (b"+", b"-"), byte
            sent = b""
            while (byte := self._byte()) != b"#":
                sent += byte
            assert int(self._byte() + self._byte(), 16) == sum(sent) & 0xFF
            if self._acks:
                self.raw(b"+")
            body = re.sub(rb"\}(.)", lambda found: bytes([found[1][0] ^ 0x20]), sent, flags=re.DOTALL)
            if not (body[:1] == b"O" and body != b"OK"):
                return body
            self.told.append(bytes.fromhex(body[1:].decode()).decode())

    def ask(self, body: str | bytes) -> str:
        """Send a packet; return the reply."""
        self.send(body)
        return self.packet().decode("latin-1")

    # -- what GDB does with them ----------------------------------------------------------------------------------

    def registers(self) -> dict[str, int]:
        """Return all registers by name."""
        data = bytes.fromhex(self.ask("g"))
        found, at = {}, 0
        for name, size in REGISTERS:
            found[name] = int.from_bytes(data[at : at + size], "big")
            at += size
        assert at == len(data)
        return found

    @property
    def pc(self) -> int:
        """The program counter."""
        return int(self.ask("p0"), 16)

    def set_pc(self, address: int) -> None:
        """Move the program counter."""
        assert self.ask(f"P0={address:08x}") == "OK"

    def read(self, address: int, size: int) -> bytes:
        """Return memory."""
        reply = self.ask(f"m{address:x},{size:x}")
        assert not reply.startswith("E"), reply
        return bytes.fromhex(reply)

    def write(self, address: int, data: bytes) -> str:
        """Write memory; return the reply."""
        return self.ask(f"M{address:x},{len(data):x}:{data.hex()}")

    def go(self) -> None:
        """Let the program run; `packet` returns its stop."""
        self.send("vCont;c")

    def go_on(self) -> str:
        """Let the program run until it stops; return the stop reply."""
        return self.ask("vCont;c")

    def interrupt(self) -> str:
        """Send Ctrl-C; return the stop reply."""
        self.raw(b"\x03")
        return self.packet().decode()

    def step(self) -> str:
        """Execute one instruction; return the stop reply."""
        return self.ask("vCont;s")

    def monitor(self, line: str) -> str:
        """Run a monitor command; return its text, or the failure."""
        reply = self.ask(f"qRcmd,{line.encode().hex()}")
        return "" if reply == "OK" else reply if reply.startswith("E") else bytes.fromhex(reply).decode()

    def load(self, *pieces: tuple[int, bytes], block: int = 64) -> str:
        """Write flash as GDB's `load` does; return the last reply."""
        for address, data in pieces:
            start = address // block * block
            end = -(-(address + len(data)) // block) * block
            assert self.ask(f"vFlashErase:{start:x},{end - start:x}") == "OK"
        for address, data in pieces:
            for at in range(0, len(data), 1000):
                reply = self.ask(f"vFlashWrite:{address + at:x}:".encode() + data[at : at + 1000])
                assert reply == "OK", reply
        return self.ask("vFlashDone")

    def memory_map(self) -> list[Memory]:
        """Return the memory map, read in small pieces."""
        text, offset = "", 0
        while True:
            reply = self.ask(f"qXfer:memory-map:read::{offset:x},40")
            text += reply[1:]
            offset += 0x40
            if reply[0] == "l":
                break
        rows = re.findall(
            r'<memory type="(\w+)" start="0x(\w+)" length="0x(\w+)"(?:/>|>\s*<property name="blocksize">0x(\w+)<)', text
        )
        return [
            Memory(kind, int(start, 16), int(start, 16) + int(size, 16), int(block, 16) if block else None)
            for kind, start, size, block in rows
        ]
