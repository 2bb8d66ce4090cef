#!/usr/bin/env bash
# Guess: `sigrok-cli -i capture.vcd -O csv` writes comments, a line with the channels' names, and one row for each sample. sigrok-cli and
#   other readers of CSV can read it.
# Seen: sigrok-cli 0.7.2 with libsigrok 0.5.2: between the comments and the rows stands "META samplerate: 1000000", without a comment mark.
#   The line above the rows names the kind of each channel, "logic,logic", and not its name. sigrok-cli does not read the file: it has an
#   error, prints no sample, and exits with 0.
# Also seen: after the META line is out, and with `-I csv:header=true`, it reads the file. `-O csv:label=channel` writes the names.
# Why it matters: a script that plots SWIM captures, or turns them back, gets a wrong first row, or an empty capture that looks like success.
. "$(dirname "$0")/prepare"
debian sigrok-cli=0.7.2-1+b1 libsigrok4=0.5.2-4 libsigrokdecode4=0.5.3-4 libserialport0 libzip4 libftdi1-2 libhidapi-hidraw0 \
    libieee1284-3 libbluetooth3 libpython3.11 libpython3.11-minimal libpython3.11-stdlib
export SIGROKDECODE_DIR="$work/root/usr/share/libsigrokdecode/decoders" PYTHONHOME="$work/root/usr"
printf '%s\n' '$timescale 1 us $end' '$scope module top $end' '$var wire 1 ! SWIM $end' '$var wire 1 " LED $end' '$upscope $end' \
    '$enddefinitions $end' '#0 1! 0"' '#2 0!' '#3 1!' '#5 1"' >capture.vcd
sigrok-cli -i capture.vcd -O csv -o capture.csv
expect "lines that are not comments" "$(grep -v '^;' capture.csv | tr '\n' ' ')" "META samplerate: 1000000 logic,logic 1,0 1,0 0,0 1,0 1,0 "
read_back() { code=0; sigrok-cli -I "$1" -i "$2" -O bits 2>log >bits || code=$?; echo "$code $(grep -c '^[^:]*:[01]' bits || true)"; }
expect "read back: exit code, channels with samples" "$(read_back csv capture.csv)" "0 0"
expect "with header=true" "$(read_back csv:header=true capture.csv)" "0 0"
sigrok-cli -i capture.vcd -O csv:label=channel | grep -v '^META' >names.csv
expect "without the META line" "$(read_back csv:header=true names.csv) $(sed 's/:.*//' bits | tail -n 2 | tr '\n' ' ')" "0 2 SWIM LED "
