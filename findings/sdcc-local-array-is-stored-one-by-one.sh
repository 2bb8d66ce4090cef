#!/usr/bin/env bash
# Guess: `char line[100] = {0};` in a function is a loop or a call of memset. `const char text[] = "..."` in a function is a table in flash.
# Seen: SDCC 4.2.0 makes one store for each element: 209 bytes of code for 100 zeros. A constant text of 28 bytes is stored letter by letter, and
#   takes 117 bytes; with `static` it takes 34. --opt-code-size changes nothing. SDCC 4.5.0 does the same.
# Why it matters: `= {0}` in four functions fills a tenth of an STM8S103's flash. memset is far smaller.
. "$(dirname "$0")/prepare"
sdcc_4_2
size() {
    printf 'void use(const char *);\nvoid part(void) { %s use(a); }\n' "$1" >part.c
    sdcc -mstm8 --opt-code-size -c part.c
    echo $((16#$(sed -n 's/^A CODE size \([0-9A-F]*\) .*/\1/p' part.rel) + 16#$(sed -n 's/^A CONST size \([0-9A-F]*\) .*/\1/p' part.rel)))
}
expect "char a[100];" "$(size 'char a[100];')" "10"
expect "char a[100] = {0};" "$(size 'char a[100] = {0};')" "209"
expect "a text of 28 bytes, const" "$(size 'const char a[] = "hello world, this is a text";')" "117"
expect "the same, static const" "$(size 'static const char a[] = "hello world, this is a text";')" "34"
