#!/usr/bin/env bash
# Guess: if the command of `test_testing_command` exits with 3, `pio test` reports the exit code 3.
# Seen: PlatformIO 6.2.0 reports "Program received signal SIGQUIT (Quit)", because 3 is the number of that signal. 2 is SIGINT, 9 is
#   SIGKILL, and 1 is SIGHUP.
# Why it matters: a flasher or simulator that ends with its own code for "no probe" seems to have been killed from outside.
. "$(dirname "$0")/prepare"
platformio_6_2
tests_of sh "$work/say"
run() {
    printf "printf 'chip.c:3:one:PASS\\\\n---\\\\n1 Tests 0 Failures 0 Ignored\\\\nOK\\\\n'\nexit $1\n" >"$work/say"
    pio test >"$work/log" 2>&1 || true
    grep -oE 'signal [A-Z]+' "$work/log" | head -n 1
}
expect "exit code 3" "$(run 3)" "signal SIGQUIT"
expect "exit code 2" "$(run 2)" "signal SIGINT"
expect "exit code 9" "$(run 9)" "signal SIGKILL"
