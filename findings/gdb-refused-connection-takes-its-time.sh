#!/usr/bin/env bash
# Guess: `target remote 127.0.0.1:PORT` says "Connection refused" at once if nothing listens there.
# Seen: GDB 13.1 tries again for more than ten seconds, and then says "Connection timed out". With `set tcp auto-retry off` it says
#   "Connection refused" at once.
# Also seen: in `gdb -batch -ex A -ex B` only the last command counts for the exit code: it is 0 if A fails and B does not.
# Why it matters: a server that ended at its start looks like a network that loses packets, and a failed connection can look like success.
. "$(dirname "$0")/prepare"
debian gdb=13.1-3 libbabeltrace1=1.5.11-1+b2 libdebuginfod1=0.188-2.1 libipt2=2.0.5-1 libmpfr6=4.2.0-1 libsource-highlight4v5=3.1.9-4.2+b3 \
    libboost-regex1.74.0=1.74.0+ds1-21 libpython3.11 libpython3.11-minimal libpython3.11-stdlib
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
connect() {
    code=0
    start=$(date +%s)
    PYTHONHOME="$work/root/usr" gdb -nx -batch "$@" >out 2>&1 || code=$?
    slow=$(test $(($(date +%s) - start)) -ge 8 && echo slow || echo quick)
    echo "$code $slow $(grep -oE 'Connection (refused|timed out)' out)"
}
expect "as it is" "$(connect -ex "target remote 127.0.0.1:$port")" "1 slow Connection timed out"
expect "without retries" "$(connect -ex 'set tcp auto-retry off' -ex "target remote 127.0.0.1:$port")" "1 quick Connection refused"
expect "with a command behind it" "$(connect -ex 'set tcp auto-retry off' -ex "target remote 127.0.0.1:$port" -ex 'print 1')" \
    "0 quick Connection refused"
