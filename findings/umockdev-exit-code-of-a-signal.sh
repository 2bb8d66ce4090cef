#!/usr/bin/env bash
# Guess: if a signal ends the program that `umockdev-run` starts, the exit code is 128 plus the signal's number, as in a shell.
# Seen: umockdev-run 0.17.16 exits with the bare number for SIGHUP (1), SIGINT (2), SIGABRT (6), SIGPIPE (13) and SIGTERM (15). For
#   SIGKILL and SIGUSR1 a shell sees 137 and 138.
# Why it matters: a program that a time limit ended seems to have returned a code 15 of its own. abort() looks like a code 6.
. "$(dirname "$0")/prepare"
debian umockdev=0.17.16-1 libumockdev0=0.17.16-1 libusb-1.0-0=2:1.0.26-1 libpcap0.8=1.10.3-1
ended_by() { code=0; (umockdev-run -- sh -c "kill -$1 \$\$") >log 2>&1 || code=$?; echo "$code"; }
expect "HUP, INT, ABRT, PIPE, TERM" "$(ended_by HUP) $(ended_by INT) $(ended_by ABRT) $(ended_by PIPE) $(ended_by TERM)" "1 2 6 13 15"
expect "KILL, USR1" "$(ended_by KILL) $(ended_by USR1)" "137 138"
code=0
umockdev-run -- sh -c 'exit 15' || code=$?
expect "a program that exits with 15" "$code" 15
