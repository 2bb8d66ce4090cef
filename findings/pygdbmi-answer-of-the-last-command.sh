#!/usr/bin/env bash
# Guess: pygdbmi's `write(command, timeout_sec=10)` returns when GDB has answered the command, or after 10 seconds.
# Seen: pygdbmi 0.11.0.0 with GDB 13.1: it returns 0.2 seconds after the last output, answered or not. A command that prints a line and
#   goes on for a second returns without its result. The result is then the first part of the next command's list.
# Why it matters: a download over SWIM prints its progress in larger steps. The script takes the "done" of the download for that of the
#   command after it.
. "$(dirname "$0")/prepare"
python_packages pygdbmi==0.11.0.0
debian gdb=13.1-3 libbabeltrace1=1.5.11-1+b2 libdebuginfod1=0.188-2.1 libipt2=2.0.5-1 libmpfr6=4.2.0-1 libsource-highlight4v5=3.1.9-4.2+b3 \
    libboost-regex1.74.0=1.74.0+ds1-21 libpython3.11 libpython3.11-minimal libpython3.11-stdlib
export GDB_LIBRARIES=$LD_LIBRARY_PATH
unset LD_LIBRARY_PATH
cat >answers.py <<'P'
import os

from pygdbmi.gdbcontroller import GdbController

libraries = ["LD_LIBRARY_PATH=" + os.environ["GDB_LIBRARIES"], "PYTHONHOME=" + os.path.join(os.getcwd(), "root", "usr")]
gdb = GdbController(["env", *libraries, "gdb", "--nx", "--quiet", "--interpreter=mi3"])
gdb.get_gdb_response(timeout_sec=5)
slow = gdb.write('1-interpreter-exec console "shell echo half; sleep 2"', timeout_sec=10)
fast = gdb.write("2-gdb-show width", timeout_sec=10)
while not any(answer["type"] == "result" for answer in fast):
    fast += gdb.get_gdb_response(timeout_sec=10)
for answers in (slow, fast):
    print([answer["token"] for answer in answers if answer["type"] == "result"], end=" ")
gdb.exit()
P
expect "tokens of the results of command 1 and command 2" "$("$python" answers.py)" "[] [1, 2] "
