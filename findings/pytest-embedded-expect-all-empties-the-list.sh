#!/usr/bin/env bash
# Guess: `dut.expect(LINES, expect_all=True)` waits for each pattern in LINES and leaves the list as it is.
# Seen: pytest-embedded 2.9.3 takes each found pattern out of the caller's list. The second call with the same list has nothing to wait
#   for, and succeeds at once.
# Why it matters: with one list for all tests of a module, only the first test looks at the board.
. "$(dirname "$0")/prepare"
python_packages pytest-embedded==2.9.3 pytest-embedded-serial==2.9.3 pytest==9.2.0 pyserial==3.5 pexpect==4.9.0
cat >test_lines.py <<'P'
LINES = ["ready", "volt"]


def test_first(dut):
    dut.write("go")
    dut.expect(LINES, expect_all=True, timeout=5)
    print("\nfirst:", LINES)


def test_second(dut):
    found = dut.expect(LINES, expect_all=True, timeout=5)
    print("\nsecond:", found)
P
# The board: it answers once.
cat >board.py <<'P'
import os, pty, subprocess, sys, threading, tty

board, port = pty.openpty()
tty.setraw(port)


def answer():
    os.read(board, 2)
    os.write(board, b"ready\r\nvolt\r\n")
    while True:
        os.read(board, 1)


threading.Thread(target=answer, daemon=True).start()
command = [sys.executable, "-m", "pytest", "-q", "-s", "--embedded-services", "serial", "--port", os.ttyname(port), "test_lines.py"]
sys.exit(subprocess.run(command).returncode)
P
code=0
"$python" board.py >log 2>&1 || code=$?
expect "the list after the first test" "$(sed -n 's/^first: //p' log)" "[]"
expect "what the second test found, exit code of pytest" "$(sed -n 's/^second: //p' log) $code" "[] 0"
