#!/usr/bin/env bash
# Guess: `char buffer[500] = {0};` and `int n = 0;` cost no flash, as with GCC: a global variable without a value is 0, too.
# Seen: SDCC 4.2.0 puts 500 and 2 zeros into the flash, from where the start-up code copies them. Without `= {0}` there are none. SDCC 4.5.0 does the
#   same.
# Why it matters: one buffer that is set to 0 for clearness takes a sixteenth of an STM8S103's flash.
. "$(dirname "$0")/prepare"
sdcc_4_2
flash() {
    printf '%s\n' "$1" >part.c
    sdcc -mstm8 -c part.c
    echo $((16#$(sed -n 's/^A INITIALIZER size \([0-9A-F]*\) .*/\1/p' part.rel)))
}
expect "char buffer[500];" "$(flash 'char buffer[500];')" "0"
expect "char buffer[500] = {0};" "$(flash 'char buffer[500] = {0};')" "500"
expect "int n = 0;" "$(flash 'int n = 0;')" "2"
