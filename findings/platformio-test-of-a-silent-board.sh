#!/usr/bin/env bash
# Guess: a test suite that is built, is started and reports no result is an error for `pio test`.
# Seen: PlatformIO 6.2.0 calls the suite SKIPPED and exits with 0: "0 test cases: 0 succeeded". The suite in the JUnit file has no test, no
#   error and nothing skipped.
# Why it matters: a board whose program hangs before the first test, or whose UART has the wrong baud rate, gives a green build.
. "$(dirname "$0")/prepare"
platformio_6_2
tests_of echo hello
code=0
pio test --junit-output-path "$work/junit.xml" >"$work/log" 2>&1 || code=$?
expect "exit code" "$code" 0
expect "suite" "$(grep -oE 'test_chip \[[A-Z]+\]' "$work/log" | head -n 1)" "test_chip [SKIPPED]"
expect "cases" "$(grep -oE '[0-9]+ test cases: [0-9]+ succeeded' "$work/log")" "0 test cases: 0 succeeded"
expect "JUnit" "$(grep -oE '<testsuite name="stm8:test_chip" tests="0" errors="0" failures="0" skipped="0"' "$work/junit.xml")" \
    '<testsuite name="stm8:test_chip" tests="0" errors="0" failures="0" skipped="0"'
