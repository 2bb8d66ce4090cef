#!/usr/bin/env bash
# Guess: a library in lib/ is compiled only if the program includes one of its headers.
# Seen: PlatformIO 6.2.0, with its usual mode `chain`, also finds an #include in a block comment and in `#if 0`, compiles the library and
#   adds its folder. It does not find one behind `//`, or one whose name is a macro: then the library is missing.
# Why it matters: a driver that you take out with /* */ still costs its compile time, and its errors still end the build.
. "$(dirname "$0")/prepare"
platformio_6_2
mkdir -p lib/driver
echo 'int on(void);' >lib/driver/driver.h
echo 'int on(void) { return 1; }' >lib/driver/driver.c
compiled() {
    printf '%bint main(void) { return 0; }\n' "$1" >src/main.c
    rm -rf .pio "$work/compiled.log"
    pio run >"$work/log" 2>&1
    grep -c 'lib/driver/driver\.c$' "$work/compiled.log" || true
}
expect "plain" "$(compiled '#include <driver.h>\n')" 1
expect "in a block comment" "$(compiled '/*\n#include <driver.h>\n*/\n')" 1
expect "in #if 0" "$(compiled '#if 0\n#include <driver.h>\n#endif\n')" 1
expect "behind //" "$(compiled '// #include <driver.h>\n')" 0
expect "as a macro" "$(compiled '#define DRIVER <driver.h>\n#include DRIVER\n')" 0
