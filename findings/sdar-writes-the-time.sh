#!/usr/bin/env bash
# Guess: two libraries of the same objects are the same file, as with the `ar` of Debian, which writes 0 for each time.
# Seen: sdar of SDCC 4.2.0, which is GNU ar of binutils 2.30, writes the time of the call into the index. So two calls in different seconds differ.
#   With the letter D, `sdar -rcD`, they are equal. Debian's ar 2.40 makes equal ones without it.
# Why it matters: a cache or a check that compares libraries by their content builds everything again.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
printf 'int part(void) { return 5; }\n' >part.c
sdcc -mstm8 -c part.c
twice() {
    "$@" first.lib part.rel
    sleep 2
    "$@" second.lib part.rel
    cmp -s first.lib second.lib && echo equal || echo different
    rm first.lib second.lib
}
expect "sdar -rc" "$(twice sdar -rc)" "different"
expect "sdar -rcD" "$(twice sdar -rcD)" "equal"
expect "ar rc" "$(twice ar rc)" "equal"
