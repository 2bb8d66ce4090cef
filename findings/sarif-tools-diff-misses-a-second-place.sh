#!/usr/bin/env bash
# Guess: `sarif --check error diff old.sarif new.sarif` fails if the new file has an error in a place where the old one had none.
# Seen: sarif-tools 3.0.5 compares rule and text of the messages, and no places. A second error with the same text, in another file, is
#   "+0 +0", and the exit code is 0. The output names it as "Number of occurrences 1 -> 2".
# Why it matters: messages of compilers and checkers have fixed texts, so the check passes most new mistakes of an old kind.
. "$(dirname "$0")/prepare"
python_packages sarif-tools==3.0.5
result() {
    printf '{"ruleId": "%s", "level": "error", "message": {"text": "missing cast"}, "locations": [{"physicalLocation": ' "$1"
    printf '{"artifactLocation": {"uri": "%s"}, "region": {"startLine": 3}}}]}' "$2"
}
file() {
    printf '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "demo"}}, "results": [%s]}]}\n' "$2" >"$1"
}
check() { code=0; "$work/venv/bin/sarif" --check error diff old.sarif "$1" >out 2>log || code=$?; echo "$code, $(grep 'error level' out)"; }
file old.sarif "$(result R1 a.c)"
file place.sarif "$(result R1 a.c), $(result R1 b.c)"
file rule.sarif "$(result R1 a.c), $(result R2 b.c)"
expect "a second place" "$(check place.sarif)" "0, error level: +0 +0"
expect "occurrences" "$(check place.sarif >/dev/null; grep -c '1 -> 2' out)" 1
expect "a second rule" "$(check rule.sarif)" "1, error level: +1 +0"
