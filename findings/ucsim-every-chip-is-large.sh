#!/usr/bin/env bash
# Guess: `sstm8 -t STM8S103` has the chip's 1 KiB of RAM, 8 KiB of flash and a stack that begins at 0x03FF.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) gives each type of STM8 the memory of the largest: 6 KiB of RAM, 128 KiB of flash, and SP at
#   0x17FF. The type chooses peripherals only. The limit that warns of a stack overflow is 0x1500 for each type.
# Why it matters: a program that is too large for the chip, by its code or its variables, runs well in its simulator.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
volatile unsigned char large[3000], last;
void done(void) { for (;;); }
void main(void) { large[2999] = 0x5A; last = large[2999]; done(); }
C
sdcc -mstm8 --code-loc 0xB000 main.c -o main.ihx
sed -i '/^:00000001FF/d' main.ihx
printf ':048000008200B00743\n:00000001FF\n' >>main.ihx  # the reset vector
address() { sed -n "s/^ *0*\([0-9A-F]*\)  *_$1 .*/0x\1/p" main.map | head -n 1; }
for chip in STM8S103 STM8L101 STM8S208; do
    printf 'info registers\ninfo memory\nbreak %s\nrun\ndump rom %s %s\nquit\n' "$(address done)" "$(address last)" "$(address last)" |
        timeout 20 sstm8 -t $chip main.ihx >told 2>&1
    expect "$chip: SP, its limit" "$(sed -nE 's/^SP= (0x[0-9a-f]+).*Limit= (0x[0-9a-f]+).*/\1 \2/p' told | head -n 1)" "0x17ff 0x1500"
    expect "$chip: last address of RAM and flash" "$(sed -nE 's/^ *0x0+-(0x[0-9a-f]+) .* (ram_chip|rom) .*/\1/p' told | tr '\n' ' ')" \
        "0x0017ff 0x027fff "
    expect "$chip: the program at 0xB000 used $(address large) and 2999 bytes more" \
        "$(sed -nE 's/^0x00[0-9a-f]+ +(5a) .*/\1/p' told)" 5a
done
