#!/usr/bin/env bash
# Guess: lizard, which measures functions, names `void tick(void) __interrupt(23)` tick.
# Seen: lizard 1.24.3 names each handler `__interrupt` and counts one parameter, which is the number of the vector. `__trap` has no number, and its handler keeps its name.
# Why it matters: a limit or an exception by name for a handler never applies, and all handlers of a file have one name.
. "$(dirname "$0")/prepare"
python_packages lizard==1.24.3
cat >main.c <<'C'
volatile unsigned char ticks, edges;
void tick(void) __interrupt(23) { if (ticks < 9) ticks++; }
void edge(void) __interrupt(6) { edges++; }
void trap(void) __trap { edges = 0; }
void main(void) { for (;;) ; }
C
expect "names and parameters" "$(venv/bin/lizard --csv main.c | "$python" -c '
import csv, sys
print(*(f"{row[7]}/{row[3]}" for row in csv.reader(sys.stdin)))')" "__interrupt/1 __interrupt/1 trap/0 main/0"
