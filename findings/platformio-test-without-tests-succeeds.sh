#!/usr/bin/env bash
# Guess: `pio test -f NAME` fails if no test has that name, as pytest does.
# Seen: PlatformIO 6.2.0: it says "Collected 2 tests", then "0 test cases: 0 succeeded", and exits with 0. So does `-i "*"`, which ignores
#   all tests, and `test_filter` in platformio.ini.
# Why it matters: after a test folder was renamed, the CI job that names it runs nothing and stays green.
. "$(dirname "$0")/prepare"
platformio_6_2
for name in test_clock test_eeprom; do
    mkdir -p "test/$name"
    echo 'int main(void) { return 0; }' >"test/$name/main.c"
done
tested() {
    code=0
    pio test "$@" >"$work/log" 2>&1 || code=$?
    echo "$code $(grep -oE 'Collected [0-9]+ tests|[0-9]+ test cases: [0-9]+ succeeded' "$work/log" | tr '\n' ' ')"
}
expect "-f test_timer" "$(tested -f test_timer)" "0 Collected 2 tests 0 test cases: 0 succeeded "
expect "-i '*'" "$(tested -i '*')" "0 Collected 2 tests 0 test cases: 0 succeeded "
echo 'test_filter = test_timer' >>platformio.ini
expect "test_filter = test_timer" "$(tested)" "0 Collected 2 tests 0 test cases: 0 succeeded "
