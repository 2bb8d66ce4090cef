#!/usr/bin/env bash
# Guess: `evaluate` of an unknown name is an answer with `success: false`. `setVariable` with a wrong value has the same answer.
# Seen: debugpy 1.8.22 answers `success: true` with the text of the exception as the result, if the request has no `context`, which is
#   optional. With "watch", "hover" or "repl" it is false. `setVariable` with the value "7 up" is `success: true`, with the old value.
# Why it matters: a script that reads variables takes an exception for a value, and a wrong value looks accepted.
. "$(dirname "$0")/prepare"
debugpy_session
cat >values.py <<'P'
from client import *

launch()
breakpoints(5)
ask("configurationDone")
thread = until("stopped")["body"]["threadId"]
frame = ask("stackTrace", threadId=thread)["body"]["stackFrames"][0]["id"]
answer = ask("evaluate", expression="tme", frameId=frame)
print(answer["success"], answer["body"]["result"], end="; ")
print(*(ask("evaluate", expression="tme", frameId=frame, context=context)["success"] for context in ("watch", "hover", "repl")), end="; ")
local = ask("scopes", frameId=frame)["body"]["scopes"][0]["variablesReference"]
ask("variables", variablesReference=local)
for value in ("7 up", "7"):
    answer = ask("setVariable", variablesReference=local, name="time", value=value)
    print(answer["success"], answer["body"]["value"], end="; ")
end()
P
expect "without a context; watch, hover, repl; setVariable of '7 up' and 7" "$(timeout 60 "$python" values.py)" \
    "True NameError(\"name 'tme' is not defined\"); False False False; True 3; True 7; "
