#!/usr/bin/env bash
# Guess: the linker refuses two areas that share addresses, as GNU ld does.
# Seen: sdldstm8 of SDCC 4.2.0 links CODE over the vectors and the start-up code, prints nothing and exits with 0. The HEX file has
#   two values for each shared address. intelhex 2.3.0 refuses it; hexrec 0.5.1 takes the last value, so the reset vector is lost.
# Why it matters: a boot loader and its application are placed with -Wl-b. One wrong address, or an area that grew, is found on the chip.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages intelhex==2.3.0 hexrec==0.5.1
printf 'volatile unsigned char x;\nvoid f(void) { x += 3; }\nvoid main(void) { for (;;) f(); }\n' >main.c
code=0
sdcc -mstm8 main.c -Wl-bCODE=0x8000 -o main.ihx >log 2>&1 || code=$?
expect "exit code, lines printed" "$code $(wc -l <log)" "0 0"
expect "both areas begin at" "$(sed -n 's/^ *0*\([0-9A-F]*\)  *s_\(HOME\|CODE\) .*/\1/p' main.map | tr '\n' ' ')" "8000 8000 "
expect "intelhex; hexrec's byte at 0x8000" "$("$python" - <<'P'
import hexrec
import intelhex

try:
    intelhex.IntelHex("main.ihx")
except intelhex.HexReaderError as exc:
    print(type(exc).__name__, end=" ")
print(hex(hexrec.load("main.ihx").memory.peek(0x8000)))
P
)" "AddressOverlapError 0xc6"
