#!/usr/bin/env bash
# Guess: GNU objcopy writes the same S-records for the same bytes; the S0 record is empty, or comes from the input.
# Seen: binutils 2.40 writes the name of the output file, with its folder, into S0, at most 40 letters. A header in the input is lost.
# Why it matters: one program under two names has two checksums, and a release file shows a folder of the build machine.
. "$(dirname "$0")/prepare"
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
printf 'S00600004844521B\nS1078000820080076F\nS9038000\n' | sed 's/S9038000/S90380007C/' >in.s19
mkdir -p build
objcopy -I srec -O srec in.s19 a.s19
objcopy -I srec -O srec in.s19 build/blink-1.2.s19
header() { head -n 1 "$1" | tr -d '\r' | python3 -c 'print(bytes.fromhex(input()[8:-2]).decode())'; }
expect "header of in.s19" "$(header in.s19)" HDR
expect "header of a.s19" "$(header a.s19)" a.s19
expect "header of build/blink-1.2.s19" "$(header build/blink-1.2.s19)" build/blink-1.2.s19
name=build/$(printf "%060d" 7).s19
objcopy -I srec -O srec in.s19 "$name"
expect "header of a long name" "$(header "$name")" "${name:0:40}"
expect "other lines that differ" "$(diff <(tail -n +2 a.s19) <(tail -n +2 build/blink-1.2.s19) | wc -l)" 0
