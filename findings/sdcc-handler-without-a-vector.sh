#!/usr/bin/env bash
# Guess: `void tick(void) __interrupt(23) { … }` fills vector 23 in whatever file it is.
# Seen: SDCC 4.2.0 for STM8 writes the table when it compiles the file with `main`, from only the prototypes in that file. A handler in
#   another file gets no vector, without a warning. If `main`'s file knows no handler, the table is 4 bytes long. Start-up code follows
#   at the place of the other vectors.
# Why it matters: the first interrupt runs into other code. Put the prototype into a header that `main`'s file includes.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'volatile char n;\nvoid tick(void) __interrupt(23) { n++; }\n' >tick.c
printf 'void main(void) { for (;;); }\n' >blind.c
printf 'void tick(void) __interrupt(23);\nvoid main(void) { for (;;); }\n' >seeing.c
for file in tick blind seeing; do sdcc -mstm8 -c $file.c; done
vectors() {
    sdcc -mstm8 "$1.rel" tick.rel -o "$1.ihx" >log 2>&1
    sed -n 's/^ *\([0-9A-F]*\)  *l_HOME.*/\1/p; s/^HOME  *[0-9A-F]*  *\([0-9A-F]*\) =.*/\1/p' "$1.map" | head -n 1
}
expect "bytes of the area HOME, prototype not seen" $((16#$(vectors blind))) 7
expect "prototype seen: 4 + 4 * 25 bytes of vectors" $((16#$(vectors seeing))) 107
