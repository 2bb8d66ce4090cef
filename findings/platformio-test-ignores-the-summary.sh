#!/usr/bin/env bash
# Guess: `pio test` with Unity's output compares the results that it read with Unity's own last lines, "2 Tests 1 Failures 0 Ignored" and FAIL.
# Seen: PlatformIO 6.2.0 takes those lines for the end of the output, and does not look at the numbers. If the line of the failed test
#   is lost, the suite is PASSED and the exit code is 0. The same is true if the program says nothing after its first PASS.
# Why it matters: a UART that loses a line, or a chip that resets in the second test, gives a green build.
. "$(dirname "$0")/prepare"
platformio_6_2
tests_of cat "$work/said"
run() {
    printf "$1" >"$work/said"
    code=0
    pio test >"$work/log" 2>&1 || code=$?
    echo "$code $(grep -oE 'test_chip \[[A-Z]+\]' "$work/log" | head -n 1)"
}
expect "a failed test" "$(run 'chip.c:3:one:PASS\nchip.c:9:two:FAIL\n---\n2 Tests 1 Failures 0 Ignored\nFAIL\n')" "1 test_chip [FAILED]"
expect "its line is lost" "$(run 'chip.c:3:one:PASS\n---\n2 Tests 1 Failures 0 Ignored\nFAIL\n')" "0 test_chip [PASSED]"
expect "all after the first is lost" "$(run 'chip.c:3:one:PASS\n')" "0 test_chip [PASSED]"
