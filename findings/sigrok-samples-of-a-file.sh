#!/usr/bin/env bash
# Guess: `--samples 16` and `--time 1` limit what sigrok-cli reads, from a device and from a file.
# Seen: sigrok-cli 0.7.2 with libsigrok 0.5.2 ignores both with `-i FILE`, without a message: all samples of the file come out.
# Also seen: the file of `-O binary` begins with 25 bytes of text, "META samplerate: 1000000" and a line end.
# Why it matters: a cut for a bug report, or for a test, is as long as the whole capture.
. "$(dirname "$0")/prepare"
debian sigrok-cli=0.7.2-1+b1 libsigrok4=0.5.2-4 libsigrokdecode4=0.5.3-4 libserialport0 libzip4 libftdi1-2 libhidapi-hidraw0 \
    libieee1284-3 libbluetooth3 libpython3.11 libpython3.11-minimal libpython3.11-stdlib
export PYTHONHOME="$work/root/usr"
head -c 5000 /dev/zero >capture.bin
run() { code=0; sigrok-cli "$@" -O binary -o out.bin >log 2>&1 || code=$?; echo "$code $(stat -c %s out.bin) $(wc -l <log)"; }
read_it() { run -I binary:numchannels=8:samplerate=1000000 -i capture.bin "$@"; }  # 25 bytes more are the text
expect "exit code, bytes, lines of messages" "$(read_it)" "0 5025 0"
expect "with --samples 16" "$(read_it --samples 16)" "0 5025 0"
expect "with --time 1" "$(read_it --time 1)" "0 5025 0"
expect "the beginning" "$(head -n 1 out.bin)" "META samplerate: 1000000"
expect "the demo device with --samples 16" "$(run -d demo:logic_channels=8:analog_channels=0 --samples 16)" "0 16 0"
