#!/usr/bin/env bash
# Guess: `openocd -c 'echo [...]'` prints the text to standard output, so a script reads it with $( ).
# Seen: OpenOCD 0.12.0 prints the text of echo, and the results of commands such as `adapter speed` or `mdb`, to standard error, among
#   its log. Only Jim Tcl's own `puts` goes to standard output.
# Why it matters: `x=$(openocd ... -c 'echo [read_memory 0x4000 8 1]')` is empty, and the exit code is 0.
. "$(dirname "$0")/prepare"
debian openocd=0.12.0-1 libcapstone4=4.0.2-5 libftdi1-2=1.5-6+b2 libgpiod2=1.6.3-1+b3 libhidapi-hidraw0=0.13.1-1 \
    libjaylink0=0.3.1-1 libjim0.81=0.81+dfsg0-2 libusb-1.0-0=2:1.0.26-1
said() { code=0; openocd -c 'adapter driver dummy' -c "$1" -c shutdown >out 2>err || code=$?; echo "$code $(grep -c "$2" out) $(grep -c "$2" err)"; }
expect "echo: exit code, in standard output, in standard error" "$(said 'echo hello' hello)" "0 0 1"
expect "adapter speed 100: the same" "$(said 'adapter speed 100' '100 kHz')" "0 0 1"
expect "puts: the same" "$(said 'puts hello' hello)" "0 1 0"
