#!/usr/bin/env bash
# Guess: `return` in `openocd -c "..."` ends that text only, as it ends a file that `-f` or `source` reads.
# Seen: OpenOCD 0.12.0 ends at once with exit code 1 and no message. The later -c and -f are not read. In a configuration file, `return` ends
#   the file, and OpenOCD goes on.
# Why it matters: a condition such as `if {...} { return }`, moved from a file to the command line, stops everything without a word.
. "$(dirname "$0")/prepare"
debian openocd=0.12.0-1 libcapstone4=4.0.2-5 libftdi1-2=1.5-6+b2 libgpiod2=1.6.3-1+b3 libhidapi-hidraw0=0.13.1-1 \
    libjaylink0=0.3.1-1 libjim0.81=0.81+dfsg0-2 libusb-1.0-0=2:1.0.26-1
printf 'puts first\nreturn\nputs never\n' >early.cfg
run() { code=0; openocd -c 'adapter driver dummy' "$@" -c 'puts next' -c shutdown >out 2>log || code=$?; echo "$code $(tr '\n' ' ' <out)"; }
expect "in a file" "$(run -f early.cfg)" "0 first next "
expect "in -c" "$(run -c 'puts first; return; puts never')" "1 first "
expect "errors in the log" "$(grep -ci error log || true)" 0
