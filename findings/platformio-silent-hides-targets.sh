#!/usr/bin/env bash
# Guess: `pio run -s -t report` leaves out PlatformIO's own lines and prints what the target prints.
# Seen: PlatformIO 6.2.0 throws away all standard output of the build, with the target's lines, and exits with 0. SCons is not
#   told: its option `silent` is False, so a target cannot adapt to it. Standard error is printed.
# Why it matters: a target that prints a size, a version or JSON prints nothing in a script that uses -s.
. "$(dirname "$0")/prepare"
platformio_6_2
code=0
expect "-t report" "$(pio run -t report | grep '^silent')" "silent is False"
pio run -s -t report >output 2>&1 || code=$?
expect "-s -t report: exit code, bytes of output" "$code $(wc -c <output)" "0 0"
sed -i 's/env.GetOption("silent"))/env.GetOption("silent"), file=__import__("sys").stderr)/' "$core/platforms/demo/builder/main.py"
expect "the same on standard error" "$(pio run -s -t report 2>&1)" "silent is False"
