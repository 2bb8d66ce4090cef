#!/usr/bin/env bash
# Guess: `dut.expect("temp=(.*)")` captures the rest of the line, and `^` and `$` in a pattern stand for the ends of a line.
# Seen: pytest-embedded 2.9.3 with pexpect 4.9.0: `.` also matches line ends, so the group holds everything that has arrived. `^` and `$`
#   are the ends of what has arrived. `$` does not match before \r\n, either.
# Why it matters: a test that compares the group passes or fails by how much the board has sent by then.
. "$(dirname "$0")/prepare"
python_packages pytest-embedded==2.9.3 pytest-embedded-serial==2.9.3 pytest==9.2.0 pyserial==3.5 pexpect==4.9.0
cat >test_lines.py <<'P'
import pexpect


def test_lines(dut):
    dut.write("go")
    dut.expect_exact("go\n", timeout=5)
    print("\ngroup:", dut.expect("temp=(.*)end", timeout=5).group(1))
    for pattern in ("^volt", "list$"):
        dut.write("go")
        dut.expect_exact("go\n", timeout=5)
        try:
            dut.expect(pattern, timeout=1)
        except pexpect.TIMEOUT:
            print("\nnot found:", pattern)
P
# The board: to each request it sends the same lines.
cat >board.py <<'P'
import os, pty, subprocess, sys, threading, tty

board, port = pty.openpty()
tty.setraw(port)


def answer():
    request = b""
    while True:
        request += os.read(board, 1)
        if request == b"go\n":
            os.write(board, b"go\ntemp=25\r\nvolt=5\r\nlist\r\nend\r\n")
            request = b""


threading.Thread(target=answer, daemon=True).start()
command = [sys.executable, "-m", "pytest", "-q", "-s", "--embedded-services", "serial", "--port", os.ttyname(port), "test_lines.py"]
sys.exit(subprocess.run(command).returncode)
P
"$python" board.py >log 2>&1 || { tail log; exit 1; }
expect "what temp=(.*) captured" "$(sed -n 's/^group: //p' log)" "b'25\r\nvolt=5\r\nlist\r\n'"
expect "patterns that no line matched" "$(sed -n 's/^not found: //p' log | tr '\n' ' ')" '^volt list$ '
