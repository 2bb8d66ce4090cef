#!/usr/bin/env bash
# Guess: `build_flags = -UDEBUG -DDEBUG` defines DEBUG, since compilers read such options from left to right.
# Seen: PlatformIO 6.2.0 takes out the -D of a name that has a -U, wherever the two stand. Only -UDEBUG reaches the compiler. A -D with a
#   value stays, but PlatformIO puts the -U after it. In each case DEBUG is not defined.
# Why it matters: `build_flags = ${common.build_flags} -DDEBUG` has no effect if the common flags undefine DEBUG, and there is no message.
. "$(dirname "$0")/prepare"
platformio_6_2
flags() {
    printf '[common]\nbuild_flags = -UDEBUG\n[env:stm8]\nplatform = demo\nbuild_flags = %s\n' "$1" >platformio.ini
    rm -rf .pio "$work/compiled.log"
    pio run >"$work/log" 2>&1
    grep -oE -- '-[UD]DEBUG[^ ]*' "$work/compiled.log" | tr '\n' ' '
}
expect "-DDEBUG alone" "$(flags '-DDEBUG')" "-DDEBUG "
expect "-DDEBUG -UDEBUG" "$(flags '-DDEBUG -UDEBUG')" "-UDEBUG "
expect "-UDEBUG -DDEBUG" "$(flags '-UDEBUG -DDEBUG')" "-UDEBUG "
expect "added to the common flags, with a value" "$(flags '${common.build_flags} -DDEBUG=2')" "-DDEBUG=2 -UDEBUG "
