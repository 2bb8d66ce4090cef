#!/usr/bin/env bash
# Guess: in pytest-embedded, `dut.write("r")` and `dut.write(b"r")` send the same byte, as with a serial port.
# Seen: pytest-embedded-serial 2.9.3 sends a str with a newline at its end, and bytes as they are.
# Why it matters: a firmware that reads single letters gets a second one, 0x0A, and answers it, too.
. "$(dirname "$0")/prepare"
python_packages pytest-embedded==2.9.3 pytest-embedded-serial==2.9.3 pytest==9.2.0 pyserial==3.5 pexpect==4.9.0
cat >test_write.py <<'P'
import pytest


@pytest.mark.parametrize("sent", ["r", b"r"])
def test_write(dut, sent):
    dut.write(sent)
    dut.expect_exact(b"<" + (b"r\n" if isinstance(sent, str) else b"r") + b">", timeout=5)
P
# The board: it answers with what it got within half a second, between angle brackets.
cat >board.py <<'P'
import os, pty, select, subprocess, sys, threading, tty

board, port = pty.openpty()
tty.setraw(port)


def answer():
    while True:
        got = os.read(board, 1)
        while select.select([board], [], [], 0.5)[0]:
            got += os.read(board, 1)
        os.write(board, b"<" + got + b">")


threading.Thread(target=answer, daemon=True).start()
command = [sys.executable, "-m", "pytest", "-q", "--embedded-services", "serial", "--port", os.ttyname(port), "test_write.py"]
sys.exit(subprocess.run(command).returncode)
P
"$python" board.py >log 2>&1 || true
expect "a str arrives as <r and a newline>, bytes as <r>" "$(grep -oE '^[0-9]+ (passed|failed).*(passed|failed)?' log | sed 's/,.*//')" "2 passed"
