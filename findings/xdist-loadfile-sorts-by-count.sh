#!/usr/bin/env bash
# Guess: pytest-xdist's --dist loadfile hands the files to the workers in pytest's order, the order of the names.
# Seen: pytest-xdist 3.8.0 hands out the file with the most tests first. With one worker the tests run in this order, too.
#   --no-loadscope-reorder brings back the order of the names.
# Why it matters: one file with few slow tests (a virtual machine, a real chip) comes last. All other workers wait for it.
. "$(dirname "$0")/prepare"
python_packages pytest==9.2.0 pytest-xdist==3.8.0
mkdir suite
for row in a:1 b:3 c:2; do
    for number in $(seq "${row#*:}"); do printf 'def test_%s():\n    pass\n\n\n' "$number"; done >"suite/test_${row%:*}.py"
done
cat >suite/conftest.py <<'P'
def pytest_runtest_logreport(report):
    if report.when == "call" and not hasattr(report, "node"):
        with open("order", "a") as stream:
            stream.write(report.nodeid.split("test_")[1][0])
P
order() { rm -f order; "$python" -m pytest -q -p no:cacheprovider "$@" suite >log 2>&1 || cat log; cat order; }
expect "without xdist" "$(order)" abbbcc
expect "--dist loadfile" "$(order -n1 --dist loadfile)" bbbcca
expect "--dist loadfile --no-loadscope-reorder" "$(order -n1 --dist loadfile --no-loadscope-reorder)" abbbcc
