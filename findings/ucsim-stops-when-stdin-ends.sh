#!/usr/bin/env bash
# Guess: `sstm8 -G program.hex` runs the program until it ends, and standard input does not matter.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0): with standard input at its end (</dev/null, as in most CI) it stops in the middle of the
#   program, with exit code 0 and without a message. With standard input open, or closed (<&-), it runs to the end.
# Why it matters: a test that runs for some seconds is cut off in CI and passes on the desk. The exit code shows nothing.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'void main(void) { for (;;); }\n' >main.c
sdcc -mstm8 main.c -o main.ihx
code() { "$@" >log 2>&1 && echo 0 || echo $?; }  # 124: it still ran when its time was over
expect "an endless program, standard input at its end: exit code" "$(code timeout 60 sstm8 -G -t STM8S103 main.ihx </dev/null)" 0
expect "the last line printed" "$(tail -n 1 log | tr -d '\r')" "$(sed -n '/words read from/p' log | tr -d '\r')"
expect "standard input closed: exit code" "$(code timeout 8 sstm8 -G -t STM8S103 main.ihx <&-)" 124
expect "standard input open: exit code" "$(sleep 9 | code timeout 8 sstm8 -G -t STM8S103 main.ihx)" 124
