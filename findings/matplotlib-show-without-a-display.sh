#!/usr/bin/env bash
# Guess: without a display, matplotlib's show() raises an error, or warns at least.
# Seen: without DISPLAY, matplotlib 3.10.3 chooses the backend agg. show() returns at once, without a window and without a message, and
#   the exit code is 0. A DISPLAY that does not answer gives a warning.
# Why it matters: a live plot of a chip's variables, started over SSH, ends at once and seems to have had no data.
. "$(dirname "$0")/prepare"
python_packages matplotlib==3.10.3
cat >plot.py <<'P'
import matplotlib.pyplot as plt

plt.plot([1, 2])
plt.show()
P
show() {
    code=0
    env -u WAYLAND_DISPLAY -u MPLBACKEND "$@" "$python" plot.py >output 2>&1 || code=$?
    echo "$code $(grep -c 'cannot be shown' output || true) $(wc -c <output)"
}
expect "without DISPLAY: exit code, warnings, bytes of output" "$(show -u DISPLAY)" "0 0 0"
read -r code warnings _ <<<"$(show DISPLAY=127.0.0.1:99)"
expect "DISPLAY without a server: exit code, warnings" "$code $warnings" "0 1"
