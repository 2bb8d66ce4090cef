#!/usr/bin/env bash
# Guess: `jmp run` with a driver that is not installed says so, once, and exits with an error.
# Seen: jumpstarter 0.9.0 takes it for an accident, starts the exporter five times, and exits with 0 ("failed 5 times").
# Why it matters: a service manager that restarts after failures only, as with `Restart=on-failure`, leaves the board off the farm.
. "$(dirname "$0")/prepare"
python_packages jumpstarter==0.9.0 jumpstarter-cli==0.9.0 jumpstarter-driver-power==0.9.0 jumpstarter-driver-composite==0.9.0 \
    grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
export HOME="$work/home" XDG_CONFIG_HOME="$work/config" PATH="$work/venv/bin:$PATH"
mkdir -p "$HOME"
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'apiVersion: jumpstarter.dev/v1alpha1\nkind: ExporterConfig\nmetadata: {namespace: default, name: demo}\nendpoint: ""\n' >exporter.yaml
printf 'token: ""\nexport:\n  probe:\n    type: stm8_farm.driver.Probe\n' >>exporter.yaml
code=0
timeout 120 jmp run --exporter-config exporter.yaml --tls-grpc-listener "127.0.0.1:$port" --tls-grpc-insecure >log 2>&1 || code=$?
expect "exit code, starts" "$code $(grep -c "Driver 'stm8_farm.driver.Probe' is not installed" log)" "0 5"
expect "last word" "$(grep -o 'child process failed 5 times' log)" "child process failed 5 times"
