#!/usr/bin/env bash
# Guess: `sstm8 -C commands program.hex` does what `sstm8 program.hex` does with the same commands on standard input, or with -e.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0) executes the file of -C before it loads the program. `run` runs through empty memory and reaches
#   the breakpoint, as 00 is an instruction, too. -e and standard input come after the program. There is no message.
# Why it matters: a test with -C stops where it should stop, and all its values are wrong.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'volatile unsigned char value;\nvoid done(void) { for (;;); }\nvoid main(void) { value = 0x5A; done(); }\n' >main.c
sdcc -mstm8 main.c -o program.ihx
address() { sed -n "s/^ *0*\([0-9A-F]*\)  *_$1 .*/0x\1/p" program.map; }
printf 'break %s\nrun\ndump /h rom %s %s\ndump /h rom 0x8000 0x8000\nquit\n' "$(address done)" "$(address value)" "$(address value)" >commands
seen() {
    tr -d '\r' | sed -n -e 's/^Stop at [^ ]*: \(.*\)/\1/p' -e 's/^0x00001 *\([0-9a-f][0-9a-f]\) .*/\1/p' \
        -e 's/^0x08000 *\([0-9a-f][0-9a-f]\) .*/\1/p' | tr '\n' ' '
}
expect "stop, value and first byte of the flash with standard input" "$(sstm8 -t STM8S208 program.ihx <commands 2>/dev/null | seen)" \
    "(104) Breakpoint 5a 82 "
expect "the same with -C" "$(sstm8 -t STM8S208 -C commands program.ihx </dev/null 2>/dev/null | seen)" "(104) Breakpoint 70 00 "
