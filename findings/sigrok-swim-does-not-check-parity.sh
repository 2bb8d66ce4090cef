#!/usr/bin/env bash
# Guess: sigrok's decoder for SWIM marks a byte whose parity bit is wrong, as its decoder for UART does.
# Seen: sigrok-cli 0.7.2 with libsigrokdecode 0.5.3: it labels the bit "parity" and does not check it. A WOTF frame at low
#   speed with one wrong parity bit decodes to the same lines as the right one.
# Also seen: the decoder only starts with a session file (.sr). With sigrok-cli's raw binary input and a given samplerate, it ends with
#   an AttributeError, and sigrok-cli exits with 1. The decoder reads the sample rate before that input has set it.
# Why it matters: a capture of a bad wire looks clean, even at the flipped bit.
. "$(dirname "$0")/prepare"
debian sigrok-cli=0.7.2-1+b1 libsigrok4=0.5.2-4 libsigrokdecode4=0.5.3-4 libserialport0 libzip4 libftdi1-2 libhidapi-hidraw0 \
    libieee1284-3 libbluetooth3 libpython3.11 libpython3.11-minimal libpython3.11-stdlib
export SIGROKDECODE_DIR="$work/root/usr/share/libsigrokdecode/decoders" PYTHONHOME="$work/root/usr"

# One sample per SWIM clock of 8 MHz. UM0470: a bit takes 22 clocks; 1 is low for 2 of them, 0 for 20. A frame is a start bit,
# data, parity, acknowledge. WOTF is command 2 of three bits; then count, three address bytes, data.
env -u PYTHONHOME python3 - <<'P'
def bit(value):
    low = 2 if value else 20
    return bytes(low) + bytes([1]) * (22 - low)

def frame(value, bits=8, wrong=0):
    data = [value >> n & 1 for n in reversed(range(bits))]
    return b"".join(map(bit, [0, *data, sum(data) % 2 ^ wrong, 1]))

for name, wrong in ("right", 0), ("wrong", 1):
    words = frame(2, 3) + frame(2) + frame(0x00) + frame(0x50) + frame(0x0F) + frame(0x12, wrong=wrong) + frame(0x34)
    open(name + ".bin", "wb").write(bytes([1]) * 1600 + words + bytes([1]) * 800)
P
binary=binary:numchannels=8:samplerate=8000000
for name in right wrong; do sigrok-cli -I $binary -i $name.bin -o $name.sr; done
decoded() { sigrok-cli -i "$1" -P swim:swim=0 -A swim=cmd:bytes:address:data-write:nack | sed 's/^swim-1: //' | tr '\n' ','; }
expect "the right frame" "$(decoded right.sr)" "write on-the-fly,byte count 0x02,address 0x00500f,0x12,0x34,"
expect "the frame with a wrong parity bit" "$(decoded wrong.sr)" "write on-the-fly,byte count 0x02,address 0x00500f,0x12,0x34,"
expect "bits that differ in the two captures" "$(cmp -l right.bin wrong.bin | wc -l)" "18"
code=0
sigrok-cli -I $binary -i right.bin -P swim:swim=0 >told 2>&1 || code=$?
expect "raw binary input: exit code, reason" "$code $(grep -o "has no attribute .*" told | head -n 1)" "1 has no attribute 'samplerate'"
