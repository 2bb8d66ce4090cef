#!/usr/bin/env bash
# Guess: GNU size shows the RAM of SDCC's ELF file as data or bss, and `nm --size-sort` lists its functions.
# Seen: with SDCC 4.2.0 and binutils 2.40 `size` counts 100 bytes of RAM as text, and data and bss are 0. Each symbol has a
#   size of 0, so `nm --size-sort` prints nothing.
# Why it matters: a size check with these tools never sees that the RAM is full, and finds the flash too full.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
sizes() {
    printf 'volatile unsigned char buffer[%s];\nvoid main(void) { for (;;) buffer[0] = 1; }\n' "$1" >main.c
    sdcc -mstm8 --out-fmt-elf main.c -o main.elf
    size main.elf | awk 'NR == 2 {print $1, $2, $3}'
}
read -r text_1 data_1 bss_1 <<<"$(sizes 1)"
read -r text data bss <<<"$(sizes 101)"
expect "100 bytes of RAM more: text, data, bss" "$((text - text_1)) $((data - data_1)) $((bss - bss_1))" "100 0 0"
expect "functions in nm" "$(nm main.elf | grep -c ' _main$')" 1
expect "lines of nm --size-sort" "$(nm --size-sort main.elf | wc -l)" 0
