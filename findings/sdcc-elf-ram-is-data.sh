#!/usr/bin/env bash
# Guess: variables without a value are NOBITS sections (.bss) in the ELF of sdcc. So no tool writes them into an image.
# Seen: SDCC 4.2.0 makes DATA, INITIALIZED and SSEG PROGBITS, each with zeros in the file and a loadable segment. GNU objcopy 2.40
#   puts the zeros for RAM into the HEX file. GNU size counts RAM as text and says bss is 0.
# Why it matters: the HEX file begins at 0x000001, in RAM. A flasher refuses it, and `size` is useless for an STM8.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2

printf 'volatile unsigned char buffer[20];\nvoid main(void) { for (;;) buffer[3]++; }\n' >main.c
sdcc -mstm8 --out-fmt-elf main.c -o main.elf
objcopy -O ihex main.elf main.hex

expect "section DATA" "$(readelf -SW main.elf | awk '$2 == "DATA" || $3 == "DATA" {for (i = 1; i <= NF; i++) if ($i == "PROGBITS" || $i == "NOBITS") print $i}')" PROGBITS
expect "segment at 0x000001, bytes in the file" "$(readelf -lW main.elf | awk '$3 == "0x00000001" {print $5}')" 0x00014
expect "first line of the HEX file" "$(head -n 1 main.hex | tr -d '\r')" ":1000010000000000000000000000000000000000EF"
expect "GNU size, bss" "$(size main.elf | awk 'NR == 2 {print $3}')" 0
