#!/usr/bin/env bash
# Guess: PlatformIO's size check treats RAM like flash: a program that needs more than the board's maximum fails the build.
# Seen: PlatformIO 6.2.0: more flash than `upload.maximum_size` is an error. More RAM than `upload.maximum_ram_size` is a warning, and
#   `pio run` exits with 0.
# Why it matters: a program with 1.5 KiB of variables for a chip with 1 KiB passes CI. SDCC's linker does not check the RAM, either.
. "$(dirname "$0")/prepare"
platformio_6_2
demo="$core/platforms/demo"
mkdir -p "$demo/boards"
cat >>"$demo/builder/main.py" <<P
env.Replace(SIZETOOL="size", SIZECHECKCMD=["cat", "$work/sizes"], SIZEPROGREGEXP=r"^flash\s+(\d+)", SIZEDATAREGEXP=r"^ram\s+(\d+)")
P
printf '{"name": "Demo", "url": "", "vendor": "demo", "build": {}, "upload": {"maximum_size": 8192, "maximum_ram_size": 1024}}\n' \
    >"$demo/boards/demo.json"
printf '[env:stm8]\nplatform = demo\nboard = demo\n' >platformio.ini
run() {
    printf 'flash %s\nram %s\n' "$1" "$2" >"$work/sizes"
    code=0
    pio run >"$work/log" 2>&1 || code=$?
    echo "$code $(grep -ciE '^error: the program size' "$work/log") $(grep -cE '^Warning! The data size' "$work/log")" \
        "$(grep -cE '^(RAM|Flash): ' "$work/log")"
}
expect "exit code, errors, warnings, lines with sizes: 9000 bytes of flash of 8192" "$(run 9000 100)" "1 1 0 2"
expect "1500 bytes of RAM of 1024" "$(run 100 1500)" "0 0 1 2"
