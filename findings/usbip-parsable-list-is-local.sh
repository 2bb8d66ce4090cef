#!/usr/bin/env bash
# Guess: `usbip list -p -r HOST` prints the devices of another machine in the form for scripts, as `usbip list -p -l` does for local ones.
# Seen: usbip 2.0 (Debian 12): -p has no effect with -r, and no message. The list is the one for people, on several lines for each device.
#   The device's own name is not in it: names come from the reader's file usb.ids, if there is one.
# Why it matters: a script that looks for a probe's busid by the parsable form finds no probe on the server.
. "$(dirname "$0")/prepare"
python_packages usbip==0.7.0
debian usbip
cat >server.py <<'P'
import socket
import sys

import usbip


class Probe(usbip.Interface):
    answers = usbip.In(0x81)


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
device = usbip.USBDevice(0x0483, 0x3748, product="a probe")
device.add(Probe())
with device.plug(via=usbip.USBIP("127.0.0.1", port)):
    print(port, flush=True)
    sys.stdin.read()
P
mkfifo until
"$python" server.py <until >port &
server=$!
exec 3>until
trap 'exec 3>&-; wait $server || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
list() { timeout 20 "$work/root/usr/sbin/usbip" --tcp-port "$(cat port)" list "$@" -r 127.0.0.1 2>/dev/null; }
expect "version" "$("$work/root/usr/sbin/usbip" version 2>&1 | tr -d '()')" "usbip usbip-utils 2.0"
list >plain
list -p >parsable
expect "lines that differ with -p" "$(diff plain parsable | wc -l)" 0
expect "lines with the device, in the form for people" "$(grep -cE '^ +1-1: .*\(0483:3748\)$' parsable)" 1
expect "lines with busid=" "$(grep -c 'busid=' parsable || true)" 0
expect "lines with the device's own name" "$(grep -c 'a probe' parsable || true)" 0
