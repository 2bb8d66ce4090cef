#!/usr/bin/env bash
# Guess: `serial.threaded.FramedPacket` starts a new packet at each START byte. A STOP byte outside a packet is not a packet.
# Seen: pyserial 3.5 keeps the bytes of an open packet at the next START. If one STOP is lost, `(ab` and `(cd)` become one packet `abcd`.
#   A STOP without a START gives an empty packet.
# Why it matters: one byte lost on a UART gives a packet that is a mix of two, and not one packet less.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
expect "packets of (ab, (cd), x), (ef)" "$("$python" - <<'P'
from serial.threaded import FramedPacket

packets = []


class Frames(FramedPacket):
    def handle_packet(self, packet):
        packets.append(packet)

    def handle_out_of_packet_data(self, data):
        pass


frames = Frames()
for data in (b"(ab", b"(cd)", b"x)", b"(ef)"):
    frames.data_received(data)
print(packets)
P
)" "[b'abcd', b'', b'ef']"
