"""The client of the driver, on the machine of the user.

    with env() as farm:                       # inside `jmp shell`
        farm.stm8.flash("firmware.elf")
        with farm.stm8.console() as console:
            console.expect("ready")

A failure is the same `stm8tool.ToolError` as at a probe on the desk: with its type, code, hint, details and numbers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import PurePosixPath
from typing import Any, Optional, Union
from urllib.parse import urlparse

from anyio import BrokenResourceError, EndOfStream
from anyio.abc import ObjectStream
from jumpstarter.client.core import DriverError
from jumpstarter.client.flasher import FlasherClient
from jumpstarter.common.resources import PresignedRequestResource
from jumpstarter.streams.encoding import Compression
from jumpstarter.streams.progress import ProgressAttribute

import stm8tool
from stm8tool import Code, Image, Segment, ToolError, UsageError
from stm8tool.image import loading

from . import commands
from .wire import packed, revived, unpacked, whole

PathBuf = Union[str, "PathLike[str]"]
Address = Union[int, str]

_PIECE = 1 << 16  # bytes of a file in one message
_PACKED = {".gz", ".xz", ".bz2", ".zst"}
_TIMEOUT_S = 5.0
_SHOWN = 200  # characters of the last text in a message


class Stm8Client(FlasherClient):
    """An STM8 at an exporter."""

    def flash(
        self,
        path: Union[PathBuf, Mapping[str, PathBuf]],
        *,
        target: Optional[Address] = None,
        compression: Optional[Compression] = None,
        base: Optional[Address] = None,
        unlock: Optional[bool] = None,
    ) -> dict[str, Any]:
        """Write a file, or a file to each target, and start the program.

        Args:
            path: Intel HEX, S-records, ELF or a raw binary; or a URL, which the exporter fetches.
            target: "flash", "eeprom", or the address of a raw binary; the other formats need none.
            compression: How the file itself is compressed.
            base: The address of the first byte of a raw binary, a number or a text such as "0x8000".
            unlock: False: a read-protected chip is an error. None: as the exporter's configuration says.

        Returns:
            `file`, `bytes`, `compared`, `programmed` (blocks) and `erased`; for several targets one of each.
        """
        if isinstance(path, Mapping):
            if target is not None:
                raise UsageError("the files have targets already", hint="leave `target` out")
            pairs = path.items()
            return {
                name: self.flash(file, target=name, compression=compression, base=base, unlock=unlock)
                for name, file in pairs
            }
        return self._with_file("flash", path, target, compression, {"base": _text(base), "unlock": unlock})

    def verify(
        self,
        path: PathBuf,
        *,
        target: Optional[Address] = None,
        compression: Optional[Compression] = None,
        base: Optional[Address] = None,
    ) -> int:
        """Compare a file with the chip; return how many bytes are equal. `VerifyError` has the first difference."""
        done = self._with_file("verify_file", path, target, compression, {"base": _text(base)})
        equal: int = done["equal"]
        return equal

    def dump(self, path: PathBuf, *, target: Optional[str] = None, compression: Optional[Compression] = None) -> Image:
        """Read a memory into a file, completely or not at all; its suffix names the format. Return the contents.

        Args:
            path: The file: .hex, .s19, .bin and others.
            target: "flash" (if it is left out), "eeprom", "options", "ram", ADDRESS:SIZE, or "all".
            compression: Not offered: the chip is small.
        """
        if compression is not None:
            raise UsageError("a dump is not compressed", hint="leave `compression` out")
        image = self.read(target)
        stm8tool.save_image(path, image)
        return image

    def read(self, target: Optional[str] = None) -> Image:
        """Return the contents of a memory; `target` as for `dump`."""
        pieces = self._asked("read_memory", target)["pieces"]
        return Image(Segment(int(one["address"], 16), unpacked(one["data"])) for one in pieces)

    def reset(self) -> None:
        """Reset the chip: its program starts anew."""
        self._asked("reset_chip")

    def unlock(self) -> dict[str, Any]:
        """Remove read protection, which erases a locked chip. Return `erased`, `restored`, `left`, and `text`."""
        return self._asked("unlock_chip")

    def erase(self, region: str = "flash") -> dict[str, Any]:
        """Erase "flash", "eeprom", or whole blocks of one of them: `compared` and `programmed` blocks."""
        return self._asked("erase_memory", region)

    def info(self) -> dict[str, Any]:
        """Return the kind and state of the chip and its probe."""
        return self._asked("chip_info")

    def options(self, *settings: str, allow: Sequence[str] = (), defaults: bool = False) -> dict[str, Any]:
        """Return the option bytes; before that, change them.

        Args:
            settings: "UBC=none", "AFR=0x01", "MISC.LSI_EN=1".
            allow: The dangers that you want: "lock", "watchdog", "brownout", "tmu", "uncertain".
            defaults: Bring all to their factory values instead.

        Returns:
            `changed`: `name`, `before`, `after`. `options`: `name`, `value`, `factory`, `is_factory`; none if
            the change has locked the chip.
        """
        return self._asked("chip_options", list(settings), list(allow), defaults)

    @contextmanager
    def console(self, notice: Callable[[str], None] = lambda text: None) -> Iterator[RemoteConsole]:
        """Give the console of the running program; see docs/console.md. Uploads of other clients may come meanwhile.

        Args:
            notice: Called with one line for the user, such as "the chip was reset".
        """
        stream = self.portal.call(self.streamingcall_async, "listen")
        try:
            console = RemoteConsole(self, stream, notice)
            try:
                yield console
            finally:
                with suppress(DriverError):  # an exporter that has gone has no console
                    self.call("console_end")
        finally:
            self.portal.call(stream.aclose)

    def cli(self) -> Any:
        """Return the commands of `j NAME …`."""
        return commands.group(self)

    # -- on the way -----------------------------------------------------------------------------------------------

    def _asked(self, method: str, *arguments: Any) -> dict[str, Any]:
        """Call a method of the driver; raise its failure as the error that it was there."""
        return _result(self.call(method, *arguments))

    def _with_file(
        self,
        method: str,
        path: PathBuf,
        target: Optional[Address],
        compression: Optional[Compression],
        about: dict[str, Any],
    ) -> dict[str, Any]:
        text, target = str(path), _text(target)
        if text.startswith(("http://", "https://")):
            name = PurePosixPath(urlparse(text).path).name
            handle = PresignedRequestResource(headers={}, url=text, method="GET").model_dump(mode="json")
            return self._asked(method, handle, target, {**about, "name": name})
        content = loading.read_bytes(path)
        file = PurePosixPath(text.replace("\\", "/"))
        size = len(content) if compression is None else None  # the driver gets the file unpacked
        shown = file.stem if compression is not None and file.suffix in _PACKED else file.name
        stream = _Sending(content)
        with self.portal.wrap_async_context_manager(
            self.resource_async(stream, content_encoding=compression)
        ) as handle:
            answer = self.call(method, handle, target, {**about, "name": shown, "size": size})
        return _result(answer)  # an error that is raised inside of that statement would leave it in an ExceptionGroup


def _result(answer: Any) -> dict[str, Any]:
    came = whole(answer)
    if "error" in came:
        raise revived(came["error"])
    result: dict[str, Any] = came["result"]
    return result


def _text(address: Optional[Address]) -> Optional[str]:
    """Return an address as text: jumpstarter would turn a number into a float."""
    if address is None or isinstance(address, str):
        return address
    if not isinstance(address, int):
        raise UsageError(f"{address!r} is not an address", hint="write 0x8000 or 32768")
    return f"0x{address:X}"


class _Sending(ObjectStream[bytes]):
    """The content of a file as a stream that can only be received from."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    async def receive(self) -> bytes:
        """Return the next piece."""
        piece = self._content[self._at : self._at + _PIECE]
        if not piece:
            raise EndOfStream
        self._at += len(piece)
        return piece

    async def send(self, item: bytes) -> None:
        """Refuse."""
        raise BrokenResourceError

    async def send_eof(self) -> None:
        """Do nothing: nothing is sent."""

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The size, for the progress that jumpstarter shows."""
        size = float(len(self._content))
        return {ProgressAttribute.total: lambda: size} if size else {}


class RemoteConsole:
    """The console of a program at an exporter.

    Attributes:
        text: Everything that has come.
        takes_input: The program has a ring for input; None before the first byte or beat came.
    """

    def __init__(self, client: Stm8Client, stream: Any, notice: Callable[[str], None]) -> None:
        self._client = client
        self._stream = stream
        self._notice = notice
        self._waiting = b""
        self._all = b""
        self.takes_input: Optional[bool] = None
        self._next()

    @property
    def text(self) -> str:
        """Everything that has come."""
        return self._all.decode("utf-8", "replace")

    def read(self) -> bytes:
        """Return what has come since the last call; it waits up to 0.1 s for something.

        Raises:
            ToolError: The console has ended: the errors of `Chip.console`.
        """
        if not self._waiting:
            self._next()
        found, self._waiting = self._waiting, b""
        return found

    def expect(self, pattern: Union[str, re.Pattern[bytes]], timeout: float = _TIMEOUT_S) -> re.Match[bytes]:
        """Wait until the program has written a text, and return the match. The text before it is dropped.

        Raises:
            ToolError: It did not come in that many seconds (`Code.RUN_TIME`); the errors of `Chip.console`.
        """
        wanted = re.compile(re.escape(pattern.encode())) if isinstance(pattern, str) else pattern
        end = time.monotonic() + timeout
        while True:
            found = wanted.search(self._waiting)
            if found:
                self._waiting = self._waiting[found.end() :]
                return found
            if time.monotonic() >= end:
                last = self._waiting[-_SHOWN:].decode("utf-8", "replace")
                shown = pattern if isinstance(pattern, str) else pattern.pattern.decode("utf-8", "replace")
                raise ToolError(
                    f"the program did not write {shown!r} in {timeout:g} s: it wrote {last!r}",
                    code=Code.RUN_TIME,
                    hint="give it more time",
                )
            self._next()

    def send(self, text: Union[str, bytes], timeout: float = _TIMEOUT_S) -> None:
        """Give the program a text; ToolError if it takes no input, or not all of it in that many seconds."""
        left = text.encode() if isinstance(text, str) else text
        if not self.takes_input:
            raise ToolError(
                "the program takes no input", code=Code.NO_CONSOLE, hint="a program that calls swim_getchar takes input"
            )
        end = time.monotonic() + timeout
        while left:
            left = left[int(self._client.call("console_write", packed(left))) :]
            if left:
                if time.monotonic() >= end:
                    raise ToolError(
                        f"the program did not take the last {len(left)} bytes in {timeout:g} s",
                        code=Code.RUN_TIME,
                        hint="give it more time, or let it call swim_getchar more often",
                    )
                self._next()

    def _next(self) -> None:
        """Take the next item of the driver; one comes at least every 0.1 s."""
        item = whole(self._client.portal.call(self._stream.__anext__))
        if "error" in item:
            raise revived(item["error"])
        self.takes_input = item.get("takes_input", self.takes_input)
        for text in item.get("notices", ()):
            self._notice(text)
        found = unpacked(item.get("data", ""))
        self._waiting += found
        self._all += found
