#!/usr/bin/env bash
# Guess: a device made with the Python package usbip has the bulk endpoints of USB. A read ends at its length or at a packet shorter than 64
#   bytes. An answer longer than the read is an overflow.
# Seen: usbip 0.7.0, full speed, in-process: each write of the device ends one read, also one of 64 bytes, where a USB host waits for the next
#   packet. A read of 2 bytes gives the first 2 of an answer of 6, and the next read the other 4.
# Why it matters: a host that reads too little, or joins two answers, passes its tests with such a device and fails with a real probe.
. "$(dirname "$0")/prepare"
python_packages usbip==0.7.0
cat >packets.py <<'P'
import usbip


class Probe(usbip.Interface):
    answers = usbip.In(0x81)
    requests = usbip.Out(0x02)


usbip.use(usbip.Loopback())
device = usbip.USBDevice(0x1209, 0x0001)
probe = Probe()
device.add(probe)
with device.plug(), usbip.open(0x1209, 0x0001) as host:
    probe.answers.write(bytes(64))
    probe.answers.write(bytes(6))
    print(len(host.bulk_in(0x81, 128)), len(host.bulk_in(0x81, 128)), end=" ")
    probe.answers.write(bytes(6))
    print(len(host.bulk_in(0x81, 2)), len(host.bulk_in(0x81, 64)))
P
expect "bytes: two reads of 128, a read of 2, a read of 64" "$(timeout 30 "$python" packets.py)" "64 6 2 4"
