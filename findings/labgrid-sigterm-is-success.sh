#!/usr/bin/env bash
# Guess: a `labgrid-client` that is ended by SIGTERM exits with 143, or another code that is not 0.
# Seen: labgrid 26.0.1 sets a handler that exits with 0.
# Why it matters: a job that a supervisor ends, as `timeout --preserve-status` does at the time limit, looks like one that did its work.
. "$(dirname "$0")/prepare"
python_packages labgrid==26.0.1 grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export LG_COORDINATOR="127.0.0.1:$port" PATH="$work/venv/bin:$PATH"
unset LG_PLACE LG_ENV LG_STATE
labgrid-coordinator -l "$LG_COORDINATOR" >coordinator.log 2>&1 &
coordinator=$!
trap 'kill $coordinator; wait $coordinator || true; rm -rf "$work"' EXIT
for _ in $(seq 60); do labgrid-client places >log 2>&1 && break; sleep 0.5; done
ended_by() {
    labgrid-client -p demo "$@" >log 2>&1 &
    client=$!
    sleep 5
    kill -TERM "$client"
    code=0
    wait "$client" || code=$?
    echo "$code $(grep -c Traceback log || true)"
}
expect "exit code of monitor after SIGTERM, tracebacks" "$(ended_by monitor)" "0 0"
code=0
timeout --preserve-status 5 labgrid-client monitor >log 2>&1 || code=$?
expect "with timeout --preserve-status" "$code" 0
