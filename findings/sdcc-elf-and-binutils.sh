#!/usr/bin/env bash
# Guess: SDCC's own sdobjcopy reads the ELF that sdcc writes. GNU binutils for another machine read it for all formats or for none.
# Seen: sdobjcopy and sdnm 4.2.0 do not read it: they know .rel files only. GNU objcopy 2.40 for x86-64 turns it into Intel HEX and
#   S-records, but refuses binary, and GNU strip refuses it too; with `-I elf32-big` binary works.
# Why it matters: build scripts for other chips call $OBJCOPY on firmware.elf. Whether that works depends on the format.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2

printf 'void main(void) { for (;;); }\n' >main.c
sdcc -mstm8 --out-fmt-elf main.c -o main.elf
code() { "$@" >/dev/null 2>&1 && echo 0 || echo $?; }

expect "sdobjcopy -O ihex, exit code" "$(code sdobjcopy -O ihex main.elf a.hex)" 1
expect "sdnm, exit code" "$(code sdnm main.elf)" 1
expect "GNU nm, exit code" "$(code nm main.elf)" 0
for format in ihex srec; do
    expect "GNU objcopy -O $format, exit code" "$(code objcopy -O $format main.elf a.out)" 0
done
expect "GNU objcopy -O binary, exit code" "$(code objcopy -O binary main.elf a.bin)" 1
expect "GNU objcopy -I elf32-big -O binary, exit code" "$(code objcopy -I elf32-big -O binary main.elf a.bin)" 0
expect "GNU strip, exit code" "$(code strip main.elf)" 1
