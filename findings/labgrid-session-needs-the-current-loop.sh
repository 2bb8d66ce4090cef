#!/usr/bin/env bash
# Guess: `start_session(address, loop=loop)` runs in the loop that it is given ("explicit event loop to use").
# Seen: labgrid 26.0.1 makes its gRPC channel before the loop runs, so the channel belongs to the thread's current loop. Without
#   `asyncio.set_event_loop(loop)` before the call, a coordinator that runs is "Could not connect to coordinator".
# Why it matters: a farm tool that opens a session beside its own loop looks for a network fault that is not there.
. "$(dirname "$0")/prepare"
python_packages labgrid==26.0.1 grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export LG_COORDINATOR="127.0.0.1:$port" PATH="$work/venv/bin:$PATH"
unset LG_PLACE LG_ENV LG_STATE
labgrid-coordinator -l "$LG_COORDINATOR" >coordinator.log 2>&1 &
coordinator=$!
trap 'kill $coordinator; wait $coordinator || true; rm -rf "$work"' EXIT
for _ in $(seq 60); do labgrid-client places >log 2>&1 && break; sleep 0.5; done
session() {
    "$python" - "$LG_COORDINATOR" "$1" 2>log <<'P'
import asyncio
import sys

from labgrid.remote.client import ServerError, start_session

loop = asyncio.new_event_loop()
if sys.argv[2] == "current":
    asyncio.set_event_loop(loop)
try:
    session = start_session(sys.argv[1], loop=loop)
except ServerError as error:
    print(error)
else:
    print("connected")
    loop.run_until_complete(session.stop())
    loop.run_until_complete(session.close())
P
}
expect "a loop that is not the current one" "$(session other)" "Error: Could not connect to coordinator"
expect "its log" "$(grep -c 'attached to a different loop' log)" 1
expect "the current loop" "$(session current)" "connected"
