#!/usr/bin/env bash
# Guess: `#pragma codeseg BOOT` puts the functions below it into the area BOOT. A second one, with another name, ends that.
# Seen: SDCC 4.2.0 puts all functions of the file into the last area that is named, also those above it. The same goes for `#pragma constseg`.
#   There is no message. SDCC 4.5.0 does the same.
# Why it matters: with a pragma around one function, either the whole file is in the boot loader's flash, or nothing is.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >functions.c <<'C'
int above(void) { return 1; }
#pragma codeseg BOOT
int loader(void) { return 2; }
C
cat functions.c - >between.c <<'C'
#pragma codeseg MAIN
int below(void) { return 3; }
C
cat >tables.c <<'C'
const int above = 1;
#pragma constseg TABLES
const int below = 2;
C
areas() {
    sdcc -mstm8 -c "$1.c" 2>&1
    awk '/^A / { area = $2 } /^S _[a-z]* Def/ { printf "%s:%s\n", substr($2, 2), area }' "$1.rel" | sort | tr "\n" " "
}
expect "one pragma" "$(areas functions)" "above:BOOT loader:BOOT "
expect "a second one" "$(areas between)" "above:MAIN below:MAIN loader:MAIN "
expect "constseg" "$(areas tables)" "above:TABLES below:TABLES "
