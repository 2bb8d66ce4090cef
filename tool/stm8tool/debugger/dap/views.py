"""What an editor shows of the halted program: its thread, its stack, its variables, its memory."""

from __future__ import annotations

import base64
from typing import Any

from ..source_run import SourceDebugger
from .breakpoints import address_of
from .messages import Body, ClientArguments
from .sources import Sources
from .values import Values

THREAD = 1  # the number of the only one
_MOST_READ = 0x10000  # bytes of memory in one answer; our choice


class Views:
    """Answers the requests of an editor that only look.

    Args:
        debugger: The program.
        sources: The names of its sources.
        values: Its variables, by the numbers that the editor has.
        line_base: The number of the first line for the editor.
    """

    def __init__(self, debugger: SourceDebugger, sources: Sources, values: Values, line_base: int) -> None:
        self._debugger = debugger
        self._sources = sources
        self._values = values
        self._line_base = line_base

    def threads(self, _given: ClientArguments) -> Body:
        """Answer `threads`: the chip is the only one."""
        return {"threads": [{"id": THREAD, "name": self._debugger.target.part.name}]}

    def stack_trace(self, given: ClientArguments) -> Body:
        """Answer `stackTrace`. A last row without a place says why the calls above it are not known."""
        trace = self._debugger.backtrace
        start, levels = max(0, given.number("startFrame", 0)), given.number("levels", 0)
        rows = [self._frame(index) for index in range(len(trace.frames))]
        if trace.frames and trace.frames[-1].function is None:
            label = {"id": self._values.frame_number(len(rows)), "line": 0, "column": 0, "presentationHint": "label"}
            rows.append({**label, "name": trace.end})
        shown = rows[start : start + levels if levels > 0 else None]
        return {"stackFrames": shown, "totalFrames": len(rows)}

    def _frame(self, index: int) -> Body:
        debugger = self._debugger
        frame = debugger.backtrace.frames[index]
        line = debugger.program.lines.at(frame.place)
        name = frame.function.name if frame.function else debugger.program.symbol_at(frame.place)
        row: dict[str, Any] = {
            "id": self._values.frame_number(index),
            "name": name + (" (interrupted here)" if frame.is_interrupted else ""),
            "line": 0,
            "column": 0,
            "instructionPointerReference": f"0x{frame.state.pc:06X}",
        }
        if line is None:
            return {**row, "presentationHint": "subtle"}
        source = self._sources.shown(line.file)
        return {**row, "line": line.line - 1 + self._line_base, "column": self._line_base, "source": source}

    def scopes(self, given: ClientArguments) -> Body:
        """Answer `scopes`."""
        return {"scopes": self._values.scopes(given.number("frameId"))}

    def variables(self, given: ClientArguments) -> Body:
        """Answer `variables`."""
        return {"variables": self._values.variables(given)}

    def set(self, given: ClientArguments) -> Body:
        """Answer `setVariable`."""
        return self._values.set(given)

    def data_id(self, given: ClientArguments) -> Body:
        """Answer `dataBreakpointInfo`."""
        return self._values.data_id(given)

    def evaluate(self, given: ClientArguments) -> Body:
        """Answer `evaluate`."""
        index = self._values.select(given.number("frameId") if given.has("frameId") else None)
        expression = given.text("expression").strip()
        shown = dict(self._values.shown(self._debugger.evaluator().evaluate(expression), expression, index))
        return {"result": shown.pop("value"), **shown}

    def memory(self, given: ClientArguments) -> Body:
        """Answer `readMemory`."""
        address = address_of(given.text("memoryReference"), given.number("offset", 0))
        wanted = given.number("count")
        count = max(0, min(wanted, _MOST_READ))
        data = self._debugger.target.read(address, count)
        answer = {"address": f"0x{address:06X}", "data": base64.b64encode(data).decode("ascii")}
        return {**answer, "unreadableBytes": max(0, wanted) - count}
