#!/usr/bin/env bash
# Guess: `dut.expect_unity_test_output()` fails if the board's last lines say "3 Tests 1 Failures 0 Ignored" and "FAIL".
# Seen: pytest-embedded 2.9.3 only counts the result lines that it still finds. It does not compare them with the summary. If an earlier
#   `dut.expect()` went past the line that says FAIL, the test passes, with one result instead of three.
# Why it matters: a test that looks at one more value of the board reports a failed board as good.
. "$(dirname "$0")/prepare"
python_packages pytest-embedded==2.9.3 pytest-embedded-serial==2.9.3 pytest==9.2.0 pyserial==3.5 pexpect==4.9.0
cat >test_board.py <<'P'
def test_with_a_look_at_the_voltage(dut):
    dut.write("go")
    assert int(dut.expect(r"measured (\d+)", timeout=5).group(1)) > 4000
    dut.expect_unity_test_output(timeout=5)


def test_without(dut):
    dut.write("go")
    dut.expect_unity_test_output(timeout=5)
P
cat >board.py <<'P'
import os, pty, subprocess, sys, threading, tty

board, port = pty.openpty()
tty.setraw(port)
RESULTS = (
    "t.c:5:test_clock:PASS\r\nt.c:9:test_eeprom:FAIL: Expected 1 Was 2\r\nmeasured 4950\r\nt.c:14:test_voltage:PASS\r\n\r\n"
    "-----------------------\r\n3 Tests 1 Failures 0 Ignored\r\nFAIL\r\n"
)


def answer():
    request = b""
    while True:
        request += os.read(board, 1)
        if request == b"go\n":
            os.write(board, RESULTS.encode())
            request = b""


threading.Thread(target=answer, daemon=True).start()
command = [sys.executable, "-m", "pytest", "-q", "-rA", "--embedded-services", "serial", "--port", os.ttyname(port), "test_board.py"]
sys.exit(subprocess.run(command).returncode)
P
"$python" board.py >log 2>&1 || true
expect "results" "$(sed -nE 's/^(PASSED|FAILED) [^:]*::([a-z_]*).*/\1 \2/p' log | tr '\n' ' ')" \
    "PASSED test_with_a_look_at_the_voltage FAILED test_without "
