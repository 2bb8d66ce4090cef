#!/usr/bin/env bash
# Guess: with `lib_deps = file:///path/to/library`, a change in that library is compiled by the next `pio run`.
# Seen: PlatformIO 6.2.0 copies the folder to .pio/libdeps once. It does not look at the source again, also not after a new version in its
#   library.json. The build says that all is up to date. `symlink:///path/to/library` uses the folder itself.
# Why it matters: you correct a driver that several firmwares share, upload, and the chip still runs the old one.
. "$(dirname "$0")/prepare"
platformio_6_2
mkdir "$work/driver"
printf '{"name": "driver", "version": "1.0.0"}' >"$work/driver/library.json"
echo 'int on(void);' >"$work/driver/driver.h"
echo 'int on(void) { return 1; }' >"$work/driver/driver.c"
printf '#include <driver.h>\nint main(void) { return on(); }\n' >src/main.c
change() {
    pio run >"$work/log" 2>&1
    rm -f "$work/compiled.log"
    echo 'int corrected;' >>"$work/driver/driver.c"
    sed -i "s/\"1\.[0-9]*\.0\"/\"1.$1.0\"/" "$work/driver/library.json"
    pio run >"$work/log" 2>&1
    echo "$(grep -c 'driver\.c' "$work/compiled.log" 2>/dev/null || true) $(grep -c 'is up to date' "$work/log" || true)"
}
printf '[env:stm8]\nplatform = demo\nlib_deps = file://%s/driver\n' "$work" >platformio.ini
expect "file://: compilations of driver.c after a change, times 'up to date'" "$(change 1)" " 1"
expect "lines of driver.c: own, in libdeps" "$(cat "$work/driver/driver.c" | wc -l) $(cat .pio/libdeps/stm8/driver/driver.c | wc -l)" "2 1"
sed -i 's/file:/symlink:/' platformio.ini
expect "symlink://: compilations of driver.c after a change" "$(change 2 | cut -d' ' -f 1)" 1
