#!/usr/bin/env bash
# Guess: `lib_ldf_mode = chain+` reads `#if` as the compiler does. With `-DF_CPU=16000000L`, `#if F_CPU >= 8000000` is true.
# Seen: PlatformIO 6.2.0 takes a value that is not a plain decimal number for text, and finds the condition false. With
#   `-DF_CPU=16000000` it is true. `-DMODE=0x10` is not equal to 16. In the program itself, `#if 0x10 == 16` is true, but
#   `#if NOT_DEFINED == 0`, `#if 3 / 2 == 1` and `#if 'A' == 65` are false.
# Why it matters: boards define F_CPU with the L. The library behind the condition is left out, or the one behind its #else is compiled.
. "$(dirname "$0")/prepare"
platformio_6_2
mkdir -p lib/driver
echo 'int on(void);' >lib/driver/driver.h
echo 'int on(void) { return 1; }' >lib/driver/driver.c
compiled() {
    printf '[env:stm8]\nplatform = demo\nlib_ldf_mode = chain+\nbuild_flags = %s\n' "$1" >platformio.ini
    printf '#if %s\n#include <driver.h>\n#endif\nint main(void) { return 0; }\n' "$2" >src/main.c
    rm -rf .pio "$work/compiled.log"
    pio run >"$work/log" 2>&1
    grep -c 'lib/driver/driver\.c$' "$work/compiled.log" || true
}
expect "16000000" "$(compiled -DF_CPU=16000000 'F_CPU >= 8000000')" 1
expect "16000000L" "$(compiled -DF_CPU=16000000L 'F_CPU >= 8000000')" 0
expect "0x10 as a flag" "$(compiled -DMODE=0x10 'MODE == 16')" 0
expect "0x10 in the program" "$(compiled "" '0x10 == 16')" 1
expect "a name without a value" "$(compiled "" 'NOT_DEFINED == 0')" 0
expect "an integer division" "$(compiled "" '3 / 2 == 1')" 0
expect "a character" "$(compiled "" "'A' == 65")" 0
