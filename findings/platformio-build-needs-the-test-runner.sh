#!/usr/bin/env bash
# Guess: `pio run` builds the firmware, and does not look for the runner of the tests.
# Seen: PlatformIO 6.2.0 stops each `pio run` if platformio.ini has `test_framework = custom`, a folder such as test/test_gauge
#   exists, and test/test_custom_runner.py does not. Without the folder, it builds.
# Why it matters: who adds the first test before its runner cannot build or upload.
. "$(dirname "$0")/prepare"
platformio_6_2
printf 'test_framework = custom\n' >>platformio.ini
build() { pio run >log 2>&1 && echo 0 || echo "$? $(grep -o 'Could not find custom test runner' log)"; }
expect "no folder test" "$(build)" 0
mkdir -p test
expect "an empty folder test" "$(build)" 0
mkdir test/test_gauge
expect "a folder test/test_gauge" "$(build)" "1 Could not find custom test runner"
