#!/usr/bin/env bash
# Guess: `jmp shell --exporter-config FILE -- CMD` exits with the code of CMD, as the shell of any tool does and as `jmp shell` does with a
#   remote exporter.
# Seen: jumpstarter 0.9.0 runs CMD and exits with 0, also if CMD ended with 7 or does not exist as a program for sh (127).
# Why it matters: a CI job with a local exporter is green after each failed flash and each failed test.
. "$(dirname "$0")/prepare"
python_packages jumpstarter==0.9.0 jumpstarter-cli==0.9.0 jumpstarter-driver-power==0.9.0 jumpstarter-driver-composite==0.9.0 \
    grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
export HOME="$work/home" XDG_CONFIG_HOME="$work/config" PATH="$work/venv/bin:$PATH"
mkdir -p "$HOME"
printf 'apiVersion: jumpstarter.dev/v1alpha1\nkind: ExporterConfig\nmetadata: {namespace: default, name: demo}\nendpoint: ""\n' >exporter.yaml
printf 'token: ""\nexport:\n  power:\n    type: jumpstarter_driver_power.driver.MockPower\n' >>exporter.yaml
shell() {
    code=0
    jmp shell --exporter-config exporter.yaml -- sh -c "echo ran >ran; $1" >log 2>&1 || code=$?
    echo "$code $(cat ran)"
    rm -f ran
}
expect "a command that exits with 7: exit code, did it run" "$(shell 'exit 7')" "0 ran"
expect "a command that is not found" "$(shell 'no-such-program')" "0 ran"
