#!/usr/bin/env bash
# Guess: labgrid's exporter takes any YAML value of a resource that it does not know, or it refuses that resource and exports the others.
# Seen: labgrid 26.0.1 exports scalars of an unknown class word for word. A list or a mapping ends the whole exporter with a traceback
#   and exit code 1, after the resources before it were announced.
# Why it matters: one new parameter of one board, such as `pins: {reset: 4}`, takes all boards of this host out of the farm.
. "$(dirname "$0")/prepare"
python_packages labgrid==26.0.1 grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export LG_COORDINATOR="127.0.0.1:$port" PATH="$work/venv/bin:$PATH"
unset LG_PLACE LG_ENV LG_STATE
labgrid-coordinator -l "$LG_COORDINATOR" >coordinator.log 2>&1 &
coordinator=$!
trap 'kill $coordinator; wait $coordinator || true; rm -rf "$work"' EXIT
for _ in $(seq 60); do labgrid-client places >log 2>&1 && break; sleep 0.5; done
exporter() {  # prints the exit code (124: still running after 8 s), the resources after 6 s, and the last line
    printf 'first:\n  Stm8Probe:\n    serial: "one"\nsecond:\n  Stm8Probe:\n    pins: %s\n' "$1" >resources.yaml
    timeout 8 labgrid-exporter --name host resources.yaml >log 2>&1 &
    running=$!
    sleep 6
    seen=$(labgrid-client resources | tr '\n' ' ')
    code=0
    wait "$running" || code=$?
    echo "$code $seen$(tail -n 1 log | grep -o 'cannot translate' || true)"
}
expect "a scalar" "$(exporter 4)" "124 host/first/Stm8Probe host/second/Stm8Probe "
expect "a mapping" "$(exporter '{reset: 4}')" "1 cannot translate"
expect "a list" "$(exporter '[4, 5]')" "1 cannot translate"
