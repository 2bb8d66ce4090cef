"""A command in a child process, which outlives the process that was started.

PlatformIO ends its debug server with SIGKILL. A user or an editor may end a debugger in this way, too. A killed process
cannot let the chip go, which would then stay halted. So the process that was started only waits. Its child runs the
command. It sees by the end of a pipe that the parent has gone, in whatever way. If the child itself is killed, the
parent says what that means for the chip.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, Optional

from ..errors import Code, TargetError
from ..words import Hint
from .process import CHILD, end_as, is_script

_STDIN = "stdin"
_PIECE = 4096
_GRACE_S = 1.0  # a child that ends by itself needs less
_START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from stm8tool.cli.scripts import stm8tool
stm8tool()
"""


def serve_in_child() -> None:
    """Run the command in a child whose stdin ends with ours, and end as it does; return only in the child.

    Raises:
        TargetError: The child was killed.
    """
    if not is_script() or _pipe_of_child():
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for GDB, which runs on the same terminal
    with subprocess.Popen(_words(), stdin=subprocess.PIPE, env=_environment(_STDIN), **_apart()) as process:

        def watch() -> None:
            until_stdin_ends()
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()

        threading.Thread(target=watch, daemon=True).start()
        try:
            code = process.wait()
        finally:
            if process.stdin is not None:
                process.stdin.close()
    _end_like(code)


def debug_in_child() -> None:
    """Run the command in a child that has our stdin, and end as it does; return only in the child.

    On Windows there is no child: a process that is ended there may leave the chip halted.

    Raises:
        TargetError: The child was killed.
    """
    pipe = _pipe_of_child()
    if pipe:
        # Ctrl-\ ends the parent. A terminal sends it to both, and the child then still lets the chip go.
        signal.signal(signal.Signals["SIGQUIT"], signal.SIG_IGN)
        threading.Thread(target=_end_with, args=(int(pipe),), daemon=True).start()
    if pipe or not is_script() or os.name == "nt":
        return
    # A terminal sends Ctrl-C and Ctrl-Z to its whole process group. Elsewhere the child is apart from other kills.
    is_apart = sys.stdin is None or not sys.stdin.isatty()
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: object) -> None:
        if is_apart and started:
            started[0].send_signal(number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP") if is_apart else ("SIGINT",):
        number = signal.Signals[name]  # by name: Windows has no SIGHUP
        if signal.getsignal(number) != signal.SIG_IGN:  # a child inherits that, so only nohup has it
            signal.signal(number, pass_on)
    ends, held = os.pipe()
    with subprocess.Popen(
        _words(), env=_environment(str(ends)), pass_fds=(ends,), start_new_session=is_apart
    ) as process:
        started.append(process)
        os.close(ends)
        code: Optional[int] = None
        try:
            code = process.wait()
        except KeyboardInterrupt:  # SIGTERM or SIGHUP on a terminal: the child ends, and says so
            pass
        finally:
            os.close(held)
        code = process.wait() if code is None else code
    _end_like(code)


def until_stdin_ends() -> None:
    """Wait for the end of stdin; what comes before it has no meaning."""
    with suppress(OSError, ValueError):  # a stdin that cannot be read is one at its end
        while sys.stdin is not None:
            buffer = sys.stdin.buffer
            # No buffered stream: Python aborts if it ends while a thread waits inside one.
            if not (buffer.raw if isinstance(buffer, io.BufferedReader) else buffer).read(_PIECE):
                return


@cache
def _pipe_of_child() -> str:
    """Return the pipe that ends with the parent; empty if this process is not a child."""
    return os.environ.pop(CHILD, "")


def _end_with(pipe: int) -> None:
    """Interrupt this process when its parent has gone, as SIGTERM does."""
    with suppress(OSError):
        os.read(pipe, 1)
    threading.main_thread().join(_GRACE_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _end_like(code: int) -> NoReturn:
    """End as the child did. The child has said everything, in --json's form as well.

    Raises:
        TargetError: A signal killed the child, which could not say anything.
    """
    if code >= 0:
        end_as(code)
    name = str(-code)
    with suppress(ValueError):  # a signal without a name
        name = signal.Signals(-code).name
    raise TargetError(
        f"the process that used the probe was killed by signal {name}, so it did not let the chip go",
        code=Code.NOT_RUNNING,
        hint=Hint("the CPU of the chip may be stopped: {reset} starts its program"),
    )


def _environment(pipe: str) -> dict[str, str]:
    return {**os.environ, CHILD: pipe}


def _words() -> list[str]:
    """Return the command line of the child: ours."""
    folder = Path(__file__).resolve().parents[2]
    isolated = ["-I"] if sys.flags.isolated else []
    return [sys.executable, *isolated, "-c", _START, str(folder), *sys.argv[1:]]


def _apart() -> dict[str, Any]:
    """Return how the server is started so that no Ctrl-C of the terminal reaches it."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    return {"start_new_session": True}
