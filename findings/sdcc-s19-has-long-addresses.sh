#!/usr/bin/env bash
# Guess: `sdcc --out-fmt-s19` writes S1 records (16-bit address) for flash below 0x10000, as all S-record tools do.
# Seen: SDCC 4.2.0 for STM8 writes S1 records with an address of three bytes. The checksum is right for them. An S1 address has two
#   bytes, so each reader takes the third one for data: srecord 1.64 and bincopy 20.1.1 find the program at 0x0080, without an error.
# Why it matters: the file passes every check, and the flasher writes it to RAM or refuses an address that no user knows.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian srecord=1.64-3 libsrecord0=1.64-3
python_packages bincopy==20.1.1
printf 'void main(void) { for (;;); }\n' >main.c
sdcc -mstm8 main.c -o main.ihx
sdcc -mstm8 --out-fmt-s19 main.c -o main.s19
expect "first record of the HEX file" "$(head -n 1 main.ihx | tr -d '\r')" :048000008200800773
expect "its S-record with data" "$(grep '^S10[7-9]' main.s19 | head -n 1 | tr -d '\r')" S108008000820080076E
expect "srecord's ranges" "$(srec_info main.s19 2>/dev/null | grep -o '[0-9A-F]* - [0-9A-F]*' | tr '\n' ' ')" "0000 - 0000 0080 - 0089 "
expect "bincopy's largest address" "$("$python" - <<'P'
import bincopy

image = bincopy.BinFile()
for record in open("main.s19"):
    image.add_srec(record, overwrite=True)
print(hex(image.maximum_address))
P
)" 0x8a
