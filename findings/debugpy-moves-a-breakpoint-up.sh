#!/usr/bin/env bash
# Guess: a breakpoint on an empty line or a comment goes down, to the next line with code, as in GDB. One after the end of the file is not
#   verified.
# Seen: debugpy 1.8.22 moves it up, to the last line with code above, and verifies it. In a file whose last line is 10, a breakpoint at line
#   99 stands at line 10. A breakpoint at the comment above a function stops at the first line of the file.
# Why it matters: an editor whose file is a few lines newer stops the program before the place that was marked.
. "$(dirname "$0")/prepare"
debugpy_session
cat >lines.py <<'P'
from client import *

launch()
print(*breakpoints(1, 3, 4, 6, 7, 8, 99))
end()
P
expect "lines 1, 3, 4, 6, 7, 8, 99 are" "$(timeout 60 "$python" lines.py)" "1 1 4 5 7 7 10"
