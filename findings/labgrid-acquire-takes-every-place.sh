#!/usr/bin/env bash
# Guess: `labgrid-client -c env.yaml -p right acquire` takes the place "right". Without -p, and with two places in env.yaml, the client
#   refuses or takes all of them, whatever the command.
# Seen: labgrid 26.0.1 takes and gives back every place of env.yaml, with -p too. Every other command takes the first place, so
#   `delete` without -p deletes it and exits with 0.
# Why it matters: one board of a farm with two boards in the environment file cannot be taken alone, and a command for "the" board goes to the first.
. "$(dirname "$0")/prepare"
python_packages labgrid==26.0.1 grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export LG_COORDINATOR="127.0.0.1:$port" PATH="$work/venv/bin:$PATH"
unset LG_PLACE LG_ENV LG_STATE
labgrid-coordinator -l "$LG_COORDINATOR" >coordinator.log 2>&1 &
coordinator=$!
trap 'kill $coordinator; wait $coordinator || true; rm -rf "$work"' EXIT
for _ in $(seq 60); do labgrid-client places >log 2>&1 && break; sleep 0.5; done
for side in left right; do
    labgrid-client -p "$side" create
    printf '%s:\n  resources:\n    RemotePlace:\n      name: %s\n' "$side" "$side" >"$side.yaml"
done
{ echo targets:; sed 's/^/  /' left.yaml right.yaml; } >env.yaml
expect "-p right acquire" "$(labgrid-client -c env.yaml -p right acquire | tr '\n' '|')" \
    "Selected role right from configuration file|acquired place left|acquired place right|"
expect "-p right release" "$(labgrid-client -c env.yaml -p right release | tr '\n' '|')" \
    "Selected role right from configuration file|released place left|released place right|"
expect "delete without -p" "$(labgrid-client -c env.yaml delete && labgrid-client places | tr -d ' ')" \
    "Selected role left and place left from configuration file
right"
