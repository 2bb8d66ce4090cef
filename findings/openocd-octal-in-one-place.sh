#!/usr/bin/env bash
# Guess: a number such as 010 means the same in all of an OpenOCD script: 8, as in Tcl 8, or 10.
# Seen: OpenOCD 0.12.0: in `expr` of its Jim Tcl it is 10. As the argument of a command (adapter speed, mdb, mwb) it is 8.
#   `adapter speed 010` and `adapter speed [expr 010]` differ. `expr 08` is 8; `adapter speed 08` is an error.
# Why it matters: an address or a count with leading zeros, from a table, changes when a script begins to calculate with it.
. "$(dirname "$0")/prepare"
debian openocd=0.12.0-1 libcapstone4=4.0.2-5 libftdi1-2=1.5-6+b2 libgpiod2=1.6.3-1+b3 libhidapi-hidraw0=0.13.1-1 \
    libjaylink0=0.3.1-1 libjim0.81=0.81+dfsg0-2 libusb-1.0-0=2:1.0.26-1
run() { code=0; openocd -c 'adapter driver dummy' "$@" -c shutdown >log 2>&1 || code=$?; }
run -c 'echo "sum [expr 010] [expr 08]"'
expect "expr 010, expr 08" "$(sed -n 's/^sum //p' log)" "10 8"
run -c 'adapter speed 010'
expect "adapter speed 010" "$(sed -n 's/^adapter speed: //p' log)" "8 kHz"
run -c 'adapter speed [expr 010]'
expect "adapter speed [expr 010]" "$(sed -n 's/^adapter speed: //p' log)" "10 kHz"
run -c 'adapter speed 08'
expect "adapter speed 08: exit code" $code 1
