#!/usr/bin/env bash
# Guess: a debug adapter sends `initialized` after it has answered `initialize`, and answers `launch` when the program is loaded. A client
#   can wait for each answer before the next request.
# Seen: debugpy 1.8.22 sends `initialized` only after it has got `launch`. It answers `launch` only after it has got `configurationDone`.
# Why it matters: a client that waits for `initialized` before it sends `launch`, or for the answer to `launch` before it sets breakpoints,
#   waits for ever. It works with other adapters.
. "$(dirname "$0")/prepare"
debugpy_session
cat >order.py <<'P'
from client import *

order = []
for command, arguments, last in (
    ("initialize", {"adapterID": "debugpy"}, "answer to initialize"),
    ("threads", {}, "answer to threads"),
    ("launch", {"program": CHIP, "console": "internalConsole"}, "initialized"),
    ("setBreakpoints", {"source": {"path": CHIP}, "breakpoints": [{"line": 5}]}, "answer to setBreakpoints"),
    ("configurationDone", {}, "stopped"),
):
    order.append(command)
    send(command, **arguments)
    while True:
        order.append("<" + name(receive()))
        if order[-1] == "<" + last:
            break
print(*(one.replace("answer to ", "") for one in order))
end()
P
expect "requests, and answers and events with <" "$(timeout 60 "$python" order.py)" "initialize <initialize threads <threads launch <initialized \
setBreakpoints <setBreakpoints configurationDone <configurationDone <launch <stopped"
