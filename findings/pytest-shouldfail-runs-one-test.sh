#!/usr/bin/env bash
# Guess: `session.shouldfail = "no probe"` in pytest_collection_finish ends the run before the first test, with exit code 1 or 2.
# Seen: pytest 9.2.0 runs the first test and stops after it. With pytest-xdist 3.8.0, and the attribute set in the workers, each
#   worker runs its first test. `session.shouldstop` is the same. `pytest.exit()` there ends the run before any test.
# Why it matters: a check "is a probe free, is it the right chip" that uses it writes to the wrong board once.
. "$(dirname "$0")/prepare"
python_packages pytest==9.2.0 pytest-xdist==3.8.0
cat >conftest.py <<'P'
import os

import pytest


def pytest_collection_finish(session):
    if session.config.getoption("numprocesses") and not os.environ.get("PYTEST_XDIST_WORKER"):
        return  # xdist's controller runs no test
    if os.environ["WAY"] == "exit":
        pytest.exit("no probe", returncode=1)
    setattr(session, os.environ["WAY"], "no probe")
P
cat >test_flash.py <<'P'
import pytest


@pytest.mark.parametrize("n", range(8))
def test_flash(n):
    open("ran", "a").write("x")
P
run() {
    : >ran
    code=0
    WAY=$1 "$python" -m pytest -q -p no:cacheprovider "${@:2}" >log 2>&1 || code=$?
    echo "$(wc -c <ran) $code"
}
expect "tests that ran and exit code: shouldfail" "$(run shouldfail)" "1 1"
expect "shouldstop" "$(run shouldstop)" "1 2"
expect "pytest.exit" "$(run exit)" "0 1"
expect "two workers, shouldfail" "$(run shouldfail -n 2 | cut -d' ' -f1)" "2"
