#!/usr/bin/env bash
# Guess: `srec_cat program.hex -intel -length-b-e 0x8020` puts the length of the program, here 20 bytes from 0x8000 to 0x8013, at 0x8020.
# Seen: srecord 1.64 puts 36 there, from the first byte to the end of the length itself. -maximum-b-e gives 0x8024 in the same way. The
#   filters -exclusive-length-b-e and -exclusive-maximum-b-e leave their own bytes out.
# Why it matters: a boot loader that checks as many bytes as the header says reads past the program, and its CRC is wrong.
. "$(dirname "$0")/prepare"
debian srecord=1.64-3 libsrecord0=1.64-3
printf ':0480000001020304%s\n:0480100005060708%s\n:00000001FF\n' 72 52 >program.hex
last() { srec_cat program.hex -intel "$@" -o - -hex-dump | sed -n 's/^00008020: *\([0-9A-F ]*[0-9A-F]\) .*/\1/p'; }
expect "-length-b-e 0x8020" "$(last -length-b-e 0x8020)" "00 00 00 24"
expect "-maximum-b-e 0x8020" "$(last -maximum-b-e 0x8020)" "00 00 80 24"
expect "-exclusive-length-b-e 0x8020" "$(last -exclusive-length-b-e 0x8020)" "00 00 00 14"
expect "-exclusive-maximum-b-e 0x8020" "$(last -exclusive-maximum-b-e 0x8020)" "00 00 80 14"
