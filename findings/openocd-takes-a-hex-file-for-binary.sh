#!/usr/bin/env bash
# Guess: OpenOCD's load_image and verify_image find out the type of a HEX file, or say that they do not know it.
# Seen: OpenOCD 0.12.0 looks at the first line only. If it is empty, the file is a binary image: its own text, at address 0, and no
#   message says so. intelhex 2.3.0, hexrec 0.5.1 and srecord 1.64 read the same file as HEX. With an address as the second word, a
#   HEX file moves: 0x8000 becomes 0x10000.
# Why it matters: the text of the file goes to RAM at address 0, and the flash keeps the old program.
. "$(dirname "$0")/prepare"
debian openocd=0.12.0-1 libcapstone4=4.0.2-5 libftdi1-2=1.5-6+b2 libgpiod2=1.6.3-1+b3 libhidapi-hidraw0=0.13.1-1 \
    libjaylink0=0.3.1-1 libjim0.81=0.81+dfsg0-2 libusb-1.0-0=2:1.0.26-1 srecord=1.64-3 libsrecord0=1.64-3
python_packages intelhex==2.3.0 hexrec==0.5.1
printf ':048000008200800773\n:00000001FF\n' >plain.hex
printf '\n:048000008200800773\n:00000001FF\n' >blank.hex
# test_image reads a file as load_image does, and only prints where its bytes would go. The target type "testee" needs no hardware.
setup='adapter driver dummy; adapter speed 100; jtag newtap x cpu -irlen 4; target create x.cpu testee -chain-position x.cpu'
setup="$setup; gdb_port disabled; tcl_port disabled; telnet_port disabled; init"
ranges() { openocd -c "$setup" -c "test_image $1" -c shutdown 2>&1 | sed -n 's/^address \(.*\) length \(.*\)/\1+\2/p'; }
expect "plain.hex" "$(ranges plain.hex)" "0x00008000+0x00000004"
expect "blank.hex" "$(ranges blank.hex)" "0x00000000+0x00000021"
expect "plain.hex with the address 0x8000" "$(ranges 'plain.hex 0x8000')" "0x00010000+0x00000004"
expect "srecord reads blank.hex" "$(srec_cat blank.hex -intel -o - -hex-dump | sed -n 's/^0000\(8000\).*/\1/p')" 8000
expect "intelhex and hexrec read it" "$("$python" - <<'P'
import hexrec
import intelhex

print(intelhex.IntelHex("blank.hex").segments(), list(hexrec.load("blank.hex").memory.intervals()))
P
)" "[(32768, 32772)] [(32768, 32772)]"
