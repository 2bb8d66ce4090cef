#!/usr/bin/env bash
# Guess: `sigrok-cli -I binary:samplerate=1m` reads a file of 1 MHz, as `--config samplerate=1m` sets 1 MHz for a device. What it does not
#   understand is an error.
# Seen: sigrok-cli 0.7.2 with libsigrok 0.5.2 reads the digits, and drops the unit without a message: "1m", "1M" and "1 MHz" are 1 Hz,
#   "1000k" is 1 kHz. Exit code 0. With 1 Hz, the UART decoder makes bytes of 00 from a capture of "Hi".
# Why it matters: the decoder of SWIM or of a UART gives nonsense, and the fault is looked for in the wiring.
. "$(dirname "$0")/prepare"
debian sigrok-cli=0.7.2-1+b1 libsigrok4=0.5.2-4 libsigrokdecode4=0.5.3-4 libserialport0 libzip4 libftdi1-2 libhidapi-hidraw0 \
    libieee1284-3 libbluetooth3 libpython3.11 libpython3.11-minimal libpython3.11-stdlib
python3 - <<'P'
bits = [1] * 200
for byte in b"Hi":
    for bit in [0, *(byte >> index & 1 for index in range(8)), 1]:
        bits += [bit] * 10
open("uart.bin", "wb").write(bytes(bits + [1] * 200))
P
export SIGROKDECODE_DIR="$work/root/usr/share/libsigrokdecode/decoders" PYTHONHOME="$work/root/usr"
rate() { sigrok-cli -I "binary:numchannels=1:samplerate=$1" -i uart.bin --show 2>&1 | sed -n 's/^Samplerate: //p'; }
expect "1000000, 1m, 1 MHz, 1000k" "$(rate 1000000) $(rate 1m) $(rate '1 MHz') $(rate 1000k)" "1000000 1 1 1000"
decode() {
    code=0
    sigrok-cli -I "binary:numchannels=1:samplerate=$1" -i uart.bin -P uart:rx=0:baudrate=100000 -A uart=rx-data >out 2>&1 || code=$?
    echo "$code $(sed 's/.*: //' out | sort -u | tr '\n' ' ')"
}
expect "exit code and different bytes at 1000000" "$(decode 1000000)" "0 48 69 "
expect "at 1m" "$(decode 1m)" "0 00 "
