#!/usr/bin/env bash
# Guess: files that a target writes to .pio/build/ENV, such as a copy of a chip's EEPROM, stay there until `pio run -t clean`.
# Seen: PlatformIO 6.2.0 removes the whole folder .pio/build, of all environments, at the next `pio run` after a source file or a header
#   was added or renamed, after a change of any option in platformio.ini, and after an update of PlatformIO. It prints nothing about it.
#   A change inside a source file, or of a comment in platformio.ini, leaves the folder as it is.
# Why it matters: the copy is gone after a new header, or a new monitor_speed, and the next build begins from nothing.
. "$(dirname "$0")/prepare"
platformio_6_2
mkdir -p include
after() {
    mkdir -p .pio/build/other
    touch .pio/build/stm8/eeprom.hex .pio/build/other/eeprom.hex
    pio run -e stm8 >"$work/log" 2>&1
    echo "$(find .pio/build -name eeprom.hex | wc -l) $(grep -ciE 'clean|remov|delet' "$work/log" || true)"
}
pio run >"$work/log" 2>&1
expect "of two files: after no change" "$(after)" "2 0"
echo 'int more;' >>src/main.c
expect "after a change in main.c" "$(after)" "2 0"
echo '; a comment' >>platformio.ini
expect "after a comment in platformio.ini" "$(after)" "2 0"
touch include/pins.h
expect "after a new header; lines that say so" "$(after)" "0 0"
printf '[env:other]\nplatform = demo\nmonitor_speed = 9600\n' >>platformio.ini
expect "after a new environment" "$(after)" "0 0"
sed -i 's/9600/19200/' platformio.ini
expect "after a new monitor_speed of the other environment" "$(after)" "0 0"
