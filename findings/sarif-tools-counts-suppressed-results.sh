#!/usr/bin/env bash
# Guess: `sarif --check error summary` leaves out a result that the file says is suppressed in the source, or that is absent since the last
#   run. Its exit code is 1 if there is an error.
# Seen: sarif-tools 3.0.5 counts both as errors. The exit code is the number of issues: 2 for two errors, which is also its code for a
#   wrong option.
# Why it matters: a warning that you have reviewed and suppressed keeps the build red.
. "$(dirname "$0")/prepare"
python_packages sarif-tools==3.0.5
result() {
    printf '{"ruleId": "R1", "level": "error", "message": {"text": "%s"}%s}' "$1" "$2"
}
file() {
    printf '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "demo"}}, "results": [%s]}]}\n' "$2" >"$1"
}
check() { code=0; "$work/venv/bin/sarif" --check error summary "$1" >/dev/null 2>log || code=$?; echo "$code"; }
file none.sarif ""
file suppressed.sarif "$(result one ', "suppressions": [{"kind": "inSource"}]')"
file absent.sarif "$(result one ', "baselineState": "absent"')"
file two.sarif "$(result one ""), $(result two "")"
expect "exit code without a result" "$(check none.sarif)" 0
expect "with a suppressed one" "$(check suppressed.sarif)" 1
expect "with an absent one" "$(check absent.sarif)" 1
expect "with two" "$(check two.sarif)" 2
code=0
"$work/venv/bin/sarif" --nonesuch >/dev/null 2>&1 || code=$?
expect "with a wrong option" "$code" 2
