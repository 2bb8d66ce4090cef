"""The driver, in the exporter: `type: stm8tool_jumpstarter.driver.Stm8`.

Every method that a client calls is asynchronous and does its work in a thread, so it never stops the exporter. Work
that has begun runs to its end, even if its client goes away: a chip that is half written does not start. The exporter's
log tells how it ended. Work that waits for its turn is dropped with its client.

`reset` and `close` belong to jumpstarter: it calls them at the start and the end of an exporter. So the methods for the
chip have other names here. The client has the short ones.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import field
from typing import Annotated, Any, Literal, Optional

import anyio
from anyio import CancelScope, to_thread
from anyio.abc import ObjectStream
from jumpstarter.common.exceptions import ConfigurationError
from jumpstarter.driver import Driver, FlasherInterface, export, exportstream
from jumpstarter.streams.common import create_memory_stream
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stm8tool import ImageError, ToolError, find_part

from . import jobs
from .jobs import Sent
from .listening import Listening
from .uses import Uses, WithdrawnError
from .wire import failed, in_one_line, packed, revived, unpacked

_PIECE = 1 << 16  # bytes of a dump in one message
_BEAT_S = 0.1  # a client of the console hears at least so often, and can look at its own clock


@dataclass(kw_only=True, config=ConfigDict(extra="forbid"))  # otherwise a misspelt `probe` means any probe
class Stm8(FlasherInterface, Driver):
    """One STM8 and its probe.

    Attributes:
        part: The chip, such as "stm8s103f3".
        probe: As for `stm8tool --probe`.
        unlock: "auto": `flash` erases a read-protected chip, unless the client forbids it; "never": it reports it.
        wait_s: How long a call waits for another client, or for another program that has the probe.
    """

    part: str
    probe: str = "stlink"
    unlock: Literal["auto", "never"] = "auto"
    wait_s: Annotated[float, Field(ge=0, le=86400)] = 30.0

    _uses: Any = field(default=None, init=False, repr=False)
    _known: Any = field(default=None, init=False, repr=False)
    _program: Any = field(default=None, init=False, repr=False)
    _listening: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if hasattr(super(), "__post_init__"):
            super().__post_init__()
        try:
            self._known = find_part(self.part)
        except ToolError as exc:
            raise ConfigurationError(in_one_line(exc)) from None  # jumpstarter would add the same sentence
        self._uses = Uses(self.probe, self.part, self.wait_s)

    @classmethod
    def client(cls) -> str:
        """Return the class of the client."""
        return "stm8tool_jumpstarter.client.Stm8Client"

    def close(self) -> None:
        """Let work that has begun end, and let the probe go. The exporter calls this when it ends."""
        if self._listening is not None:
            self._listening.close()
        if not self._uses.close():
            self.logger.error("the work with the chip does not end; the probe is released with this process")
        super().close()

    # -- jumpstarter's interface of a flasher ---------------------------------------------------------------------

    @export
    async def flash(self, source: Any, target: Optional[str] = None, about: Optional[dict[str, Any]] = None) -> Any:
        """Write a file. A client of jumpstarter's own sends no `about`: it gets an exception instead of a result."""
        answer = await self._with_file("flash", source, target, about, self._flashing)
        return self._answered(answer, about)

    @export
    async def dump(self, target: Any, partition: Optional[str] = None) -> None:
        """Send a memory as raw bytes: `partition`, or the flash. It is for jumpstarter's own client."""
        image = await self._done("dump", lambda: jobs.read(partition))
        if isinstance(image, dict):
            self._answered(image, None)
        async with self.resource(target) as stream:
            for segment in image.segments:
                for at in range(0, len(segment.data), _PIECE):
                    await stream.send(segment.data[at : at + _PIECE])

    # -- for our client -------------------------------------------------------------------------------------------

    @export
    async def verify_file(self, source: Any, target: Optional[str], about: dict[str, Any]) -> dict[str, Any]:
        """Compare a file with the chip."""
        return await self._with_file("verify", source, target, about, lambda upload, sent: jobs.verify(upload))

    @export
    async def read_memory(self, target: Optional[str]) -> dict[str, Any]:
        """Return the contents of a memory."""

        def job(chip: Any) -> dict[str, Any]:
            return {"pieces": jobs.pieces_of(jobs.read(target)(chip))}

        return await self._told("dump", lambda: job)

    @export
    async def reset_chip(self) -> dict[str, Any]:
        """Reset the chip."""
        return await self._told("reset", lambda: jobs.reset)

    @export
    async def unlock_chip(self) -> dict[str, Any]:
        """Remove read protection, which erases a locked chip."""
        return await self._told("unlock", lambda: jobs.unlock)

    @export
    async def erase_memory(self, region: str) -> dict[str, Any]:
        """Erase a memory."""
        return await self._told(f"erase {region}", lambda: jobs.erase(region))

    @export
    async def chip_info(self) -> dict[str, Any]:
        """Return the kind and state of the chip."""
        return await self._told("info", lambda: jobs.info)

    @export
    async def chip_options(self, settings: list[str], allow: list[str], defaults: bool) -> dict[str, Any]:
        """Change option bytes, and return all of them."""
        return await self._told("options", lambda: jobs.options(settings, allow, defaults))

    # -- the console ----------------------------------------------------------------------------------------------

    @export
    async def listen(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the text of the program as it comes, notices, and the error that ends it."""
        listening = Listening(self._uses, lambda: self._program)
        try:
            await to_thread.run_sync(listening.open, abandon_on_cancel=False)
            self._listening = listening
            yield {"takes_input": listening.takes_input}
            silent_s = 0.0
            while listening.is_open:
                found, notices = await to_thread.run_sync(listening.turn)
                silent_s = 0.0 if found or notices else silent_s + 0.01
                if found or notices or silent_s >= _BEAT_S:
                    silent_s = 0.0
                    yield {"data": packed(found), "notices": notices}
                if not found:
                    await anyio.sleep(0.005)  # a simulated board has a clock of its own, which takes no time
        except ToolError as exc:
            yield failed(exc)
        finally:
            self._listening = None if self._listening is listening else self._listening
            with CancelScope(shield=True):
                await to_thread.run_sync(listening.close)

    @export
    async def console_end(self) -> None:
        """End the console that is open. The call of a client that goes on ends only when nothing refers to it."""
        if self._listening is not None:
            await to_thread.run_sync(self._listening.close)

    @export
    async def console_write(self, text: str) -> int:
        """Give the program of the console that is open some bytes; return how many it took."""
        listening, data = self._listening, unpacked(text)
        return 0 if listening is None else await to_thread.run_sync(listening.write, data)

    @exportstream
    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[ObjectStream[bytes], None]:
        """Give the console as a stream of bytes, for adapters of jumpstarter such as the one for pexpect."""
        listening = Listening(self._uses, lambda: self._program)
        try:
            await to_thread.run_sync(listening.open)
        except ToolError as exc:
            raise RuntimeError(in_one_line(exc)) from exc
        self._listening = listening
        mine, theirs = create_memory_stream()
        # A task group would put the error of a client that has gone into another group at each level.
        tasks = [asyncio.create_task(pump(listening, mine)) for pump in (self._to_client, self._to_chip)]
        try:
            yield theirs
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await mine.aclose()
            self._listening = None if self._listening is listening else self._listening
            with CancelScope(shield=True):
                await to_thread.run_sync(listening.close)

    async def _to_client(self, listening: Listening, stream: ObjectStream[bytes]) -> None:
        try:
            while listening.is_open:
                found, notices = await to_thread.run_sync(listening.turn)
                for notice in notices:
                    self.logger.info("console: %s", notice)
                if found:
                    await stream.send(found)
                else:
                    await anyio.sleep(0.005)
            await stream.send_eof()
        except ToolError as exc:
            self.logger.error("console: %s", in_one_line(exc))
            await stream.send_eof()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self.logger.debug("console: the client has gone")

    async def _to_chip(self, listening: Listening, stream: ObjectStream[bytes]) -> None:
        async for typed in stream:
            left = typed
            while left:
                taken = await to_thread.run_sync(listening.write, left)
                left = left[taken:]
                if left:
                    await anyio.sleep(0.01)
        await to_thread.run_sync(listening.close)  # the client sends nothing more: otherwise it would keep the probe

    # -- work in threads ------------------------------------------------------------------------------------------

    def _flashing(self, upload: jobs.Upload, sent: Sent) -> jobs.Job:
        allowed = self.unlock == "auto" if sent.unlock is None else sent.unlock and self.unlock == "auto"
        job = jobs.flash(upload, unlock=allowed)

        def flash(chip: Any) -> Any:
            if not upload.image.slice(self._known.flash):
                return job(chip)
            self._program = None  # until it is known what the chip holds
            done = job(chip)
            self._program = upload.program
            return done

        return flash

    async def _with_file(
        self,
        what: str,
        source: Any,
        target: Optional[str],
        about: Optional[dict[str, Any]],
        make: Callable[[jobs.Upload, Sent], jobs.Job],
    ) -> dict[str, Any]:
        """Receive a whole file, then do the job that `make` makes of it. Nothing is done with a piece of a file."""
        try:
            content = await self._received(source)  # before a refusal: a client whose file is not taken waits for ever
            sent = Sent.of(about)
            sent.require_whole(content)
        except ToolError as exc:
            return self._refused(what, exc)
        return await self._told(
            f"{what} {sent.name}", lambda: make(jobs.upload_of(content, sent, target, self._known), sent)
        )

    async def _received(self, source: Any) -> bytes:
        content = bytearray()
        async with self.resource(source) as stream:
            async for piece in stream:
                content += piece
                if len(content) > jobs.LARGEST:
                    raise ImageError(
                        "the file has more than 16 MiB, so it is not an image for an STM8", hint="check the file name"
                    )
        return bytes(content)

    async def _told(self, what: str, prepare: Callable[[], jobs.Job]) -> dict[str, Any]:
        answer = await self._done(what, prepare)
        return answer if isinstance(answer, dict) and "error" in answer else {"result": answer}

    async def _done(self, what: str, prepare: Callable[[], Callable[[Any], Any]]) -> Any:
        """Do a job in a thread; return its result, or the failure as plain values.

        Args:
            what: Its name in the log.
            prepare: Returns the job, in the thread, before the probe is used.
        """
        gone = threading.Event()

        def work() -> Any:
            try:
                answer = self._uses.job(prepare(), gone)
                self.logger.info("%s: done%s", what, ", after its client had gone" if gone.is_set() else "")
                return answer
            except ToolError as exc:
                return self._refused(what, exc)
            except WithdrawnError:
                self.logger.warning("%s: its client has gone before its turn came; nothing was done", what)
                return None
            except Exception:
                self.logger.exception("%s: a defect of the driver", what)
                raise

        try:
            return await to_thread.run_sync(work, abandon_on_cancel=True)
        finally:
            gone.set()

    def _refused(self, what: str, exc: ToolError) -> dict[str, Any]:
        self.logger.error("%s: %s", what, in_one_line(exc))
        return failed(exc)

    @staticmethod
    def _answered(answer: dict[str, Any], about: Optional[dict[str, Any]]) -> Optional[dict[str, Any]]:
        """Return an answer to our client. Another one gets an exception for a failure: its text arrives."""
        if about is not None:
            return answer
        if "error" in answer:
            raise RuntimeError(in_one_line(revived(answer["error"])))
        return None
