"""The debug adapter: it answers the requests of one editor, in the order that the protocol wants.

A program that runs holds the one thread that talks to the probe. Between two looks at the chip it looks for requests:
`pause` halts the program, and so does a change of breakpoints, for a moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from ...errors import ImageError, TargetError, ToolError, UsageError
from .. import begin
from ..cpu import asleep
from ..source_run import Halted, SourceDebugger
from .breakpoints import EditorBreakpoints
from .launch import launch_of
from .messages import CAPABILITIES, Body, ClientArguments, ClientRequest, Garbage, out_of_order, shortened
from .sources import Sources
from .stop_events import stop, stop_of
from .values import Values
from .views import THREAD, Views
from .wire import ClientGone, DapWire, told

if TYPE_CHECKING:
    from ...api import Chip

OpenChip = Callable[[Optional[str], Optional[str]], "AbstractContextManager[Chip]"]

_MOST_LATER = 64  # requests that wait until the program stands; our choice
_NOT_LOST = (UsageError, TargetError, ImageError)


class _Need(NamedTuple):
    """The needs of a request.

    Attributes:
        run: Answers it.
        program: A program is debugged.
        halted: It stands still, and the client has sent all breakpoints.
        meanwhile: What is done while the program runs: "now", "halt" it for a moment, or "refuse".
    """

    run: Callable[[ClientRequest], None]
    program: bool = True
    halted: bool = False
    meanwhile: str = "refuse"


class Adapter:
    """Serves one client.

    Args:
        wire: Its requests, and the way to it.
        open_chip: Makes a chip, for a `with` statement, of the client's `probe` and `part`.

    Attributes:
        is_writing: The program is being uploaded. It stays True after an interrupt.
    """

    def __init__(self, wire: DapWire, open_chip: OpenChip) -> None:
        self._wire = wire
        self._open = open_chip
        self._held = ExitStack()
        self.is_writing = False
        self._debugger: Optional[SourceDebugger] = None
        self._line_base = 1
        self._is_initialized = self._is_configured = self._has_ended = self._is_gone = False
        self._stops_on_entry = False
        self._halts = self._is_paused = False
        self._first: deque[ClientRequest] = deque()  # they come before those that wait in the wire
        self._lost: Optional[ToolError] = None
        self._rows = {
            "initialize": _Need(self._initialize, program=False),
            "launch": _Need(self._launch, program=False),
            "attach": _Need(self._attach, program=False),
            "configurationDone": _Need(self._configured, meanwhile="refuse"),
            "setBreakpoints": _Need(self._set(lambda points: points.set_lines), meanwhile="halt"),
            "setFunctionBreakpoints": _Need(self._set(lambda points: points.set_functions), meanwhile="halt"),
            "setInstructionBreakpoints": _Need(self._set(lambda points: points.set_instructions), meanwhile="halt"),
            "setDataBreakpoints": _Need(self._set(lambda points: points.set_data), meanwhile="halt"),
            "setExceptionBreakpoints": _Need(self._set_exceptions, meanwhile="now"),
            "dataBreakpointInfo": _Need(self._show(lambda views: views.data_id), halted=True),
            "threads": _Need(self._show(lambda views: views.threads), meanwhile="now"),
            "stackTrace": _Need(self._show(lambda views: views.stack_trace), halted=True),
            "scopes": _Need(self._show(lambda views: views.scopes), halted=True),
            "variables": _Need(self._show(lambda views: views.variables), halted=True),
            "setVariable": _Need(self._show(lambda views: views.set), halted=True),
            "evaluate": _Need(self._show(lambda views: views.evaluate), halted=True),
            "readMemory": _Need(self._show(lambda views: views.memory), meanwhile="now"),
            "continue": _Need(self._continue, halted=True),
            "next": _Need(self._next, halted=True),
            "stepIn": _Need(self._step_in, halted=True),
            "stepOut": _Need(self._step_out, halted=True),
            "pause": _Need(self._pause, halted=True, meanwhile="now"),
            "terminate": _Need(self._terminate, program=False, meanwhile="halt"),
            "disconnect": _Need(self._disconnect, program=False, meanwhile="halt"),
        }

    def __enter__(self) -> Adapter:
        """Do nothing yet."""
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        """Let the program run on, and release the probe."""
        self._debugger = None
        self._held.__exit__(kind, error, trace)

    def serve(self) -> None:
        """Answer until the client ends the session, or its requests end.

        Raises:
            NotDapError: The client speaks something else.
            ToolError: The chip or the probe was lost.
        """
        while not self._is_gone:
            message = self._first.popleft() if self._first else self._wire.next()
            if isinstance(message, ClientGone):
                self._ended(message)
            else:
                self._take(message)
        if self._lost is not None:
            raise self._lost

    def _ended(self, end: ClientGone) -> None:
        self._is_gone = True
        if end.problem is not None:
            self._lost = self._lost or end.problem
            self._wire.tell(told(end.problem), "stderr")
            self._wire.event("terminated")

    # -- requests ---------------------------------------------------------------------------------------------

    def _take(self, message: Union[ClientRequest, Garbage]) -> None:
        """Answer one request; a failure is its answer."""
        if isinstance(message, Garbage):
            self._refuse_garbage(message)
            return
        try:
            self._require_order(message)
            self._rows[message.command].run(message)
        except ToolError as exc:
            self._wire.refuse(message.number, message.command, exc)
            if not isinstance(exc, _NOT_LOST):
                self._lose(exc)

    def _refuse_garbage(self, message: Garbage) -> None:
        error = UsageError(message.problem, hint="send requests of the Debug Adapter Protocol")
        self._wire.refuse(message.number, "", error)

    def _require_order(self, request: ClientRequest) -> None:
        row = self._rows.get(request.command)
        if row is None:
            raise UsageError(
                f"the request {shortened(request.command)} is not supported",
                hint="the answer to initialize says what is",
            )
        if not self._is_initialized and request.command not in ("initialize", "disconnect"):
            raise out_of_order(f"{request.command} came before initialize", "send initialize first")
        if row.program and self._debugger is None:
            raise out_of_order(f"no program is debugged, so {request.command} is not possible", "send launch or attach")
        if row.halted and not self._is_configured:
            raise out_of_order(f"{request.command} came before configurationDone", "send configurationDone first")
        if row.program and row.meanwhile == "halt" and not self._program.target.is_halted:
            raise asleep()

    def _initialize(self, request: ClientRequest) -> None:
        if self._is_initialized:
            raise out_of_order("initialize came twice", "send it once in a session")
        given = request.arguments
        if given.text("pathFormat", "path") != "path":
            raise UsageError("only pathFormat path is supported", hint="give paths, not URIs")
        self._line_base = 1 if given.flag("linesStartAt1", default=True) else 0
        self._is_initialized = True
        self._wire.answer(request, CAPABILITIES)

    def _launch(self, request: ClientRequest) -> None:
        self._begin(request, attach=False)

    def _attach(self, request: ClientRequest) -> None:
        self._begin(request, attach=True)

    def _begin(self, request: ClientRequest, *, attach: bool) -> None:
        if self._debugger is not None or self._has_ended:
            raise out_of_order("a program is debugged already", "start a second session for another one")
        launch = launch_of(request.arguments, attach=attach)
        self._stops_on_entry = launch.stops_on_entry
        self._halts = False
        with ExitStack() as held:
            chip = held.enter_context(self._open(launch.probe, launch.part))
            program = begin.loaded(launch.program, chip.part, launch.source)
            if launch.uploads:
                self._upload(chip, launch.program)
            debugger = held.enter_context(begin.begun(chip, program, self._wire.tell, self._has_request, attach=attach))
            self._held = held.pop_all()
        self._debugger = debugger
        self._sources = Sources(program)
        self._values = Values(debugger)
        self._views = Views(debugger, self._sources, self._values, self._line_base)
        self._points = EditorBreakpoints(debugger, self._sources, self._line_base)
        self._wire.answer(request)
        self._wire.event("initialized")

    def _upload(self, chip: Chip, name: str) -> None:
        self.is_writing = True
        try:
            begin.upload(chip, name)
        except KeyboardInterrupt:
            self._wire.tell("the upload was interrupted, so the chip may be half-written: upload again", "stderr")
            raise
        except ToolError:
            self.is_writing = False  # the answer says what the chip holds
            raise
        self.is_writing = False

    def _configured(self, request: ClientRequest) -> None:
        if self._is_configured:
            raise out_of_order("configurationDone came twice", "send it once in a session")
        self._is_configured = True
        self._wire.answer(request)
        number = self._points.is_here()
        if self._stops_on_entry:
            self._wire.event("stopped", stop("entry", "at the entry"))
        elif number is not None:
            self._wire.event("stopped", stop("breakpoint", f"breakpoint {number}", number))
        else:
            self._wire.event("continued", {"threadId": THREAD, "allThreadsContinued": True})
            self._run_on()

    # -- breakpoints ------------------------------------------------------------------------------------------

    def _set(
        self, choose: Callable[[EditorBreakpoints], Callable[[ClientArguments], Any]]
    ) -> Callable[[ClientRequest], None]:
        def run(request: ClientRequest) -> None:
            self._wire.answer(request, {"breakpoints": choose(self._points)(request.arguments)})

        return run

    def _set_exceptions(self, request: ClientRequest) -> None:
        self._wire.answer(request, {"breakpoints": []})

    # -- what is shown ----------------------------------------------------------------------------------------

    def _show(self, choose: Callable[[Views], Callable[[ClientArguments], Body]]) -> Callable[[ClientRequest], None]:
        return lambda request: self._wire.answer(request, choose(self._views)(request.arguments))

    @property
    def _program(self) -> SourceDebugger:
        if self._debugger is None:
            raise out_of_order("no program is debugged", "send launch or attach")
        return self._debugger

    # -- run --------------------------------------------------------------------------------------------------

    def _continue(self, request: ClientRequest) -> None:
        self._wire.answer(request, {"allThreadsContinued": True})
        self._run_on()

    def _next(self, request: ClientRequest) -> None:
        self._step(request, into=False)

    def _step_in(self, request: ClientRequest) -> None:
        self._step(request, into=True)

    def _step(self, request: ClientRequest, *, into: bool) -> None:
        debugger = self._program
        if request.arguments.text("granularity", "statement") == "instruction":
            self._wire.answer(request)
            self._go(debugger.step_instruction)
            return
        debugger.runner.line_at(debugger.target.registers.pc)
        self._wire.answer(request)
        self._go(lambda: debugger.step_line(into=into))

    def _step_out(self, request: ClientRequest) -> None:
        debugger = self._program
        debugger.selected = 0
        debugger.caller()
        self._wire.answer(request)
        self._go(debugger.finish)

    def _pause(self, request: ClientRequest) -> None:
        self._wire.answer(request)  # it stands still already

    def _run_on(self) -> None:
        self._go(lambda: self._program.run_on(), goes_on=True)

    def _go(self, run: Callable[[], Halted], *, goes_on: bool = False) -> None:
        """Let the program run, and tell the client why it stops.

        Args:
            run: Lets it run.
            goes_on: It may run again after it was halted only for breakpoints.
        """
        self._program.selected = 0
        while True:
            self._values.forget()
            self._halts = self._is_paused = False
            is_halted = True
            try:
                halted = run()
            except _NOT_LOST as exc:
                self._wire.tell(told(exc), "stderr")
                halted = Halted("halted, because of an error")
                is_halted = self._program.target.is_halted
            except ToolError as exc:
                self._lose(exc)
                return
            was_for_request = bool(self._first)
            while self._first:  # breakpoints, or the end
                self._take(self._first.popleft())
            if self._debugger is None or self._is_gone:
                return
            if not is_halted:  # it sleeps in HALT: a later event may be its stop
                run, goes_on = self._program.run_on, True
                continue
            if not (goes_on and was_for_request and halted.reason == "halted" and not self._is_paused):
                break
        self._wire.event("stopped", stop_of(halted))

    def _has_request(self) -> bool:
        """Look for requests while the program runs; True if it must be halted."""
        waiting, self._first = self._first, deque()
        while waiting or not self._is_gone:
            message = waiting.popleft() if waiting else self._wire.next_if_any()
            if message is None:
                break
            if isinstance(message, ClientGone):
                self._ended(message)
                self._halts = True
            elif isinstance(message, Garbage):
                self._refuse_garbage(message)
            else:
                self._take_meanwhile(message)
        return self._halts

    def _take_meanwhile(self, request: ClientRequest) -> None:
        row = self._rows.get(request.command)
        is_begun = self._debugger is not None
        if row is None or (is_begun and row.meanwhile == "now"):
            if request.command == "pause":
                self._halts = self._is_paused = True
            self._take(request)
        elif (is_begun and row.meanwhile == "refuse") or len(self._first) >= _MOST_LATER:
            error = out_of_order(f"the program runs, so {request.command} is not possible", "send pause first")
            self._wire.refuse(request.number, request.command, error)
        else:
            self._first.append(request)
            # On its way to `main` only the end of the session halts it.
            self._halts = self._halts or is_begun or request.command in ("disconnect", "terminate")

    # -- the end ----------------------------------------------------------------------------------------------

    def _terminate(self, request: ClientRequest) -> None:
        self._release()
        self._wire.answer(request)
        self._wire.event("terminated")

    def _disconnect(self, request: ClientRequest) -> None:
        self._is_gone = True
        self._release()
        self._wire.answer(request)

    def _release(self) -> None:
        """Remove the breakpoints, let the program run on, and release the probe."""
        self._has_ended = self._has_ended or self._debugger is not None
        self._debugger = None
        held, self._held = self._held, ExitStack()
        try:
            held.close()
        except ToolError as exc:
            self._lost = exc
            raise

    def _lose(self, error: ToolError) -> None:
        """End the session of a chip that cannot be reached any more."""
        if self._debugger is None:
            return
        self._lost = error
        self._has_ended, self._debugger = True, None
        held, self._held = self._held, ExitStack()
        with suppress(ToolError), held:
            raise error
        self._wire.tell(told(error), "stderr")
        self._wire.event("terminated")
