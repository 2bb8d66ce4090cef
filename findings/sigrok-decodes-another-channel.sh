#!/usr/bin/env bash
# Guess: `sigrok-cli -P uart:rx=TXD` fails if the capture has no channel TXD. At least it decodes nothing.
# Seen: sigrok-cli 0.7.2 with libsigrok 0.5.2 prints "No channel with name TXD found", decodes the first channel of the file in its place,
#   and exits with 0.
# Why it matters: a script that keeps standard output only files the bytes of one line as those of another.
. "$(dirname "$0")/prepare"
debian sigrok-cli=0.7.2-1+b1 libsigrok4=0.5.2-4 libsigrokdecode4=0.5.3-4 libserialport0 libzip4 libftdi1-2 libhidapi-hidraw0 \
    libieee1284-3 libbluetooth3 libpython3.11 libpython3.11-minimal libpython3.11-stdlib
python3 - <<'P'
bits = [1] * 200
for byte in b"Hi":
    for bit in [0, *(byte >> index & 1 for index in range(8)), 1]:
        bits += [bit] * 10
bits += [1] * 200
with open("two.vcd", "w") as file:
    file.write("$timescale 1 us $end\n$scope module top $end\n$var wire 1 ! LED $end\n$var wire 1 # RXD $end\n")
    file.write("$upscope $end\n$enddefinitions $end\n")
    file.write("".join(f"#{time} {bit}! 1#\n" for time, bit in enumerate(bits)))
P
export SIGROKDECODE_DIR="$work/root/usr/share/libsigrokdecode/decoders" PYTHONHOME="$work/root/usr"
decode() {
    code=0
    sigrok-cli -i two.vcd -P "uart:rx=$1:baudrate=100000" -A uart=rx-data >out 2>log || code=$?
    echo "$code $(sed 's/.*: //' out | tr '\n' ' ')"
}
expect "exit code and bytes of RXD, a quiet line" "$(decode RXD)" "0 "
expect "of LED" "$(decode LED)" "0 48 69 "
expect "of TXD, which is not there" "$(decode TXD)" "0 48 69 "
expect "messages" "$(grep -c 'No channel with name "TXD" found' log)" 1
